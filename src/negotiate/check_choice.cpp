#include <algorithm>

#include "negotiate/negotiate.h"

namespace seatls::negotiate {

Result<void> check_choice(const Config& config, const wire::ClientOffer& offer, Role attester,
                          const std::optional<AttestationScheme>& chosen) {
  if (chosen) {
    //= draft-fossati-seat-early-attestation-06#following-server-hello returned schemes were among the
    //corresponding proposed lists
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
  //= draft-fossati-seat-early-attestation-06#following-server-hello the client's policy demands that the
  //remote attestation take place
  if (attester == Role::server && config.require && config.require->attestation == Requirement::required)
    return Error{Code::attestation_required, "the server chose no scheme to attest itself", ""};
  return {};
}

}  // namespace seatls::negotiate
