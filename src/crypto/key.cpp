// Keys: reading, making and comparing them. signature.cpp uses them.
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <cstdlib>

#include "crypto/key_impl.h"
#include "crypto/signature_openssl.h"

namespace seatls::crypto {
namespace {

constexpr int kRsaLeastBits = 2048, kRsaMostBits = 8192;

Error bad_key(std::string detail) { return {Code::malformed, std::move(detail), "public key"}; }

Result<KeyType> type_of_ec(EVP_PKEY* key) {
  // Parameters that are spelled out may describe a curve that only looks like a known one
  // (CVE-2020-0601); RFC 5480, 2.1.1 demands the name.
  int spelled_out = 0;
  if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelled_out) == 1 &&
      spelled_out != 0)
    return bad_key("the EC key spells its curve out instead of naming it");
  const PkeyCtxPtr context(EVP_PKEY_CTX_new(key, nullptr));
  if (!context || EVP_PKEY_public_check_quick(context.get()) != 1)
    return bad_key("the EC point is not on its curve, or at infinity");
  char group[64] = {};
  if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1)
    return bad_key("an EC key of no curve");
  switch (OBJ_txt2nid(group)) {
    case NID_X9_62_prime256v1: return KeyType::p256;
    case NID_secp384r1: return KeyType::p384;
    case NID_secp521r1: return KeyType::p521;
    default: return bad_key("curve " + std::string(group) + "; P-256, P-384 and P-521 are known");
  }
}

Result<BnPtr> number(EVP_PKEY* key, const char* parameter) {
  BIGNUM* out = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &out) != 1) return library_error(parameter);
  return BnPtr(out);
}

// Limits keep a hostile key from costing seconds per verification.
Result<KeyType> type_of_rsa(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kRsaLeastBits || bits > kRsaMostBits)
    return bad_key("RSA key of " + std::to_string(bits) + " bits; " + std::to_string(kRsaLeastBits) + " to " +
                   std::to_string(kRsaMostBits) + " are accepted");
  SEATLS_TRY(const BnPtr e, number(key, OSSL_PKEY_PARAM_RSA_E));
  if (BN_num_bits(e.get()) > 32 || BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1)
    return bad_key("the RSA exponent is not an odd number from 3 to 2^32-1");
  return KeyType::rsa;
}

Result<KeyType> type_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC") == 1) return type_of_ec(key);
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyType::ed25519;
  if (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1) return type_of_rsa(key);
  const char* type = EVP_PKEY_get0_type_name(key);
  return bad_key("key type " + std::string(type != nullptr ? type : "unknown") +
                 "; EC, Ed25519 and RSA are known");
}

Result<PublicKey> adopt(PkeyPtr key) {
  SEATLS_TRY(const auto type, type_of(key.get()));
  return PublicKey(std::make_shared<const PublicKey::Impl>(PublicKey::Impl{std::move(key), type}));
}

Result<PrivateKey> adopt_private(PkeyPtr key) {
  SEATLS_TRY(auto public_key, PublicKey::from_spki(to_der(i2d_PUBKEY, key.get())));
  return PrivateKey(
      std::make_shared<const PrivateKey::Impl>(PrivateKey::Impl{std::move(key), std::move(public_key)}));
}

Result<PublicKey> from_params(const char* type, OSSL_PARAM* params) {
  const Ptr<OSSL_PARAM, OSSL_PARAM_free> owned(params);
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!owned || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
    return bad_key(std::string(type) + " parameters: " + ErrorScope::reason());
  return adopt(PkeyPtr(key));
}

const char* curve_name(KeyType type) {
  switch (type) {
    case KeyType::p256: return "P-256";
    case KeyType::p384: return "P-384";
    case KeyType::p521: return "P-521";
    default: return nullptr;
  }
}

// A key file that is encrypted is refused: nobody is asked for a passphrase here.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

Result<PublicKey> PublicKey::from_spki(ByteView der) {
  const ErrorScope errors;
  const unsigned char* at = der.data();
  PkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key) return bad_key("SubjectPublicKeyInfo: " + ErrorScope::reason());
  if (at != der.data() + der.size())
    return Error{Code::trailing_data,
                 std::to_string(der.data() + der.size() - at) + " bytes follow the SubjectPublicKeyInfo",
                 "public key"};
  return adopt(std::move(key));
}

Result<PublicKey> PublicKey::from_ec_point(KeyType curve, const EcPoint& point) {
  const ErrorScope errors;
  const char* group = curve_name(curve);
  if (group == nullptr) return Error{Code::misuse, std::string(name(curve)) + " is no curve of points", ""};
  const std::size_t width = curve == KeyType::p256 ? 32 : curve == KeyType::p384 ? 48 : 66;
  if (point.x.size() != width || point.y.size() != width)
    return bad_key("coordinates of " + std::to_string(point.x.size()) + " and " +
                   std::to_string(point.y.size()) + " bytes; those of " + group + " have " +
                   std::to_string(width));
  Bytes encoded{4};
  encoded.insert(encoded.end(), point.x.begin(), point.x.end());
  encoded.insert(encoded.end(), point.y.begin(), point.y.end());
  const Ptr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> build(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
  OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size());
  return from_params("EC", OSSL_PARAM_BLD_to_param(build.get()));
}

