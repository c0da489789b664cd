// Writing an EAR's claims set: draft-ietf-rats-ear-03, section 3.
#include "base/encoding.h"
#include "rats/ear.h"
#include "rats/ear_names.h"
#include "rats/jws.h"
#include "rats/key_format.h"
#include "rats/sign1.h"
#include "rats/trust_vector.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
namespace json = codec::json;

Error misuse(std::string what) { return {Code::misuse, std::move(what), "ear"}; }

// JsonMap and CborMap take the same claims by the same calls; a writer is written once for both.
class JsonMap {
 public:
  using Nested = JsonMap;
  explicit JsonMap(EarSpelling spelling) : spelling_(spelling) {}
  [[nodiscard]] JsonMap nested() const { return JsonMap(spelling_); }
  [[nodiscard]] EarSpelling spelling() const { return spelling_; }

  void put(const ClaimName& name, std::string_view text) { add(name, json::Value(std::string(text))); }
  void put(const ClaimName& name, std::int64_t number) { add(name, json::Value(number)); }
  void put(const ClaimName& name, const Bytes& b) { put(name, base::to_base64url(b)); }
  void put(const ClaimName& name, Tier tier) { put(name, seatls::name(tier)); }
  void put(const ClaimName& name, const TrustVector& vector) { add(name, trust_vector_to_json(vector)); }
  void put_map(const ClaimName& name, JsonMap map) { add(name, json::Value(std::move(map.members_))); }
  void put_map(std::string_view label, JsonMap map) {
    members_.emplace_back(label, json::Value(std::move(map.members_)));
  }
  void put_texts(const ClaimName& name, const std::vector<std::string>& texts) {
    json::Array out;
    for (const auto& t : texts) out.emplace_back(t);
    add(name, json::Value(std::move(out)));
  }
  void put_nonces(const std::vector<Bytes>& nonces) {  // the characters as they stand
    json::Array out;
    for (const auto& n : nonces) out.emplace_back(text(n));
    if (out.size() == 1)
      add(ear_name::eat_nonce, std::move(out.front()));
    else
      add(ear_name::eat_nonce, json::Value(std::move(out)));
  }
  Result<void> put_cnf(const Confirmation& cnf) {
    SEATLS_TRY(json::Value v, confirmation_to_json(cnf));
    add(ear_name::cnf, std::move(v));
    return {};
  }
  Result<void> put_kek(const crypto::PublicKey& kek) {
    SEATLS_TRY(json::Value v, to_jwk(kek));
    add(ear_name::kek, std::move(v));
    return {};
  }
  [[nodiscard]] Result<std::string> written() && { return json::write(json::Value(std::move(members_))); }

 private:
  void add(const ClaimName& name, json::Value v) {
    const bool older = spelling_ == EarSpelling::veraison_2023 && !name.older.empty();
    members_.emplace_back(older ? name.older : name.name, std::move(v));
  }
  EarSpelling spelling_;
  json::Object members_;
};

class CborMap {
 public:
  [[nodiscard]] CborMap nested() const { return {}; }
  [[nodiscard]] EarSpelling spelling() const { return EarSpelling::ietf_03; }

  void put(const ClaimName& name, std::string_view text) { add(name, cbor::text(text)); }
  void put(const ClaimName& name, std::int64_t number) { add(name, cbor::integer(number)); }
  void put(const ClaimName& name, const Bytes& b) { add(name, cbor::bytes(b)); }
  void put(const ClaimName& name, Tier tier) { put(name, static_cast<std::int64_t>(tier)); }
  void put(const ClaimName& name, const TrustVector& vector) { add(name, trust_vector_to_cbor(vector)); }
  void put_map(const ClaimName& name, CborMap map) { add(name, cbor::map(std::move(map.members_))); }
  void put_map(std::string_view label, CborMap map) {
    members_.emplace_back(cbor::text(label), cbor::map(std::move(map.members_)));
  }
  void put_texts(const ClaimName& name, const std::vector<std::string>& texts) {
    cbor::Array out;
    for (const auto& t : texts) out.push_back(cbor::text(t));
    add(name, cbor::array(std::move(out)));
  }
  void put_nonces(const std::vector<Bytes>& nonces) {
    cbor::Array out;
    for (const auto& n : nonces) out.push_back(cbor::bytes(n));
    if (out.size() == 1)
      add(ear_name::eat_nonce, std::move(out.front()));
    else
      add(ear_name::eat_nonce, cbor::array(std::move(out)));
  }
  Result<void> put_cnf(const Confirmation& cnf) {
    SEATLS_TRY(cbor::Value v, confirmation_to_cbor(cnf));
    add(ear_name::cnf, std::move(v));
    return {};
  }
  Result<void> put_kek(const crypto::PublicKey& kek) {
    SEATLS_TRY(cbor::Value v, to_cose_key(kek));
    add(ear_name::kek, std::move(v));
    return {};
  }
  [[nodiscard]] Result<Bytes> written() && { return cbor::encode(cbor::map(std::move(members_))); }

