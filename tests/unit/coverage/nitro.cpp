// Documents of AWS Nitro.
#include "appraise/schemes/nitro/parse.h"
#include "unit/coverage/table.h"
#include "unit/nitro/samples.h"

namespace seatls::testing::coverage {
namespace {

using nitro::Case;

// A document without a nonce is tied to no connection: all else about it must hold.
bool holds(const Verdict& verdict) {
  return !verdict.has(Code::signature_invalid) && !verdict.has(Code::untrusted_attestation_key) &&
         !verdict.has(Code::result_expired);
}

Policy policy_for(const Case& c) {
  auto policy = nitro::policy_for(c.expected);
  policy.danger.allow_debug = policy.danger.allow_unproven_tik = c.expected["debug"].get<bool>();
  return policy;
}

void cover_verdict(const Case& c, const nlohmann::json& says, Table& table) {
  const auto result = says["result"].get<std::string>();
  const auto at = recorded_time(says);
  const auto verdict =
      nitro::judge(c.document, policy_for(c), hex(c.expected["nonce"]), at.value_or(nitro::time_of(c)));
  const bool theirs = !result.starts_with("ERR") && result.find("SIG-BAD") == std::string::npos;
  table.verdict({c.name, at ? "at " + std::to_string(*at) : "at its own time",
                 who_of(says) + ": " + result.substr(0, result.find(" {")), outcome_of(verdict),
                 theirs == holds(verdict)});
}

void cover_recipes(const Case& c, Table& table) {
  const Bytes nonce = hex(c.expected["nonce"]);
  const auto outcome = [&](const Bytes& document) {
    return first_of(nitro::judge(document, policy_for(c), nonce, nitro::time_of(c)));
  };
  if (c.expected["debug"].get<bool>()) {
    const auto verdict = nitro::judge(c.document, nitro::policy_for(c.expected), nonce, nitro::time_of(c));
    table.recipe(c.name, "debug, not allowed", "debug_enabled",
                 {verdict.has(Code::debug_enabled) ? "debug_enabled" : outcome_of(verdict)});
  }
  Bytes changed = c.document;
  *std::ranges::search(changed, hex(c.expected["pcrs"]["4"])).begin() ^= 1;
  table.recipe(c.name, "bit of the payload", "signature_invalid", {outcome(changed)});
  std::set<std::string> outcomes;
  for (const auto& document : with_bad_signatures(c.document)) outcomes.insert(outcome(document));
  table.recipe(c.name, "bad signature value", "signature_invalid", outcomes);
  table.recipe(c.name, "cut anywhere", "evidence_malformed", prefixes(c.document, [](const Bytes& cut) {
                 return appraise::nitro::parse(Cmw(CmwRecord{MediaType{"x/y"}, cut, 0})).ok();
               }));
  const auto other = nitro::judge(c.document, policy_for(c), Bytes(32, 7), nitro::time_of(c));
  table.recipe(c.name, "another binder", "binder_mismatch",
               {other.has(Code::binder_mismatch) ? "binder_mismatch" : outcome_of(other)});
}

}  // namespace

void cover_nitro(Table& table) {
  for (const auto& c : nitro::cases()) {
    for (const auto& group : manifest()["samples"])
      if (c.name.starts_with(group["id"].get<std::string>() + "/"))
        for (const auto& says : group["verification"])
          if (c.name.ends_with("/" + files_of(says))) cover_verdict(c, says, table);
    if (c.expected["valid"].get<bool>()) cover_recipes(c, table);
  }
}

}  // namespace seatls::testing::coverage
