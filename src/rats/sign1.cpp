#include "rats/sign1.h"

#include <algorithm>
#include <optional>

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
namespace cose = codec::cose;
using crypto::SignatureAlgorithm;

std::optional<SignatureAlgorithm> algorithm_of(std::int64_t id) {
  switch (id) {
    case cose::alg::es256: return SignatureAlgorithm::ecdsa_p256_sha256;
    case cose::alg::es384: return SignatureAlgorithm::ecdsa_p384_sha384;
    case cose::alg::es512: return SignatureAlgorithm::ecdsa_p521_sha512;
    case cose::alg::eddsa: return SignatureAlgorithm::ed25519;
    case cose::alg::ps256: return SignatureAlgorithm::rsa_pss_sha256;
    case cose::alg::ps384: return SignatureAlgorithm::rsa_pss_sha384;
    case cose::alg::ps512: return SignatureAlgorithm::rsa_pss_sha512;
    default: return std::nullopt;
  }
}

}  // namespace

Result<VerifiedSign1> verify_sign1(cose::Sign1 message, const crypto::PublicKey& key,
                                   std::span<const std::int64_t> allowed) {
  const auto algorithm = algorithm_of(message.algorithm);
  if (!algorithm || std::find(allowed.begin(), allowed.end(), message.algorithm) == allowed.end())
    return Error{Code::algorithm_not_allowed, "COSE algorithm " + std::to_string(message.algorithm),
                 "COSE_Sign1 > alg"};
  SEATLS_TRY(const Bytes signed_bytes, message.to_be_signed());
  if (auto ok = key.verify(*algorithm, signed_bytes, message.signature, crypto::EcdsaForm::fixed); !ok)
    return std::move(ok).error().in("COSE_Sign1 > signature");
  return VerifiedSign1(std::move(message));
}

Result<std::int64_t> cose_algorithm(crypto::KeyType type) {
  switch (type) {
    case crypto::KeyType::p256: return cose::alg::es256;
    case crypto::KeyType::p384: return cose::alg::es384;
    case crypto::KeyType::p521: return cose::alg::es512;
    case crypto::KeyType::ed25519: return cose::alg::eddsa;
    case crypto::KeyType::rsa: return cose::alg::ps256;
  }
  return Error{Code::algorithm_not_allowed, "a key of unknown type", ""};
}

Result<Bytes> sign_sign1(ByteView payload, const crypto::PrivateKey& key, cbor::Map headers) {
  SEATLS_TRY(const std::int64_t id, cose_algorithm(key.public_key().type()));
  headers.emplace_back(cbor::integer(1), cbor::integer(id));
  cose::Sign1 s;
  SEATLS_TRY(s.protected_bytes, cbor::encode(cbor::map(std::move(headers))));
  s.unprotected_headers = cbor::map({});
  s.payload = bytes(payload);
  SEATLS_TRY(const Bytes signed_bytes, s.to_be_signed());
  SEATLS_TRY(s.signature, key.sign(*algorithm_of(id), signed_bytes, crypto::EcdsaForm::fixed));
  return cose::encode_sign1(s);
}

}  // namespace seatls::rats