 private:
  void add(const ClaimName& name, cbor::Value v) {
    members_.emplace_back(cbor::integer(name.number), std::move(v));
  }
  cbor::Map members_;
};

template <class M, class T>
void put_optional(M& map, const ClaimName& name, const std::optional<T>& value) {
  if (value) map.put(name, *value);
}

template <class M>
Result<void> write_appraisal(M& map, const EarAppraisal& a) {
  const bool older = map.spelling() == EarSpelling::veraison_2023;
  put_optional(map, ear_name::eat_profile, a.profile);
  map.put(ear_name::status, a.status);
  put_optional(map, ear_name::vector, a.vector);
  if (older && a.policy_ids.size() > 1)
    return misuse("this spelling names one policy, and there are " + std::to_string(a.policy_ids.size()));
  if (older && !a.policy_ids.empty())
    map.put(ear_name::policy_ids, a.policy_ids.front());
  else if (!a.policy_ids.empty())
    map.put_texts(ear_name::policy_ids, a.policy_ids);
  if (!a.nonces.empty()) map.put_nonces(a.nonces);
  if (a.cnf) SEATLS_CHECK(map.put_cnf(*a.cnf));
  return {};
}

template <class M>
Result<void> write_claims(M& map, const EarClaims& c) {
  SEATLS_CHECK(check_consistent(c));
  const bool older = map.spelling() == EarSpelling::veraison_2023;
  map.put(ear_name::eat_profile, older ? ear_profile::veraison_2023 : ear_profile::ietf_03);
  map.put(ear_name::iat, c.iat);
  put_optional(map, ear_name::iss, c.iss);
  put_optional(map, ear_name::sub, c.sub);
  if (c.aud.size() == 1)
    map.put(ear_name::aud, c.aud.front());
  else if (!c.aud.empty())
    map.put_texts(ear_name::aud, c.aud);
  put_optional(map, ear_name::nbf, c.nbf);
  put_optional(map, ear_name::exp, c.exp);
  if (!older) put_optional(map, ear_name::status, c.status);  // older profiles have none for the token
  auto verifier = map.nested();
  verifier.put(ear_name::developer, c.developer);
  verifier.put(ear_name::build, c.build);
  map.put_map(ear_name::verifier_id, std::move(verifier));
  put_optional(map, ear_name::raw_evidence, c.raw_evidence);
  if (!c.nonces.empty()) map.put_nonces(c.nonces);
  if (c.cnf) SEATLS_CHECK(map.put_cnf(*c.cnf));
  if (c.kek) SEATLS_CHECK(map.put_kek(*c.kek));
  put_optional(map, ear_name::evidence_digest, c.evidence_digest);
  auto submods = map.nested();
  for (const auto& a : c.submods) {
    auto appraisal = submods.nested();
    SEATLS_CHECK(write_appraisal(appraisal, a));
    submods.put_map(a.submod, std::move(appraisal));
  }
  map.put_map(ear_name::submods, std::move(submods));
  return {};
}

}  // namespace

Result<std::string> write_ear_json(const EarClaims& claims, EarSpelling spelling) {
  JsonMap map(spelling);
  SEATLS_CHECK(write_claims(map, claims));
  return std::move(map).written();
}

Result<std::string> sign_ear_jwt(const EarClaims& claims, const crypto::PrivateKey& key,
                                 EarSpelling spelling) {
  SEATLS_TRY(const std::string payload, write_ear_json(claims, spelling));
  return sign_jws(view(payload), key, {{"typ", json::Value("JWT")}});
}

Result<Bytes> sign_ear_cwt(const EarClaims& claims, const crypto::PrivateKey& key) {
  CborMap map;
  SEATLS_CHECK(write_claims(map, claims));
  SEATLS_TRY(const Bytes payload, std::move(map).written());
  return sign_sign1(payload, key);
}

}  // namespace seatls::rats
