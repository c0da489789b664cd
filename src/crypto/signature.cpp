#include "crypto/signature.h"

#include "crypto/ecdsa_form.h"

#include <openssl/rsa.h>

#include <array>

#include "crypto/key_impl.h"

namespace seatls::crypto {
namespace {

struct Row {
  std::string_view name;
  KeyType key;
  const char* digest;  // null: the algorithm hashes by itself
  int rsa_padding;     // 0: not RSA
};
constexpr std::array<Row, 10> kRows = {{
    {"ecdsa_p256_sha256", KeyType::p256, "SHA256", 0},
    {"ecdsa_p384_sha384", KeyType::p384, "SHA384", 0},
    {"ecdsa_p521_sha512", KeyType::p521, "SHA512", 0},
    {"ed25519", KeyType::ed25519, nullptr, 0},
    {"rsa_pss_sha256", KeyType::rsa, "SHA256", RSA_PKCS1_PSS_PADDING},
    {"rsa_pss_sha384", KeyType::rsa, "SHA384", RSA_PKCS1_PSS_PADDING},
    {"rsa_pss_sha512", KeyType::rsa, "SHA512", RSA_PKCS1_PSS_PADDING},
    {"rsa_pkcs1_sha256", KeyType::rsa, "SHA256", RSA_PKCS1_PADDING},
    {"rsa_pkcs1_sha384", KeyType::rsa, "SHA384", RSA_PKCS1_PADDING},
    {"rsa_pkcs1_sha512", KeyType::rsa, "SHA512", RSA_PKCS1_PADDING},
}};
const Row& row(SignatureAlgorithm algorithm) { return kRows[static_cast<std::size_t>(algorithm)]; }

// coordinate_width is that of x, y, r and s; 0 for keys that are not on a NIST curve.
std::size_t coordinate_width(KeyType type) {
  switch (type) {
    case KeyType::p256: return 32;
    case KeyType::p384: return 48;
    case KeyType::p521: return 66;
    default: return 0;
  }
}

Error signature_error(SignatureAlgorithm algorithm, std::string_view what) {
  return {Code::signature_invalid, std::string(name(algorithm)) + ": " + std::string(what), ""};
}

Result<Bytes> fixed_to_der(SignatureAlgorithm algorithm, ByteView fixed) {
  const std::size_t width = coordinate_width(key_type(algorithm));
  if (fixed.size() != 2 * width)
    return signature_error(algorithm, "the signature has " + std::to_string(fixed.size()) + " bytes, not " +
                                          std::to_string(2 * width));
  const EcdsaSigPtr pair(ECDSA_SIG_new());
  BnPtr r(BN_bin2bn(fixed.data(), static_cast<int>(width), nullptr));
  BnPtr s(BN_bin2bn(fixed.data() + width, static_cast<int>(width), nullptr));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1)
    return library_error("ECDSA signature");
  (void)r.release();
  (void)s.release();
  return to_der(i2d_ECDSA_SIG, pair.get());
}

Result<void> demand_key_type(SignatureAlgorithm algorithm, KeyType type, EVP_PKEY* key) {
  // A key that is marked for RSASSA-PSS (RFC 4055, 1.2) is for nothing else.
  const bool pss_only = EVP_PKEY_is_a(key, "RSA-PSS") == 1;
  if (key_type(algorithm) == type && !(pss_only && row(algorithm).rsa_padding == RSA_PKCS1_PADDING))
    return {};
  return Error{Code::algorithm_not_allowed,
               std::string(name(algorithm)) + " does not go with a key of type " + std::string(name(type)) +
                   (pss_only ? " that is restricted to PSS" : ""),
               ""};
}

bool set_rsa_padding(EVP_PKEY_CTX* context, const Row& r, int salt_length) {
  if (r.rsa_padding == 0) return true;
  if (EVP_PKEY_CTX_set_rsa_padding(context, r.rsa_padding) != 1) return false;
  return r.rsa_padding != RSA_PKCS1_PSS_PADDING ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_length) == 1;
}

}  // namespace

