// Tokens of CCA and PSA, as the samples' manifest lists them, and policies that fit them.
#pragma once

#include <optional>

#include "appraise/schemes/psa/parse.h"
#include "codec/json.h"
#include "crypto/signature.h"
#include "rats/key_format.h"
#include "support/manifest.h"
#include "support/verdict.h"

namespace seatls::testing {

// key_in reads a public key of either form, PEM or JWK.
inline std::optional<Spki> key_in(const Bytes& file) {
  if (const auto pem = crypto::PublicKey::from_pem(text(file))) return pem->spki();
  const auto parsed = codec::json::parse(text(file));
  if (!parsed) return std::nullopt;
  const auto key = rats::from_jwk(*parsed);
  return key ? std::optional(key->spki()) : std::nullopt;
}

namespace cca {

struct Case {
  std::string name;
  Bytes token;
  std::vector<Spki> keys;
  nlohmann::json expected;  // of the token
  bool valid = false;
};

inline std::vector<Case> cases() {
  std::vector<Case> list;
  for (const auto& group : groups_of("cca/", "token")) {
    Case c;
    c.name = group["id"];
    c.expected = group["expected"]["token"];
    c.valid = group["expected"].value("valid", false);
    for (const auto& row : group["files"]) {
      const Bytes file = sample(row["file"].get<std::string>());
      if (row["role"] == "evidence" && c.token.empty()) c.token = file;
      if (row["role"] == "key")
        if (auto key = key_in(file)) c.keys.push_back(std::move(*key));
    }
    list.push_back(std::move(c));
  }
  return list;
}

inline Policy policy_for(const Case& c) {
  Policy p;
  p.id = "samples";
  p.schemes = {"cca"};
  p.cca.cpak = c.keys;
  p.cca.initial_measurement = expect::Exactly<Bytes>{hex(c.expected["rim"])};
  p.cca.personalization = expect::Exactly<Bytes>{hex(c.expected["rpv"])};
  for (unsigned i = 0; i < 4; ++i)
    p.cca.extensible_measurements[i] = expect::Exactly<Bytes>{hex(c.expected["rem"][i])};
  p.cca.components = expect::Any{};
  p.cca.config = expect::Any{};
  return p;
}

inline Verdict judge(const Bytes& token, const Policy& policy, const Bytes& challenge) {
  return testing::judge("cca", token, {policy, challenge, nullptr, "", Time{}});
}

}  // namespace cca

namespace psa {

struct Case {
  std::string name;
  Bytes token;
  Spki key;
  nlohmann::json expected;
};

inline std::vector<Case> cases() {
  std::vector<Case> list;
  for (const auto& group : groups_of("psa/", "tokens")) {
    const auto folder = group["id"].get<std::string>() + "/";
    for (const auto& [file, expected] : group["expected"]["tokens"].items())
      list.push_back({folder + file, sample(folder + file),
                      *key_in(sample(folder + expected["key"].get<std::string>())), expected});
  }
  return list;
}

inline Result<appraise::psa::ParsedEvidence> parsed(const Bytes& token) {
  return appraise::psa::parse(Cmw(CmwRecord{MediaType{"x/y"}, token, 0}));
}

inline Policy policy_for(const Case& c) {
  const auto token = parsed(c.token);
  std::vector<Bytes> values;
  for (const auto& component : (*token)->components) values.push_back(component.value);
  Policy p;
  p.id = "samples";
  p.schemes = {"psa"};
  p.psa.iak = {c.key};
  p.psa.implementation_id = expect::Exactly<Bytes>{hex(c.expected["implementation_id"])};
  p.psa.components = expect::OneOf<Bytes>{values};
  p.psa.client_id = expect::Exactly<std::int64_t>{(*token)->client_id};
  return p;
}

inline Verdict judge(const Bytes& token, const Policy& policy, const Bytes& nonce) {
  return testing::judge("psa", token, {policy, nonce, nullptr, "", Time{}});
}

}  // namespace psa

}  // namespace seatls::testing
