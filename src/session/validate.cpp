#include <algorithm>

#include "seatls/config.h"

namespace seatls {
namespace {

Error configuration(std::string path, std::string detail) {
  return {Code::configuration, std::move(detail), std::move(path)};
}

Result<void> validate_require(const Require& require) {
  const bool off = require.attestation == Requirement::off;

  if (require.identity == IdentityRule::pki && require.attestation == Requirement::required)
    return configuration(
        "require > identity",
        "\"pki\" names the peer by its certificate alone, while attestation is required; write "
        "identity = \"pki+attested\" or \"attested-key\"");
  if (require.identity == IdentityRule::attested_key && off)
    return configuration(
        "require > identity",
        "\"attested-key\" names the peer by its evidence, while attestation is off; write identity = "
        "\"pki\", or attestation = \"required\"");
  if (require.timing != Timing::intra && require.attestation != Requirement::required)
    return configuration("require > timing",
                         "\"" + std::string(name(require.timing)) +
                             "\" holds data back until the peer is attested, while attestation is not "
                             "required; write attestation = \"required\", or timing = \"intra\"");
  if (off) return {};

  if (!require.verifier)
    return configuration(
        "require > verifier",
        "nothing can appraise the peer; set a verifier (a policy), or attestation = \"off\"");
  if (require.verifier->schemes().empty())
    return configuration("require > verifier",
                         "the verifier can appraise no scheme; name at least one in its policy");
  if (require.accept.empty())
    return configuration("require > accept", "no verdict is accepted; write accept = [\"affirming\"]");
  for (Tier tier : require.accept)
    if (tier != Tier::affirming && tier != Tier::warning)
      return configuration("require > accept",
                           "\"" + std::string(name(tier)) +
                               "\" is never accepted; name \"affirming\", or \"warning\" as well");
  return {};
}

// An alert map may point at any error alert. close_notify and user_canceled (RFC 8446, 6.1) end a
// connection without an error: a refusal must not look like one.
Result<void> validate_alert(std::string_view which, std::uint8_t number) {
  if (number != 0 && number != 90) return {};
  return configuration("alerts > " + std::string(which),
                       std::to_string(number) + " is a closure alert; use the number of an error alert");
}

}  // namespace

std::string_view name(Timing timing) {
  switch (timing) {
    case Timing::intra: return "intra";
    case Timing::post: return "post";
    case Timing::hybrid: return "hybrid";
  }
  return "?";
}

Result<void> Config::validate() const {
  if (!require && role == Role::client)
    return configuration(
        "require",
        "a client must say what it demands of servers; write attestation = \"required\", or \"off\" to "
        "demand nothing");
  if (require) SEATLS_CHECK(validate_require(*require));
  if (attester && attester->schemes().empty())
    return configuration("attest",
                         "the attester can produce no scheme; configure one, or leave the attester out");
  if (credential_timeout <= std::chrono::milliseconds::zero())
    return configuration("credential_timeout",
                         std::to_string(credential_timeout.count()) +
                             " ms leaves no time to attest or appraise; the default is 10000");
  SEATLS_CHECK(validate_alert("unsupported_attestation_schemes", alerts.unsupported_attestation_schemes));
  SEATLS_CHECK(validate_alert("attestation_required_of_client", alerts.attestation_required_of_client));
  SEATLS_CHECK(validate_alert("attestation_required_of_server", alerts.attestation_required_of_server));
  SEATLS_CHECK(validate_alert("attestation_failed", alerts.attestation_failed));
  return {};
}

}  // namespace seatls
