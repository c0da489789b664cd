#include <algorithm>

#include "negotiate/negotiate.h"

namespace seatls::negotiate {

Result<void> check_choice(const Config& config, const wire::ClientOffer& offer, Role attester,
                          const std::optional<AttestationScheme>& chosen) {
  if (chosen) {
    //= early-attestation#choice-was-offered
    const auto& proposed =
        attester == Role::server ? offer.server_attester_schemes : offer.client_attester_schemes;
    if (std::ranges::find(proposed, *chosen) == proposed.end())
      return Error{Code::scheme_not_offered,
                   describe(*chosen) + " is not in " +
                       (attester == Role::server ? "server_attester_schemes" : "client_attester_schemes"),
                   ""};
    return {};
  }
  // "At least one scheme was returned" is not asked of a server: the draft also lets one that does
  // not know the extension return nothing. Whatever the reason, a requirement fails closed.
  //= early-attestation#wanted-attestation-not-chosen
  if (attester == Role::server && config.require && config.require->needed_in_handshake())
    return Error{Code::attestation_required, "the server chose no scheme to attest itself", ""};
  return {};
}

}  // namespace seatls::negotiate
