#include <algorithm>

#include "negotiate/negotiate.h"

namespace seatls::negotiate {
namespace {

//= early-attestation#offer-in-preference-order
// The lists are in the client's order of preference, and the client knows what the evidence is for:
// the first of its schemes that this server has as well.
std::optional<AttestationScheme> first_common(const std::vector<AttestationScheme>& offered,
                                              const std::vector<AttestationScheme>& supported) {
  for (const AttestationScheme& scheme : offered)
    if (std::ranges::find(supported, scheme) != supported.end()) return scheme;
  return std::nullopt;
}

std::string list(const std::vector<AttestationScheme>& schemes) {
  std::string out;
  for (const AttestationScheme& scheme : schemes) out += (out.empty() ? "" : ", ") + describe(scheme);
  return out.empty() ? "nothing" : out;
}

//= early-attestation#required-fails-closed
Error required_of_client(std::string detail, std::string path) {
  return {Code::attestation_required, std::move(detail), std::move(path)};
}

}  // namespace

Result<Choice> choose(const Config& config, const wire::ClientOffer* offer) {
  const bool demands = config.require && config.require->asks_in_handshake();
  const bool required = config.require && config.require->needed_in_handshake();
  const bool later = config.require && config.require->timing == Timing::post;
  const std::string path = "client ClientHello > remoteAttestation";

  if (offer == nullptr) {
    if (required) return required_of_client("the client offers no attestation", "client ClientHello");
    return Choice{};
  }
  //= early-attestation#empty-offer-refused
  if (offer->empty()) return Error{Code::empty_offer, "both lists are empty", path};

  //= early-attestation#server-may-omit
  // Neither attester nor demand: for the client this server looks like one that does not know the
  // extension, and the client's own requirement decides.
  if (!config.attester && !demands) return Choice{};

  if (required && offer->client_attester_schemes.empty())
    return required_of_client("the client offers no scheme by which it can attest itself",
                              path + " > client_attester_schemes");

  //= early-attestation#server-scheme-from-offer
  //= early-attestation#client-scheme-from-offer
  const auto own = config.attester ? config.attester->schemes() : std::vector<AttestationScheme>{};
  const auto appraised = demands && config.require->verifier ? config.require->verifier->schemes()
                                                             : std::vector<AttestationScheme>{};
  Choice choice{first_common(offer->server_attester_schemes, own),
                first_common(offer->client_attester_schemes, appraised)};

  // What the client could show of itself is not asked for now, and it asks for nothing of this server.
  if (later && offer->server_attester_schemes.empty()) return Choice{};

  //= early-attestation#no-common-scheme
  if (!choice.any())
    return Error{Code::unsupported_attestation_schemes,
                 "the client accepts " + list(offer->server_attester_schemes) +
                     " and this server attests by " + list(own) + "; the client attests by " +
                     list(offer->client_attester_schemes) + " and this server appraises " + list(appraised),
                 path};
  if (required && !choice.client_scheme)
    return required_of_client("the client attests by " + list(offer->client_attester_schemes) +
                                  "; this server appraises " + list(appraised),
                              path + " > client_attester_schemes");
  return choice;
}

}  // namespace seatls::negotiate
