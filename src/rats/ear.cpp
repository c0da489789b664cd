#include "rats/ear.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/remembered.h"
#include "crypto/hash.h"
#include "rats/jws.h"
#include "rats/media_type.h"
#include "rats/sign1.h"

namespace seatls::rats {
namespace {

constexpr std::array<std::string_view, 5> kProfiles = {
    ear_profile::ietf_03,
    ear_profile::veraison_2023,
    "tag:ietf.org,2026:rats/ear#04",
    "tag:ietf.org,2025-07:ear",
    "tag:github.com,2024:confidential-containers/Trustee",
};

Error inconsistent(std::string what, std::string path) {
  return {Code::evidence_inconsistent, std::move(what), "ear > " + std::move(path)};
}

}  // namespace

std::optional<TokenForm> token_form_of(const EvidenceType& type) {
  const auto base = base_type(type);
  if (base == "application/eat+jwt" || base == "application/eat-jwt") return TokenForm::jwt;
  if (base == "application/eat+cwt" || base == "application/eat-cwt") return TokenForm::cwt;
  return std::nullopt;
}

bool is_ear_profile(std::string_view profile) {
  return std::find(kProfiles.begin(), kProfiles.end(), profile) != kProfiles.end();
}

Tier EarClaims::worst_status() const {
  Tier out = status.value_or(Tier::affirming);
  for (const auto& a : submods) out = worse(out, a.status);
  return submods.empty() ? Tier::none : out;
}

Result<bool> EarClaims::names(const crypto::PublicKey& tik) const {
  std::vector<const Confirmation*> all;
  if (cnf) all.push_back(&*cnf);
  for (const auto& a : submods)
    if (a.cnf) all.push_back(&*a.cnf);
  if (all.empty()) return Error{Code::result_unbound, "neither the token nor a submod holds a cnf", "ear"};
  for (const auto* confirmation : all) {
    SEATLS_TRY(const bool same, confirmation->names(tik));
    if (!same) return false;
  }
  return true;
}

bool is_single_nonce(const std::vector<Bytes>& nonces, TokenForm form, ByteView nonce) {
  if (nonces.size() != 1) return false;
  if (form == TokenForm::cwt) return constant_time_equal(nonces.front(), nonce);
  return constant_time_equal(nonces.front(), view(base::to_base64url(nonce)));
}

std::optional<std::string> UnverifiedEar::kid() const {
  if (const auto* jws = std::get_if<codec::jose::CompactJws>(&token_)) return jws->kid();
  const auto id = std::get<codec::cose::Sign1>(token_).kid();
  return id ? std::optional(base::to_hex(*id)) : std::nullopt;
}

// "constraints: an appraisal's status is never better than its worst claim; the token's status never better
// than the worst submod" (section 3, and 3.2)
Result<void> check_consistent(const EarClaims& claims) {
  if (claims.submods.empty()) return inconsistent("holds no appraisal", "submods");
  Tier worst = Tier::affirming;
  for (const auto& a : claims.submods) {
    // A vector that asserts nothing sets no bound, like one that is not there.
    const bool asserts = a.vector && *a.vector != TrustVector{};
    if (asserts && worse(a.status, a.vector->worst()) != a.status)
      return inconsistent("is " + std::string(name(a.status)) + ", better than its worst claim, which is " +
                              std::string(name(a.vector->worst())),
                          "submods > \"" + a.submod + "\" > ear_status");
    worst = worse(worst, a.status);
  }
  if (claims.status && worse(*claims.status, worst) != *claims.status)
    return inconsistent("is " + std::string(name(*claims.status)) +
                            ", better than the worst submod, which is " + std::string(name(worst)),
                        "ear_status");
  return {};
}

namespace {

// A result is shown in every handshake until it ends, and a signature that verified once verifies for good.
// The name is the hash of all that verification looks at, the key and the algorithms that are allowed among
// it.
Result<void> verify_once(const std::variant<codec::jose::CompactJws, codec::cose::Sign1>& token,
                         const crypto::PublicKey& key, std::span<const crypto::SignatureAlgorithm> allowed) {
  static base::Remembered<Bytes, std::monostate> verified(4096);
  crypto::Hasher hasher(Hash::sha256);
  const auto add = [&hasher](ByteView part) {
    const auto size = static_cast<std::uint64_t>(part.size());
    hasher.update({reinterpret_cast<const std::uint8_t*>(&size), sizeof(size)});
    hasher.update(part);
  };
  const auto* jws = std::get_if<codec::jose::CompactJws>(&token);
  const auto* sign1 = std::get_if<codec::cose::Sign1>(&token);
  add(view(std::string_view(jws != nullptr ? "JWS" : "COSE_Sign1")));
  add(key.spki().der());
  add({reinterpret_cast<const std::uint8_t*>(allowed.data()), allowed.size_bytes()});
  if (jws != nullptr) {
    add(view(jws->signing_input));
    add(jws->signature);
  } else {
    SEATLS_TRY(const auto signed_bytes, sign1->to_be_signed());
    add(signed_bytes);
    add(sign1->signature);
  }
  Bytes name = hasher.current();
  if (verified.find(name)) return {};
  if (jws != nullptr) {
    SEATLS_TRY(const auto ok, verify_jws(*jws, key, allowed));
  } else {
    SEATLS_TRY(const auto ok, verify_sign1(*sign1, key, allowed));
  }
  verified.keep(std::move(name), {});
  return {};
}

}  // namespace

Result<VerifiedEar> VerifiedEar::verify(UnverifiedEar token, std::span<const crypto::PublicKey> keys,
                                        std::span<const crypto::SignatureAlgorithm> allowed) {
  Error last{Code::signature_invalid, "no key was given to verify with", "ear"};
  const crypto::PublicKey* verifier = nullptr;
  for (const auto& key : keys) {
    Result<void> verified = verify_once(token.token_, key, allowed);
    if (verified) {
      verifier = &key;
      break;
    }
    // A wrong signature under a key that fits tells more than a key that does not fit.
    if (last.path == "ear" || verified.error().code == Code::signature_invalid)
      last = std::move(verified).error().in("ear");
  }
  if (verifier == nullptr) return last;
  if (!is_ear_profile(token.claims_.profile))
    return Error{Code::result_profile, "is \"" + token.claims_.profile.substr(0, 80) + "\"",
                 "ear > eat_profile"};
  SEATLS_CHECK(check_consistent(token.claims_));
  return VerifiedEar(std::move(token.claims_), token.form(), *verifier);
}

}  // namespace seatls::rats
