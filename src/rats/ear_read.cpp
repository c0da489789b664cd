// Reading an EAR's claims set, JSON and CBOR alike: draft-ietf-rats-ear-03, section 3.
#include <type_traits>

#include "base/encoding.h"
#include "rats/ear.h"
#include "rats/ear_names.h"
#include "rats/key_format.h"
#include "rats/media_type.h"
#include "rats/trust_vector.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
namespace json = codec::json;

constexpr std::size_t kMostSubmods = 64, kMostNonces = 16;

Error malformed(std::string what, std::string_view claim) {
  return {Code::malformed, std::move(what), std::string(claim)};
}

// optional_claim reads a claim that may be absent; its name leads the path of what goes wrong.
template <class Read, class T = typename std::invoke_result_t<Read, const ClaimView&>::value_type>
Result<std::optional<T>> optional_claim(const ClaimView& map, const ClaimName& claim, Read read) {
  SEATLS_TRY(const std::optional<ClaimView> view, map.find(claim));
  std::optional<T> out;
  if (view) {
    auto value = read(*view);
    if (!value) return std::move(value).error().in(claim.name);
    out = std::move(value).value();
  }
  return out;
}
template <class Read, class T = typename std::invoke_result_t<Read, const ClaimView&>::value_type>
Result<T> required_claim(const ClaimView& map, const ClaimName& claim, Read read) {
  SEATLS_TRY(auto value, optional_claim(map, claim, read));
  if (!value) return malformed("is missing", claim.name);
  return *std::move(value);
}

Result<std::string> text_of(const ClaimView& v) { return v.as_text(); }
Result<std::int64_t> int_of(const ClaimView& v) { return v.as_int(); }

// eat_nonce: bstr .size (8..64) or text of 8 to 88 characters, or an array of two or more
Result<Bytes> nonce_of(const ClaimView& v) {
  const std::size_t most = v.is_json() ? 88 : 64;
  Bytes out;
  if (v.is_json()) {
    SEATLS_TRY(const std::string characters, v.as_text());
    out = bytes(characters);
  } else {
    SEATLS_TRY(out, v.as_bytes());
  }
  if (out.size() < 8 || out.size() > most)
    return Error{Code::length_out_of_range,
                 "is " + std::to_string(out.size()) + " long; it holds 8 to " + std::to_string(most), ""};
  return out;
}
Result<std::vector<Bytes>> nonces_of(const ClaimView& v) {
  std::vector<Bytes> out;
  const auto items = v.items();
  if (items && (items->size() < 2 || items->size() > kMostNonces))
    return malformed("an array of " + std::to_string(items->size()) + " nonces", "");
  for (const auto& item : items.value_or(std::vector{v})) {
    SEATLS_TRY(Bytes nonce, nonce_of(item));
    out.push_back(std::move(nonce));
  }
  return out;
}

Result<Confirmation> confirmation_of(const ClaimView& v) {
  return v.is_json() ? read_confirmation(*v.json()) : read_confirmation(*v.cbor());
}

Result<crypto::PublicKey> key_of(const ClaimView& v) {
  return v.is_json() ? from_jwk(*v.json()) : from_cose_key(*v.cbor());
}

// One text, or several: `aud` (RFC 7519, 4.1.3), and the policy ids that were one text before -03.
Result<std::vector<std::string>> texts_of(const ClaimView& v) {
  std::vector<std::string> out;
  for (const auto& item : v.items().value_or(std::vector{v})) {
    SEATLS_TRY(std::string text, item.as_text());
    out.push_back(std::move(text));
  }
  if (out.empty()) return malformed("is an empty array", "");
  return out;
}

// ear_raw_evidence: bytes; a CMW record of them since -04. The record's type is not kept.
Result<Bytes> raw_evidence_of(const ClaimView& v) {
  const auto record = v.items();
  if (!record) return v.as_bytes();
  if (record->size() < 2 || record->size() > 3) return malformed("is no CMW record", "");
  return (*record)[1].as_bytes();
}

Result<Bytes> digest_of(const ClaimView& v) {
  SEATLS_TRY(Bytes digest, v.as_bytes());
  if (digest.size() == 32) return digest;
  return malformed("holds " + std::to_string(digest.size()) + " bytes; a SHA-256 has 32", "");
}

Result<std::optional<Bytes>> akpub_of(const ClaimView& v) {
  if (!v.is_map()) return malformed("is no map", "");
  // In CBOR, too, the member has a name and base64url text.
  const cbor::Value* in_cbor = v.is_json() ? nullptr : v.cbor()->find("akpub");
  const json::Value* in_json = v.is_json() ? v.json()->find("akpub") : nullptr;
  std::optional<Bytes> out;
  if (in_cbor == nullptr && in_json == nullptr) return out;
  SEATLS_TRY(const std::string_view text, in_json != nullptr ? in_json->as_text() : in_cbor->as_text());
  SEATLS_TRY(out, base::from_base64url(text));
  return out;
}

Result<EarAppraisal> appraisal_of(const std::string& submod, const ClaimView& v) {
  if (!v.is_map()) return malformed("is no map", "");
  EarAppraisal out;
  out.submod = submod;
  SEATLS_TRY(out.status, required_claim(v, ear_name::status, read_tier));
  SEATLS_TRY(out.vector, optional_claim(v, ear_name::vector, read_trust_vector));
  SEATLS_TRY(auto policies, optional_claim(v, ear_name::policy_ids, texts_of));
  SEATLS_TRY(out.profile, optional_claim(v, ear_name::eat_profile, text_of));
  SEATLS_TRY(auto nonces, optional_claim(v, ear_name::eat_nonce, nonces_of));
  SEATLS_TRY(out.cnf, optional_claim(v, ear_name::cnf, confirmation_of));
  SEATLS_TRY(auto akpub, optional_claim(v, ear_name::veraison_key, akpub_of));
  if (policies) out.policy_ids = *std::move(policies);
  if (nonces) out.nonces = *std::move(nonces);
  if (akpub) out.veraison_akpub = *std::move(akpub);
  return out;
}

