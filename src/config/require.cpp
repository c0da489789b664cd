// [require], [verifier], [danger]: what this endpoint demands of its peer.
#include <algorithm>
#include <array>

#include "appraise/registry.h"
#include "base/encoding.h"
#include "config/draft.h"
#include "config/text.h"
#include "crypto/signature.h"
#include "crypto/x509.h"
#include "seatls/policy.h"
#include "seatls/verifiers.h"

namespace seatls::config {
namespace {

void read_rule(Draft& d, Require& require) {
  const auto attestation = d.file.text("require.attestation");
  if (attestation == "optional") require.attestation = Requirement::optional;
  if (attestation == "off") require.attestation = Requirement::off;

  const auto timing = d.file.text("require.timing");
  if (timing == "post") require.timing = Timing::post;
  if (timing == "hybrid") require.timing = Timing::hybrid;
  if (require.timing != Timing::intra && require.attestation != Requirement::required)
    d.wrong("require.timing",
            "\"" + timing + "\" holds data back until the peer is attested, and attestation is \"" +
                attestation + "\"",
            "write attestation = \"required\", or timing = \"intra\"");

  const auto identity = d.file.text("require.identity");
  if (identity == "attested-key") require.identity = IdentityRule::attested_key;
  if (identity == "pki" || (identity.empty() && require.attestation == Requirement::off))
    require.identity = IdentityRule::pki;
  if (identity == "pki" && require.attestation == Requirement::required)
    d.wrong("require.identity",
            "\"pki\" names the peer by its certificate alone, while attestation is required",
            "write identity = \"pki+attested\" or \"attested-key\"");
  if (identity == "attested-key" && require.attestation == Requirement::off)
    d.wrong("require.identity", "\"attested-key\" names the peer by its evidence, while attestation is off",
            "write identity = \"pki\", or attestation = \"required\"");
  if (identity == "pki+attested" && require.attestation == Requirement::off)
    d.wrong("require.identity", "\"pki+attested\" asks for evidence, while attestation is off",
            "write identity = \"pki\", or attestation = \"required\"");

  if (d.file.has("require.accept")) {
    require.accept.clear();
    for (const auto& word : d.file.texts("require.accept")) {
      const auto tier = tier_from_name(word);
      if (tier == Tier::affirming || tier == Tier::warning)
        require.accept.push_back(*tier);
      else
        d.wrong("require.accept",
                tier ? "\"" + word + "\" is never accepted" : "there is no verdict \"" + word + "\"",
                "name \"affirming\", or \"warning\" as well");
    }
    if (d.file.texts("require.accept").empty())
      d.wrong("require.accept", "no verdict is accepted", "write accept = [\"affirming\"]");
  }

  if (d.file.has("require.name")) {
    d.out.name = d.file.text("require.name");
    if (require.identity == IdentityRule::attested_key)
      d.wrong("require.name",
              "a name is part of a certificate chain, which \"attested-key\" does not look at",
              "leave name out, or write identity = \"pki+attested\"");
    if (d.out.name.empty())
      d.wrong("require.name", "the name is empty", "leave it out for the name connected to");
  }
}

// Where evidence is all that vouches for a key, it has to prove it; a developer's key proves nothing.
void check_provable(Draft& d, const Require& require, const Policy& policy) {
  if (require.identity == IdentityRule::attested_key &&
      policy.schemes == std::vector<std::string>{"software"})
    d.wrong(
        "require.identity",
        "\"attested-key\" rests on evidence that proves its key, and the policy accepts software evidence "
        "alone, which proves none: every peer would be refused",
        "write identity = \"pki+attested\", or accept a scheme that proves keys, as tpm2");
}

// A server that names its clients by PKI must say by whose.
void check_anchors(Draft& d, const Require& require) {
  const bool server = d.out.config.role == Role::server;
  const bool wants_pki =
      require.identity == IdentityRule::pki_and_attested ||
      (require.identity == IdentityRule::pki && require.attestation == Requirement::optional);
  if (server && wants_pki && require.attestation != Requirement::off && !d.file.mentioned("endpoint.ca"))
    d.wrong("endpoint.ca", "clients must have a certificate, and no CA is trusted to issue it",
            "write ca = \"clients-ca.pem\" below [endpoint], or identity = \"attested-key\" below [require]");
}

void read_pins(Draft& d, Policy& policy) {
  for (const auto& pin : d.file.texts("require.pin")) {
    const auto colon = pin.find(':');
    const auto kind = pin.substr(0, colon);
    const auto value = colon == std::string::npos ? std::string() : pin.substr(pin.rfind(':') + 1);
    constexpr std::array<std::string_view, 6> kinds = {"ak",   "ueid",  "chip_id",
                                                       "ppid", "fmspc", "platform_instance_id"};
    const bool known = std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    if (!known || value.empty() || !base::from_hex(value))
      d.wrong("require.pin", "\"" + pin + "\" is no pin",
              "write \"ak:sha256:HEX\" (as `seatls key show` tells it), \"ueid:HEX\", \"chip_id:HEX\" or "
              "\"ppid:HEX\"");
    else
      policy.machine.push_back(pin);
  }
}

// read_verifier adds whose results are accepted.
void read_verifier(Draft& d, Policy& policy) {
  if (!d.file.has_table("verifier")) return;
  if (auto trusted = read_trusted_verifier(d)) policy.result.verifiers.push_back(std::move(*trusted));
  read_result_rules(d, policy.result);
}

void narrow_schemes(Draft& d, Policy& policy) {
  constexpr std::string_view result = "result";
  std::string appraised;
  for (const auto& scheme : appraise::registry())
    appraised += (appraised.empty() ? "" : ", ") + std::string(scheme.name);
  const auto model = d.file.text("require.model");
  if (!model.empty()) {
    const bool passport = model == "passport";
    if (passport && std::find(policy.schemes.begin(), policy.schemes.end(), result) == policy.schemes.end() &&
        d.file.has_table("verifier"))
      policy.schemes.emplace_back(result);
    std::erase_if(policy.schemes, [&](const std::string& s) { return (s == result) != passport; });
    if (policy.schemes.empty())
      d.wrong("require.model", "the policy accepts nothing of the model \"" + model + "\"",
              passport ? "add [verifier] with name and key, or schemes = [\"result\"] to the policy"
                       : "add a scheme to the policy: schemes = [\"tpm2\"]");
  }
  if (!d.file.has("require.schemes")) return;
  const auto wanted = d.file.texts("require.schemes");
  if (wanted.empty())
    d.wrong("require.schemes", "no scheme is left",
            "name at least one, or leave the key out for all of the policy's");
  for (const auto& s : wanted) {
    if (std::find(policy.schemes.begin(), policy.schemes.end(), s) != policy.schemes.end()) continue;
    if (appraise::find_scheme(s) != nullptr)
      d.wrong("require.schemes", "the policy does not accept \"" + s + "\"",
              "add it to the policy's schemes with what it demands, or leave it out here");
    else
      d.wrong("require.schemes",
              SchemeTable::defaults().find(s) ? "this version does not appraise \"" + s + "\""
                                              : "there is no scheme \"" + s + "\"",
              "this version appraises " + appraised);
  }
  policy.schemes = wanted;
}

void read_dangers(Draft& d, std::vector<Policy>& policies) {
  struct Row {
    std::string_view key;
    bool DangerousAllowances::*flag;
  };
  constexpr std::array rows = {
      Row{"danger.allow_unproven_tik", &DangerousAllowances::allow_unproven_tik},
      Row{"danger.allow_unbound_result", &DangerousAllowances::allow_unbound_result}};
  for (const auto& row : rows) {
    if (!d.file.flag(row.key)) continue;
    for (auto& policy : policies) policy.danger.*row.flag = true;
    d.out.config.dangers.emplace_back(row.key.substr(row.key.find('.') + 1));
  }
}

std::vector<Policy> read_policies(Draft& d) {
  if (d.file.has("require.policy")) {
    std::vector<Policy> policies;
    for (const auto& file : d.file.texts("require.policy")) {
      auto report = check_policy_file(d.resolve(file));
      for (auto& m : report.mistakes) d.mistakes.take_over({m.file, m.line, m.key, m.what, m.remedy, m.code});
      if (report.policy) policies.push_back(std::move(*report.policy));
    }
    if (d.file.texts("require.policy").empty())
      d.wrong("require.policy", "no policy is named", "write policy = \"policy.toml\"");
    return policies;
  }
  if (d.file.mentioned("require.policy")) return {};
  if (d.file.text("require.model") == "passport" && d.file.has_table("verifier")) {
    Policy policy;
    policy.id = "passport of " + d.file.text("verifier.name");
    return {std::move(policy)};
  }
  d.wrong("require.policy", "nothing says what evidence must hold to be accepted",
          "write policy = \"policy.toml\"; `seatls policy learn` makes one from good evidence");
  return {};
}

// refuse_keys_of_remote notes what has a meaning only where a verifier is asked.
void refuse_keys_of_remote(Draft& d) {
  for (const char* key :
       {"verifier.ca", "verifier.timeout", "verifier.budget", "verifier.retries", "verifier.outstanding",
        "danger.allow_unnamed_evidence", "danger.verifier_over_http"})
    // Under these dangers a passport of this endpoint's own may be fetched.
    if (d.file.has(key) && !(std::string_view(key).starts_with("danger.") && d.file.has("attest.url")))
      d.wrong(key, "no verifier is asked: evidence is judged here",
              "write url below [verifier], or leave it out");
  if (d.file.has("danger.software_evidence"))
    d.wrong("danger.software_evidence", "evidence is judged here, by a policy",
            "write it below [danger] of the policy");
}

// read_verification makes the verifier that holds peers against every policy.
void read_verification(Draft& d, Require& require) {
  refuse_keys_of_remote(d);
  auto policies = read_policies(d);
  for (auto& policy : policies) {
    read_pins(d, policy);
    read_verifier(d, policy);
    narrow_schemes(d, policy);
    check_provable(d, require, policy);
    if (const auto key = d.file.text("require.key"); !key.empty())
      policy.key = key == "proven" ? KeyProvenance::proven : KeyProvenance::measured;
  }
  read_dangers(d, policies);
  const auto collateral = read_collateral(d);
  if (!collateral && std::ranges::any_of(policies, leaves_collateral_open))
    d.wrong("require.policy", "collateral is \"fetched\", and nothing says from where",
            "write [collateral]; cache = \"collateral\" keeps what was fetched");
  if (!d.mistakes.empty() || policies.empty()) return;
  const auto files = d.file.texts("require.policy");
  for (std::size_t i = 0; i < policies.size(); ++i)
    for (const auto& m : validate(policies[i])) {
      const auto name = i < files.size() ? files[i] : std::string("[verifier]");
      d.mistakes.take_over({m.file.empty() ? name : m.file, m.line, m.key, m.what, m.remedy, m.code});
    }
  if (!d.mistakes.empty()) return;
  auto verifier = collateral ? make_collateral_verifier(std::move(policies), {}, *collateral)
                             : make_local_verifier(std::move(policies));
  if (verifier)
    require.verifier = std::move(*verifier);
  else
    d.wrong_file("require.policy", verifier.error(), "mend the policy");
}

}  // namespace

void read_require(Draft& d) {
  if (!d.file.has_table("require")) {
    if (d.out.config.role == Role::client && d.file.text("endpoint.role") == "client")
      d.mistakes.add(0, "require", "a client must say what it demands of servers, and there is no [require]",
                     "write [require] with policy = \"policy.toml\"; attestation = \"off\" demands nothing");
    // A service fetches collateral for evidence that is submitted; a passport may be fetched under a danger,
    // and some are not about peers.
    const auto has_effect = [&](std::string_view table) {
      return (table == "collateral" && d.file.has_table("service")) ||
             (table == "danger" && (d.file.has("attest.url") || d.file.has("danger.plain_beyond_host") ||
                                    d.file.has("danger.no_sandbox")));
    };
    for (const std::string_view table : {"verifier", "collateral", "danger"})
      if (d.file.has_table(table) && !has_effect(table))
        d.wrong(table, "nothing is demanded of peers, so this section has no effect",
                "add [require], or leave it out");
    return;
  }
  Require require;
  read_rule(d, require);
  check_anchors(d, require);
  if (require.attestation != Requirement::off) {
    if (d.file.mentioned("verifier.url"))
      require.verifier = read_remote_verifier(d);
    else
      read_verification(d, require);
  }
  d.out.config.require = std::move(require);
}

}  // namespace seatls::config
