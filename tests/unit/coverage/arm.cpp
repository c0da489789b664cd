// Tokens of CCA and PSA, and claims sets that their authors say are right or wrong.
#include "appraise/schemes/cca/parse.h"
#include "codec/cbor.h"
#include "rats/sign1.h"
#include "support/diagnostic.h"
#include "unit/arm/samples.h"
#include "unit/coverage/table.h"

namespace seatls::testing::coverage {
namespace {

namespace cbor = codec::cbor;
using Parts = std::pair<Bytes, Bytes>;  // platform token, realm token

bool is_cca(const Bytes& token) {
  return appraise::cca::parse(Cmw(CmwRecord{MediaType{"x/y"}, token, 0})).ok();
}

// cca-token = #6.399({ 44234 => platform token, 44241 => realm token })
Bytes cca_token(const Parts& parts) {
  return cbor::encode(cbor::tag(399, cbor::map({{cbor::integer(44234), cbor::bytes(parts.first)},
                                                {cbor::integer(44241), cbor::bytes(parts.second)}})))
      .value();
}
Parts parts_of(const Bytes& token) {
  const auto outer = cbor::parse(token).value();
  const auto part = [&](std::int64_t key) {
    return bytes(outer.tag()->content.find(key)->as_bytes().value());
  };
  return {part(44234), part(44241)};
}

Bytes flipped(Bytes token, const Bytes& what) {
  *std::ranges::search(token, what).begin() ^= 0x10;
  return token;
}

void cover_cca_key(const cca::Case& c, const nlohmann::json& says, Table& table) {
  const auto result = says["result"].get<std::string>();
  // "key FILE[ of GROUP]: platform sig …, realm sig …; RAK binder True"
  auto file = result.substr(4, result.find(": ") - 4);
  auto group = c.name;
  if (const auto of = file.find(" of "); of != std::string::npos) {
    group = file.substr(of + 4);
    file = file.substr(0, of);
  }
  auto policy = cca::policy_for(c);
  policy.cca.cpak = {key_in(sample(group + "/" + file)).value()};
  const auto verdict = cca::judge(c.token, policy, hex(c.expected["realm_challenge"]));
  const bool signature = result.find("SIG-BAD") == std::string::npos;
  const bool tied = result.find("binder True") != std::string::npos;
  table.verdict(
      {c.name, "key " + file, result.substr(result.find(": ") + 2), outcome_of(verdict),
       signature == !(verdict.has(Code::signature_invalid) || verdict.has(Code::algorithm_not_allowed)) &&
           tied == !verdict.has(Code::evidence_inconsistent) &&
           verdict.assessment.has_value() == (signature && tied)});
}

void cover_cca_recipes(const cca::Case& c, Table& table) {
  const Bytes challenge = hex(c.expected["realm_challenge"]);
  const auto outcome = [&](const Bytes& token) {
    return first_of(cca::judge(token, cca::policy_for(c), challenge));
  };
  table.recipe(c.name, "bit of a payload", "signature_invalid",
               {outcome(flipped(c.token, hex(c.expected["implementation_id"]))),
                outcome(flipped(c.token, hex(c.expected["rpv"])))});
  const auto [platform, realm] = parts_of(c.token);
  std::set<std::string> outcomes;
  for (const auto& changed : with_bad_signatures(platform))
    outcomes.insert(outcome(cca_token({changed, realm})));
  for (const auto& changed : with_bad_signatures(realm))
    outcomes.insert(outcome(cca_token({platform, changed})));
  table.recipe(c.name, "bad signature value", "signature_invalid", outcomes);
  table.recipe(c.name, "cut anywhere", "evidence_malformed", prefixes(c.token, is_cca));
  Bytes other = challenge;
  other[63] ^= 1;
  table.recipe(c.name, "another binder", "binder_mismatch",
               {first_of(cca::judge(c.token, cca::policy_for(c), other))});
}

void cover_psa_token(const psa::Case& c, const nlohmann::json& says, Table& table) {
  const Bytes nonce = hex(c.expected["nonce"]);
  const auto policy = psa::policy_for(c);
  const auto outcome = [&](const Bytes& token) { return first_of(psa::judge(token, policy, nonce)); };
  const auto result = says["result"].get<std::string>();
  const auto verdict = psa::judge(c.token, policy, nonce);
  table.verdict({c.name, "key " + c.expected["key"].get<std::string>(), result, outcome_of(verdict),
                 verdict.assessment.has_value() == (result.find("OK") != std::string::npos)});
  table.recipe(c.name, "bit of the payload", "signature_invalid",
               {outcome(flipped(c.token, hex(c.expected["implementation_id"])))});
  std::set<std::string> outcomes;
  for (const auto& token : with_bad_signatures(c.token)) outcomes.insert(outcome(token));
  table.recipe(c.name, "bad signature value", "signature_invalid", outcomes);
  table.recipe(c.name, "cut anywhere", "evidence_malformed",
               prefixes(c.token, [](const Bytes& cut) { return psa::parsed(cut).ok(); }));
  Bytes other = nonce;
  other[0] ^= 1;
  table.recipe(c.name, "another binder", "binder_mismatch", {first_of(psa::judge(c.token, policy, other))});
}

// A claims set is right or wrong by itself: it is signed here, to be read as it would come.
void cover_claims(const nlohmann::json& group, const Parts& sound, Table& table) {
  static const auto key = crypto::PrivateKey::generate(crypto::KeyType::p384).value();
  const auto id = group["id"].get<std::string>();
  unsigned in_json = 0;
  for (const auto& row : group["files"]) {
    const auto file = row["file"].get<std::string>();
    const auto name = file.substr(id.size() + 1);
    if (name.ends_with(".json")) {
      ++in_json;
      continue;
    }
    if (row["role"] == "expected") continue;
    const Bytes token =
        rats::sign_sign1(name.ends_with(".diag") ? from_diagnostic(sample_text(file)) : sample(file), key)
            .value();
    const bool ok = id.starts_with("psa/")         ? psa::parsed(token).ok()
                    : name.starts_with("platform") ? is_cca(cca_token({token, sound.second}))
                                                   : is_cca(cca_token({sound.first, token}));
    const bool right = row["role"] == "evidence";
    table.verdict(
        {file, "claims", right ? "right" : "wrong", ok ? "read" : "evidence_malformed", ok == right});
  }
  if (in_json != 0)
    table.not_covered(id + "/*.json",
                      std::to_string(in_json) + " claims sets in JSON, which is no form of evidence");
}

}  // namespace

void cover_arm(Table& table) {
  Parts sound;
  for (const auto& c : cca::cases()) {
    for (const auto& group : manifest()["samples"])
      if (group["id"] == c.name)
        for (const auto& says : group["verification"]) cover_cca_key(c, says, table);
    if (!c.valid) continue;
    sound = parts_of(c.token);
    cover_cca_recipes(c, table);
  }
  for (const auto& c : psa::cases())
    for (const auto& group : manifest()["samples"])
      for (const auto& says : group["verification"])
        if (c.name == group["id"].get<std::string>() + "/" + files_of(says)) cover_psa_token(c, says, table);
  for (const char* file : {"psa/tf-m/psa-2_0_0_mac0.bin", "psa/tf-m/psa-iot-1_mac0.bin"}) {
    const auto token = psa::parsed(sample(file));
    table.verdict({file, "COSE_Mac0", "its key is not published",
                   token ? "read" : std::string(name(token.error().code)), !token});
  }
  for (const auto& group : manifest()["samples"])
    for (const char* id :
         {"cca/claims-cbor", "cca/claims-json-diag", "psa/draft-cddl-diag", "psa/claims-json-diag"})
      if (group["id"] == id) cover_claims(group, sound, table);
}

}  // namespace seatls::testing::coverage