Result<std::vector<EarAppraisal>> appraisals_of(const ClaimView& v) {
  SEATLS_TRY(const auto members, v.members());
  if (members.empty() || members.size() > kMostSubmods)
    return malformed("holds " + std::to_string(members.size()) + " submods; 1 to " +
                         std::to_string(kMostSubmods) + " are read",
                     "");
  std::vector<EarAppraisal> out;
  for (const auto& [label, content] : members) {
    auto appraisal = appraisal_of(label, content);
    if (!appraisal) return std::move(appraisal).error().in("\"" + label.substr(0, 40) + "\"");
    out.push_back(std::move(appraisal).value());
  }
  return out;
}

struct VerifierId {
  std::string developer, build;
};
Result<VerifierId> verifier_id_of(const ClaimView& v) {
  if (!v.is_map()) return malformed("is no map", "");
  VerifierId out;
  SEATLS_TRY(out.developer, required_claim(v, ear_name::developer, text_of));
  SEATLS_TRY(out.build, required_claim(v, ear_name::build, text_of));
  return out;
}

Result<EarClaims> read_claims(const ClaimView& v) {
  if (!v.is_map()) return malformed("the claims set is no map", "");
  EarClaims out;
  SEATLS_TRY(out.profile, required_claim(v, ear_name::eat_profile, text_of));
  SEATLS_TRY(out.iat, required_claim(v, ear_name::iat, int_of));
  SEATLS_TRY(VerifierId verifier, required_claim(v, ear_name::verifier_id, verifier_id_of));
  SEATLS_TRY(out.submods, required_claim(v, ear_name::submods, appraisals_of));
  SEATLS_TRY(out.iss, optional_claim(v, ear_name::iss, text_of));
  SEATLS_TRY(out.sub, optional_claim(v, ear_name::sub, text_of));
  SEATLS_TRY(auto aud, optional_claim(v, ear_name::aud, texts_of));
  SEATLS_TRY(out.exp, optional_claim(v, ear_name::exp, int_of));
  SEATLS_TRY(out.nbf, optional_claim(v, ear_name::nbf, int_of));
  SEATLS_TRY(out.status, optional_claim(v, ear_name::status, read_tier));
  SEATLS_TRY(out.raw_evidence, optional_claim(v, ear_name::raw_evidence, raw_evidence_of));
  SEATLS_TRY(auto nonces, optional_claim(v, ear_name::eat_nonce, nonces_of));
  SEATLS_TRY(out.cnf, optional_claim(v, ear_name::cnf, confirmation_of));
  SEATLS_TRY(out.kek, optional_claim(v, ear_name::kek, key_of));
  SEATLS_TRY(out.evidence_digest, optional_claim(v, ear_name::evidence_digest, digest_of));
  out.developer = std::move(verifier.developer);
  out.build = std::move(verifier.build);
  if (aud) out.aud = *std::move(aud);
  if (nonces) out.nonces = *std::move(nonces);
  return out;
}

}  // namespace

Result<EarClaims> parse_ear_claims(ByteView claims_set, TokenForm form) {
  // The parsed tree lives as long as the views into it.
  std::optional<json::Value> in_json;
  std::optional<cbor::Value> in_cbor;
  if (form == TokenForm::jwt) {
    auto parsed = json::parse(text(claims_set));
    if (!parsed) return std::move(parsed).error().in("ear");
    in_json = std::move(parsed).value();
  } else {
    auto parsed = cbor::parse(claims_set);
    if (!parsed) return std::move(parsed).error().in("ear");
    in_cbor = std::move(parsed).value();
  }
  auto out = read_claims(in_json ? ClaimView(*in_json) : ClaimView(*in_cbor));
  if (!out) return std::move(out).error().in("ear");
  return out;
}

Result<UnverifiedEar> parse_ear(ByteView token, TokenForm form) {
  if (form == TokenForm::jwt) {
    SEATLS_TRY(auto jws, codec::jose::parse_compact_jws(text(token)));
    SEATLS_TRY(EarClaims claims, parse_ear_claims(jws.payload, form));
    return UnverifiedEar(std::move(claims), std::move(jws));
  }
  SEATLS_TRY(auto sign1, codec::cose::parse_sign1(token));
  SEATLS_TRY(EarClaims claims, parse_ear_claims(sign1.payload, form));
  return UnverifiedEar(std::move(claims), std::move(sign1));
}

Result<UnverifiedEar> parse_ear(const CmwRecord& record) {
  const auto form = token_form_of(record.type);
  if (!form)
    return Error{Code::credential_type_mismatch, "is no token (application/eat+jwt, application/eat+cwt)",
                 "cmw > type"};
  SEATLS_TRY(UnverifiedEar ear, parse_ear(record.value, *form));
  const auto profile = profile_of(record.type);
  if (profile && !same_profile(*profile, ear.unverified_claims().profile))
    return Error{Code::credential_type_mismatch,
                 "names the profile \"" + profile->substr(0, 80) + "\"; the token follows \"" +
                     ear.unverified_claims().profile.substr(0, 80) + "\"",
                 "cmw > type"};
  return ear;
}

}  // namespace seatls::rats
