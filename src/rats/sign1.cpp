#include "rats/sign1.h"

#include <algorithm>
#include <utility>

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
namespace cose = codec::cose;
using crypto::SignatureAlgorithm;

constexpr std::pair<SignatureAlgorithm, std::int64_t> kAlgorithms[] = {
    {SignatureAlgorithm::ecdsa_p256_sha256, cose::alg::es256},
    {SignatureAlgorithm::ecdsa_p384_sha384, cose::alg::es384},
    {SignatureAlgorithm::ecdsa_p521_sha512, cose::alg::es512},
    {SignatureAlgorithm::ed25519, cose::alg::eddsa},
    {SignatureAlgorithm::rsa_pss_sha256, cose::alg::ps256},
    {SignatureAlgorithm::rsa_pss_sha384, cose::alg::ps384},
    {SignatureAlgorithm::rsa_pss_sha512, cose::alg::ps512},
};

}  // namespace

std::optional<std::int64_t> cose_algorithm(SignatureAlgorithm algorithm) {
  for (const auto& [known, id] : kAlgorithms)
    if (known == algorithm) return id;
  return std::nullopt;
}

std::optional<SignatureAlgorithm> algorithm_of_cose(std::int64_t id) {
  for (const auto& [algorithm, known] : kAlgorithms)
    if (known == id) return algorithm;
  return std::nullopt;
}

Result<VerifiedSign1> verify_sign1(cose::Sign1 message, const crypto::PublicKey& key,
                                   std::span<const SignatureAlgorithm> allowed) {
  const auto algorithm = algorithm_of_cose(message.algorithm);
  if (!algorithm || std::find(allowed.begin(), allowed.end(), *algorithm) == allowed.end())
    return Error{Code::algorithm_not_allowed,
                 "the message says COSE algorithm " + std::to_string(message.algorithm), "COSE_Sign1 > alg"};
  SEATLS_TRY(const Bytes signed_bytes, message.to_be_signed());
  if (auto ok = key.verify(*algorithm, signed_bytes, message.signature, crypto::EcdsaForm::fixed); !ok)
    return std::move(ok).error().in("COSE_Sign1 > signature");
  return VerifiedSign1(std::move(message));
}

Result<Bytes> sign_sign1(ByteView payload, const crypto::PrivateKey& key, cbor::Map headers) {
  const auto algorithm = key.default_algorithm();
  const auto id = cose_algorithm(algorithm);
  if (!id)
    return Error{Code::algorithm_not_allowed,
                 std::string(crypto::name(algorithm)) + " is no COSE algorithm of seatls", ""};
  headers.emplace_back(cbor::integer(cose::label::alg), cbor::integer(*id));
  cose::Sign1 s;
  SEATLS_TRY(s.protected_bytes, cbor::encode(cbor::map(std::move(headers))));
  s.unprotected_headers = cbor::map({});
  s.payload = bytes(payload);
  SEATLS_TRY(const Bytes signed_bytes, s.to_be_signed());
  SEATLS_TRY(s.signature, key.sign(algorithm, signed_bytes, crypto::EcdsaForm::fixed));
  return cose::encode_sign1(s);
}

}  // namespace seatls::rats