Result<Bytes> ecdsa_to_fixed(SignatureAlgorithm algorithm, ByteView der) {
  const auto width = static_cast<int>(coordinate_width(key_type(algorithm)));
  const unsigned char* at = der.data();
  const EcdsaSigPtr pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  Bytes out(2 * static_cast<std::size_t>(width));
  if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out.data(), width) != width ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out.data() + width, width) != width)
    return library_error("ECDSA signature");
  return out;
}

std::string_view name(KeyType type) {
  switch (type) {
    case KeyType::p256: return "P-256";
    case KeyType::p384: return "P-384";
    case KeyType::p521: return "P-521";
    case KeyType::ed25519: return "Ed25519";
    case KeyType::rsa: return "RSA";
  }
  return "?";
}
std::string_view name(SignatureAlgorithm algorithm) { return row(algorithm).name; }
KeyType key_type(SignatureAlgorithm algorithm) { return row(algorithm).key; }

Result<void> PublicKey::verify(SignatureAlgorithm algorithm, ByteView message, ByteView signature,
                               EcdsaForm form, PssSalt salt) const {
  const ErrorScope errors;
  EVP_PKEY* const key = impl_->key.get();
  SEATLS_CHECK(demand_key_type(algorithm, impl_->type, key));
  Bytes der;
  if (form == EcdsaForm::fixed && coordinate_width(impl_->type) != 0) {
    SEATLS_TRY(der, fixed_to_der(algorithm, signature));
    signature = der;
  }
  const Row& r = row(algorithm);
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  // `any` reads the length from the signature.
  const int salt_length = salt == PssSalt::digest ? RSA_PSS_SALTLEN_DIGEST : RSA_PSS_SALTLEN_AUTO;
  if (EVP_DigestVerifyInit_ex(context.get(), &parameters, r.digest, nullptr, nullptr, key, nullptr) != 1 ||
      !set_rsa_padding(parameters, r, salt_length))
    return library_error(name(algorithm));
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) !=
      1)
    return signature_error(algorithm, "the signature is not one of this key over this message");
  return {};
}

Result<Bytes> PrivateKey::sign(SignatureAlgorithm algorithm, ByteView message, EcdsaForm form) const {
  const ErrorScope errors;
  EVP_PKEY* const key = impl_->key.get();
  SEATLS_CHECK(demand_key_type(algorithm, impl_->public_key.type(), key));
  const Row& r = row(algorithm);
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  std::size_t length = 0;
  if (EVP_DigestSignInit_ex(context.get(), &parameters, r.digest, nullptr, nullptr, key, nullptr) != 1 ||
      !set_rsa_padding(parameters, r, RSA_PSS_SALTLEN_DIGEST) ||
      EVP_DigestSign(context.get(), nullptr, &length, message.data(), message.size()) != 1)
    return library_error(name(algorithm));
  Bytes out(length);
  if (EVP_DigestSign(context.get(), out.data(), &length, message.data(), message.size()) != 1)
    return library_error(name(algorithm));
  out.resize(length);
  if (form == EcdsaForm::fixed && coordinate_width(key_type(algorithm)) != 0)
    return ecdsa_to_fixed(algorithm, out);
  return out;
}

SignatureAlgorithm PrivateKey::default_algorithm() const {
  switch (impl_->public_key.type()) {
    case KeyType::p256: return SignatureAlgorithm::ecdsa_p256_sha256;
    case KeyType::p384: return SignatureAlgorithm::ecdsa_p384_sha384;
    case KeyType::p521: return SignatureAlgorithm::ecdsa_p521_sha512;
    case KeyType::ed25519: return SignatureAlgorithm::ed25519;
    case KeyType::rsa: break;
  }
  return SignatureAlgorithm::rsa_pss_sha256;
}

}  // namespace seatls::crypto
