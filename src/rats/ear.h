// EAR, the EAT Attestation Result: draft-ietf-rats-ear-03, and the spellings that deployed verifiers still
// use. docs/protocol/formats.md lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "codec/cose.h"
#include "codec/jose.h"
#include "crypto/signature.h"
#include "rats/confirmation.h"
#include "seatls/bytes.h"
#include "seatls/cmw.h"
#include "seatls/error.h"
#include "seatls/result.h"
#include "seatls/scheme.h"

namespace seatls::rats {

enum class TokenForm : std::uint8_t { jwt, cwt };
// token_form_of tells which token a CMW's type means ("application/eat+jwt" or the older "eat-jwt");
// nothing for other types.
[[nodiscard]] std::optional<TokenForm> token_form_of(const EvidenceType& type);

namespace ear_profile {
inline constexpr std::string_view ietf_03 = "tag:ietf.org,2026:rats/ear#03";
inline constexpr std::string_view veraison_2023 = "tag:github.com,2023:veraison/ear";
}  // namespace ear_profile
// is_ear_profile tells whether a profile is one whose claims are read here.
[[nodiscard]] bool is_ear_profile(std::string_view profile);

// EarAppraisal is the verdict on one submodule of the attester.
struct EarAppraisal {
  std::string submod;
  Tier status = Tier::none;
  std::optional<TrustVector> vector;    // absent: whoever asked did not want it
  std::vector<std::string> policy_ids;  // in the order of application
  std::optional<std::string> profile;
  std::vector<Bytes> nonces;        // eat_nonce of the Evidence; of a JWT its characters
  std::optional<Confirmation> cnf;  // the key that was attested (Decision 5)
  // "akpub" of ear_veraison_key_attestation, unread: DER SubjectPublicKeyInfo where the verifier keeps to it.
  std::optional<Bytes> veraison_akpub;
};

struct EarClaims {
  std::string profile;
  std::optional<std::string> iss, sub;
  std::vector<std::string> aud;
  std::int64_t iat = 0;  // seconds since the epoch; floats are refused
  std::optional<std::int64_t> exp, nbf;
  std::optional<Tier> status;    // of the whole token; absent before -03
  std::string developer, build;  // ear_verifier_id
  std::optional<Bytes> raw_evidence;
  std::vector<Bytes> nonces;             // eat_nonce: the relying party's own; of a JWT its characters
  std::optional<Confirmation> cnf;       // where a verifier puts it beside the submods
  std::optional<crypto::PublicKey> kek;  // of the interactive passport
  // Ours: SHA-256 of the evidence as it was submitted, so that a result is never taken for that of other
  // evidence.
  std::optional<Bytes> evidence_digest;
  std::vector<EarAppraisal> submods;  // at least one

  // worst_status is the worst of the token's own status and of those of its submods.
  [[nodiscard]] Tier worst_status() const;
  // names tells whether the token is about `tik`: there is a cnf, and every one that is there means it.
  // Errors: result_unbound when there is none.
  [[nodiscard]] Result<bool> names(const crypto::PublicKey& tik) const;
};

// check_consistent refuses (evidence_inconsistent) a status that is better than what it sums up.
[[nodiscard]] Result<void> check_consistent(const EarClaims& claims);

// is_single_nonce tells whether `nonces`, of a token of this form, are exactly this one nonce.
[[nodiscard]] bool is_single_nonce(const std::vector<Bytes>& nonces, TokenForm form, ByteView nonce);

// UnverifiedEar was parsed, no more: whoever made it, it says what it likes.
class UnverifiedEar {
 public:
  [[nodiscard]] const EarClaims& unverified_claims() const { return claims_; }
  [[nodiscard]] TokenForm form() const { return token_.index() == 0 ? TokenForm::jwt : TokenForm::cwt; }
  [[nodiscard]] std::optional<std::string> kid() const;  // a hint, for people

 private:
  friend Result<UnverifiedEar> parse_ear(ByteView, TokenForm);
  friend class VerifiedEar;
  using Token = std::variant<codec::jose::CompactJws, codec::cose::Sign1>;
  UnverifiedEar(EarClaims claims, Token token) : claims_(std::move(claims)), token_(std::move(token)) {}
  EarClaims claims_;
  Token token_;
};

// parse_ear reads a signed EAR. Unknown claims are ignored. Errors: decode, unknown_critical.
[[nodiscard]] Result<UnverifiedEar> parse_ear(ByteView token, TokenForm form);
// The same for a token in a CMW: the type tells the form; a profile that it names must be the token's own
// (credential_type_mismatch).
[[nodiscard]] Result<UnverifiedEar> parse_ear(const CmwRecord& record);
// parse_ear_claims reads a claims set that nothing protects: for inspect.
[[nodiscard]] Result<EarClaims> parse_ear_claims(ByteView claims_set, TokenForm form);

// ES256, ES384, EdDSA (Ed25519)
inline constexpr crypto::SignatureAlgorithm ear_algorithms[] = {crypto::SignatureAlgorithm::ecdsa_p256_sha256,
                                                                crypto::SignatureAlgorithm::ecdsa_p384_sha384,
                                                                crypto::SignatureAlgorithm::ed25519};

// VerifiedEar exists only where one of a verifier's keys verified the signature, the profile is known, and no
// status is better than what it sums up. Whether it is current, meant for us, and good enough is appraisal.
class VerifiedEar {
 public:
  // verify tries every key that fits the token's algorithm, which must be among `allowed`; a kid picks
  // nothing. Errors: algorithm_not_allowed, signature_invalid, result_profile, evidence_inconsistent.
  [[nodiscard]] static Result<VerifiedEar> verify(
      UnverifiedEar token, std::span<const crypto::PublicKey> keys,
      std::span<const crypto::SignatureAlgorithm> allowed = ear_algorithms);

  [[nodiscard]] const EarClaims& claims() const { return claims_; }
  [[nodiscard]] TokenForm form() const { return form_; }
  [[nodiscard]] const crypto::PublicKey& key() const { return key_; }  // that verified it

 private:
  VerifiedEar(EarClaims claims, TokenForm form, crypto::PublicKey key)
      : claims_(std::move(claims)), form_(form), key_(std::move(key)) {}
  EarClaims claims_;
  TokenForm form_;
  crypto::PublicKey key_;
};

// EarSpelling picks the names that a JWT is written with; numbers in a CWT are the same for both.
enum class EarSpelling : std::uint8_t { ietf_03, veraison_2023 };

// The writers write `claims` as they are, under the spelling's profile. Errors: as check_consistent, and
// misuse for what a spelling cannot hold.
[[nodiscard]] Result<std::string> write_ear_json(const EarClaims& claims,
                                                 EarSpelling spelling = EarSpelling::ietf_03);
[[nodiscard]] Result<std::string> sign_ear_jwt(const EarClaims& claims, const crypto::PrivateKey& key,
                                               EarSpelling spelling = EarSpelling::ietf_03);
[[nodiscard]] Result<Bytes> sign_ear_cwt(const EarClaims& claims, const crypto::PrivateKey& key);

}  // namespace seatls::rats
