#include "rats/jws.h"

#include <algorithm>
#include <utility>

#include "crypto/ecdsa_form.h"

namespace seatls::rats {
namespace {

namespace jose = codec::jose;
namespace json = codec::json;
using crypto::SignatureAlgorithm;

constexpr std::pair<SignatureAlgorithm, std::string_view> kAlgorithms[] = {
    {SignatureAlgorithm::ecdsa_p256_sha256, "ES256"}, {SignatureAlgorithm::ecdsa_p384_sha384, "ES384"},
    {SignatureAlgorithm::ecdsa_p521_sha512, "ES512"}, {SignatureAlgorithm::ed25519, "EdDSA"},
    {SignatureAlgorithm::rsa_pss_sha256, "PS256"},    {SignatureAlgorithm::rsa_pss_sha384, "PS384"},
    {SignatureAlgorithm::rsa_pss_sha512, "PS512"},    {SignatureAlgorithm::rsa_pkcs1_sha256, "RS256"},
    {SignatureAlgorithm::rsa_pkcs1_sha384, "RS384"},  {SignatureAlgorithm::rsa_pkcs1_sha512, "RS512"},
};

}  // namespace

std::string_view jose_algorithm(SignatureAlgorithm algorithm) {
  for (const auto& [known, name] : kAlgorithms)
    if (known == algorithm) return name;
  return "?";
}

std::optional<SignatureAlgorithm> algorithm_of_jose(std::string_view name) {
  for (const auto& [algorithm, known] : kAlgorithms)
    if (known == name) return algorithm;
  return std::nullopt;
}

Result<VerifiedJws> verify_jws(jose::CompactJws message, const crypto::PublicKey& key,
                               std::span<const SignatureAlgorithm> allowed) {
  const auto algorithm = algorithm_of_jose(message.algorithm);
  if (!algorithm || std::find(allowed.begin(), allowed.end(), *algorithm) == allowed.end())
    return Error{Code::algorithm_not_allowed, "the message says \"" + message.algorithm.substr(0, 24) + "\"",
                 "JWS > alg"};
  if (auto ok =
          key.verify(*algorithm, view(message.signing_input), message.signature, crypto::EcdsaForm::fixed);
      !ok)
    return std::move(ok).error().in("JWS > signature");
  return VerifiedJws(std::move(message));
}

JwsKey::JwsKey(crypto::PrivateKey key)
    : public_key_(key.public_key()),
      algorithm_(key.default_algorithm()),
      sign_([key = std::move(key)](ByteView message) {
        return key.sign(key.default_algorithm(), message, crypto::EcdsaForm::fixed);
      }) {}

Result<JwsKey> JwsKey::held_elsewhere(crypto::PublicKey key, crypto::ExternalSigner sign) {
  const bool p256 = key.type() == crypto::KeyType::p256;
  if (!p256 && key.type() != crypto::KeyType::p384)
    return Error{
        Code::configuration,
        std::string(crypto::name(key.type())) + " keys are not signed with from here; use P-256 or P-384",
        "signing key"};
  const auto algorithm = p256 ? SignatureAlgorithm::ecdsa_p256_sha256 : SignatureAlgorithm::ecdsa_p384_sha384;
  return JwsKey(std::move(key), algorithm,
                [algorithm, sign = std::move(sign)](ByteView message) -> Result<Bytes> {
                  SEATLS_TRY(const Bytes der, sign(message));
                  return crypto::ecdsa_to_fixed(algorithm, der);
                });
}

Result<Bytes> JwsKey::sign(ByteView message) const { return sign_(message); }

Result<std::string> sign_jws(ByteView payload, const JwsKey& key, json::Object header) {
  header.emplace_back("alg", json::Value(std::string(jose_algorithm(key.algorithm()))));
  SEATLS_TRY(const std::string input, jose::make_signing_input(json::Value(std::move(header)), payload));
  SEATLS_TRY(const Bytes signature, key.sign(view(input)));
  return jose::join_compact_jws(input, signature);
}

}  // namespace seatls::rats
