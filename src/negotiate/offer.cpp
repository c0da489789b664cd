#include <algorithm>

#include "negotiate/negotiate.h"

namespace seatls::negotiate {
namespace {

// A repeated scheme would say nothing, and costs bytes of every ClientHello.
//= early-attestation#offer-in-preference-order
std::vector<AttestationScheme> unique(const std::vector<AttestationScheme>& schemes) {
  std::vector<AttestationScheme> out;
  for (const AttestationScheme& scheme : schemes)
    if (std::ranges::find(out, scheme) == out.end()) out.push_back(scheme);
  return out;
}

}  // namespace

Result<std::optional<wire::ClientOffer>> offer(const Config& config, bool can_authenticate) {
  if (!config.require)
    return Error{Code::configuration, "a client must say what it demands of servers", "require"};
  const Require& require = *config.require;
  wire::ClientOffer out;
  // A client of timing `post` keeps out of the handshake, for both directions.
  if (require.timing == Timing::post) return std::optional<wire::ClientOffer>{};

  //= early-attestation#offer-only-appraisable
  if (require.asks_in_handshake() && require.verifier)
    out.server_attester_schemes = unique(require.verifier->schemes());
  if (require.needed_in_handshake() && out.server_attester_schemes.empty())
    return Error{Code::misuse, "attestation is required and the verifier can appraise no scheme",
                 "client ClientHello > remoteAttestation > server_attester_schemes"};

  //= early-attestation#offer-needs-certificate
  //= early-attestation#offer-only-producible
  if (config.attester && can_authenticate) out.client_attester_schemes = unique(config.attester->schemes());

  //= early-attestation#offer-not-empty
  if (out.empty()) return std::optional<wire::ClientOffer>{};
  return std::optional{std::move(out)};
}

}  // namespace seatls::negotiate
