#include "rats/jws.h"

#include <algorithm>
#include <utility>

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

Result<std::string> sign_jws(ByteView payload, const crypto::PrivateKey& key, json::Object header) {
  const auto algorithm = key.default_algorithm();
  header.emplace_back("alg", json::Value(std::string(jose_algorithm(algorithm))));
  SEATLS_TRY(const std::string input, jose::make_signing_input(json::Value(std::move(header)), payload));
  SEATLS_TRY(const Bytes signature, key.sign(algorithm, view(input), crypto::EcdsaForm::fixed));
  return jose::join_compact_jws(input, signature);
}

}  // namespace seatls::rats