Result<PublicKey> PublicKey::from_rsa(ByteView modulus, std::uint32_t exponent) {
  const ErrorScope errors;
  if (modulus.size() > kRsaMostBits / 8 + 1)
    return bad_key("RSA modulus of " + std::to_string(modulus.size()) + " bytes");
  const BnPtr n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr)), e(BN_new());
  if (!n || !e || BN_set_word(e.get(), exponent) != 1) return library_error("RSA key");
  const Ptr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> build(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return from_params("RSA", OSSL_PARAM_BLD_to_param(build.get()));
}

Result<PublicKey> PublicKey::from_ed25519(ByteView raw) {
  const ErrorScope errors;
  PkeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  if (!key) return bad_key("Ed25519 key of " + std::to_string(raw.size()) + " bytes; it has 32");
  return adopt(std::move(key));
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const ErrorScope errors;
  const BioPtr in = read_bio(pem);
  PkeyPtr key(PEM_read_bio_PUBKEY(in.get(), nullptr, no_passphrase, nullptr));
  if (!key) return bad_key("PEM: " + ErrorScope::reason());
  return adopt(std::move(key));
}

KeyType PublicKey::type() const { return impl_->type; }
unsigned PublicKey::bits() const { return static_cast<unsigned>(EVP_PKEY_get_bits(impl_->key.get())); }
Spki PublicKey::spki() const { return Spki(to_der(i2d_PUBKEY, impl_->key.get())); }

Result<EcPoint> PublicKey::point() const {
  if (curve_name(impl_->type) == nullptr)
    return Error{Code::algorithm_not_allowed, "the key is of type " + std::string(name(impl_->type)), ""};
  const ErrorScope errors;
  SEATLS_TRY(const BnPtr x, number(impl_->key.get(), OSSL_PKEY_PARAM_EC_PUB_X));
  SEATLS_TRY(const BnPtr y, number(impl_->key.get(), OSSL_PKEY_PARAM_EC_PUB_Y));
  const std::size_t width = (bits() + 7) / 8;
  EcPoint out{Bytes(width), Bytes(width)};
  BN_bn2binpad(x.get(), out.x.data(), static_cast<int>(width));
  BN_bn2binpad(y.get(), out.y.data(), static_cast<int>(width));
  return out;
}

Result<Bytes> PublicKey::rsa_modulus() const {
  const ErrorScope errors;
  SEATLS_TRY(const BnPtr n, number(impl_->key.get(), OSSL_PKEY_PARAM_RSA_N));
  Bytes out(static_cast<std::size_t>(BN_num_bytes(n.get())));
  BN_bn2bin(n.get(), out.data());
  return out;
}

Result<std::uint32_t> PublicKey::rsa_exponent() const {
  const ErrorScope errors;
  SEATLS_TRY(const BnPtr e, number(impl_->key.get(), OSSL_PKEY_PARAM_RSA_E));
  return static_cast<std::uint32_t>(BN_get_word(e.get()));  // type_of_rsa saw that it fits
}

Result<Bytes> PublicKey::ed25519_raw() const {
  if (impl_->type != KeyType::ed25519)
    return Error{Code::algorithm_not_allowed, "the key is of type " + std::string(name(impl_->type)), ""};
  const ErrorScope errors;
  Bytes out(32);
  std::size_t length = out.size();
  if (EVP_PKEY_get_raw_public_key(impl_->key.get(), out.data(), &length) != 1)
    return library_error("Ed25519");
  return out;
}

bool PublicKey::same_key(const PublicKey& other_key) const {
  const ErrorScope errors;
  return impl_->type == other_key.impl_->type &&
         EVP_PKEY_eq(impl_->key.get(), other_key.impl_->key.get()) == 1;
}

Result<PrivateKey> PrivateKey::generate(KeyType type) {
  const ErrorScope errors;
  EVP_PKEY* key = nullptr;
  switch (type) {
    case KeyType::ed25519: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); break;
    case KeyType::rsa: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{kRsaLeastBits}); break;
    default: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve_name(type)); break;
  }
  if (key == nullptr) return library_error("generate a key");
  return adopt_private(PkeyPtr(key));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const ErrorScope errors;
  const BioPtr in = read_bio(pem);
  PkeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  if (!key)
    return Error{Code::malformed, "PEM: " + ErrorScope::reason() + "; an unencrypted private key is needed",
                 "private key"};
  return adopt_private(std::move(key));
}

Result<Secret> PrivateKey::to_pem() const {
  const ErrorScope errors;
  // BIO_s_secmem wipes what it held.
  const BioPtr out(BIO_new(BIO_s_secmem()));
  if (!out ||
      PEM_write_bio_PKCS8PrivateKey(out.get(), impl_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return library_error("write the private key");
  char* data = nullptr;
  const long length = BIO_get_mem_data(out.get(), &data);
  return Secret(Bytes(data, data + length));
}

PublicKey PrivateKey::public_key() const { return impl_->public_key; }

evp_pkey_st* native(const PublicKey& key) { return key.impl().key.get(); }
evp_pkey_st* native(const PrivateKey& key) { return key.impl().key.get(); }

Result<PublicKey> public_key_from_native(evp_pkey_st* key) {
  const ErrorScope errors;
  return PublicKey::from_spki(to_der(i2d_PUBKEY, key));
}

Result<PrivateKey> private_key_from_native(evp_pkey_st* key) {
  const ErrorScope errors;
  EVP_PKEY_up_ref(key);
  return adopt_private(PkeyPtr(key));
}

}  // namespace seatls::crypto
