// Keys: reading, making and comparing them. signature.cpp uses them.
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/remembered.h"
#include "crypto/key_impl.h"
#include "crypto/signature_openssl.h"

namespace seatls::crypto {
namespace {

constexpr int kRsaLeastBits = 2048, kRsaMostBits = 8192;

// Raw is a key type whose public key is a string of bytes after a constant beginning: RFC 5480, 2
// and RFC 8410, 4. libcrypto's general decoder takes five times as long as an ECDSA signature, and
// its encoder twice as long; both would happen in every attested handshake.
struct Raw {
  KeyType type;
  const char* group;  // null: no curve of points
  std::size_t width;  // of a coordinate, or of the key
  ByteView spki_prefix;
};
constexpr std::uint8_t kUncompressed = 4;
constexpr std::uint8_t kP256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                  0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                  0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr std::uint8_t kP384[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                  0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};
constexpr std::uint8_t kP521[] = {0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                  0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
                                  0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00};
constexpr std::uint8_t kEd25519[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr std::array<Raw, 4> kRaw = {{{KeyType::p256, "P-256", 32, kP256},
                                      {KeyType::p384, "P-384", 48, kP384},
                                      {KeyType::p521, "P-521", 66, kP521},
                                      {KeyType::ed25519, nullptr, 32, kEd25519}}};
// raw_of returns nullptr for RSA.
const Raw* raw_of(KeyType type) {
  const auto found = std::ranges::find(kRaw, type, &Raw::type);
  return found == kRaw.end() ? nullptr : &*found;
}
std::size_t encoded_size(const Raw& raw) { return raw.group == nullptr ? raw.width : 1 + 2 * raw.width; }

Error bad_key(std::string detail) { return {Code::malformed, std::move(detail), "public key"}; }

Error other_type(KeyType type) {
  return {Code::algorithm_not_allowed, "the key is of type " + std::string(name(type)), "public key"};
}

Result<PublicKey> finish(PkeyPtr key, KeyType type, Bytes encoded) {
  return PublicKey(
      std::make_shared<const PublicKey::Impl>(PublicKey::Impl{std::move(key), type, std::move(encoded)}));
}

// curve_template holds a curve's parameters, which take longer to set up than to copy.
EVP_PKEY* curve_template(const Raw& raw) {
  static const std::array<EVP_PKEY*, 3> made = {EVP_EC_gen("P-256"), EVP_EC_gen("P-384"),
                                                EVP_EC_gen("P-521")};
  return made[static_cast<std::size_t>(&raw - kRaw.data())];
}

Result<PublicKey> decode(const Raw& raw, Bytes encoded) {
  if (raw.group == nullptr) {
    PkeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, encoded.data(), encoded.size()));
    if (!key) return bad_key("Ed25519: " + ErrorScope::reason());
    return finish(std::move(key), raw.type, std::move(encoded));
  }
  PkeyPtr key(EVP_PKEY_new());
  // The demand for an uncompressed point of full length excludes infinity; libcrypto then checks that
  // the point is on its curve.
  if (encoded.size() != encoded_size(raw) || encoded[0] != kUncompressed || !key ||
      EVP_PKEY_copy_parameters(key.get(), curve_template(raw)) != 1 ||
      EVP_PKEY_set1_encoded_public_key(key.get(), encoded.data(), encoded.size()) != 1)
    return bad_key(std::string("this is no point of ") + raw.group);
  return finish(std::move(key), raw.type, std::move(encoded));
}

Result<PublicKey> from_encoded(const Raw& raw, Bytes encoded) {
  // A peer's key, and those that a policy trusts, come again with every handshake, and decoding one takes
  // half as long as signing with it. Never freed: threads may still verify while the process ends.
  using Keys = base::Remembered<std::pair<KeyType, Bytes>, PublicKey>;
  static Keys& decoded = *new Keys(1024);
  std::pair name(raw.type, encoded);
  if (auto known = decoded.find(name)) return std::move(*known);
  SEATLS_TRY(PublicKey key, decode(raw, std::move(encoded)));
  decoded.keep(std::move(name), key);
  return key;
}

// from_ec takes a key that libcrypto decoded, in whatever form it was, into the one form used here.
Result<PublicKey> from_ec(EVP_PKEY* key) {
  // Parameters that are spelled out may describe a curve that only looks like a known one
  // (CVE-2020-0601); RFC 5480, 2.1.1 demands the name.
  int spelled_out = 0;
  if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelled_out) != 1 ||
      spelled_out != 0)
    return bad_key("the EC key spells its curve out instead of naming it");
  char group[64] = {};
  if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1)
    return bad_key("an EC key of no curve");
  const int nid = OBJ_txt2nid(group);
  for (const auto& raw : kRaw) {
    if (raw.group == nullptr || EC_curve_nist2nid(raw.group) != nid) continue;
    unsigned char* encoded = nullptr;
    const std::size_t length = EVP_PKEY_get1_encoded_public_key(key, &encoded);
    Bytes copy(encoded, encoded + length);
    OPENSSL_free(encoded);
    return from_encoded(raw, std::move(copy));
  }
  return bad_key("curve " + std::string(group) + "; P-256, P-384 and P-521 are known");
}

Result<BnPtr> number(EVP_PKEY* key, const char* parameter) {
  BIGNUM* out = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &out) != 1) return library_error(parameter);
  return BnPtr(out);
}

// Limits keep a hostile key from costing seconds per verification.
Result<PublicKey> from_rsa_key(PkeyPtr key) {
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kRsaLeastBits || bits > kRsaMostBits)
    return bad_key("RSA key of " + std::to_string(bits) + " bits; " + std::to_string(kRsaLeastBits) + " to " +
                   std::to_string(kRsaMostBits) + " are accepted");
  SEATLS_TRY(const BnPtr e, number(key.get(), OSSL_PKEY_PARAM_RSA_E));
  if (BN_num_bits(e.get()) > 32 || BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1)
    return bad_key("the RSA exponent is not an odd number from 3 to 2^32-1");
  return finish(std::move(key), KeyType::rsa, {});
}

bool is_rsa(const EVP_PKEY* key) {
  return EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1;
}

// from_public takes the public part of a key of any type but RSA.
Result<PublicKey> from_public(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC") == 1) return from_ec(key);
  if (EVP_PKEY_is_a(key, "ED25519") == 1) {
    Bytes encoded(32);
    std::size_t length = encoded.size();
    if (EVP_PKEY_get_raw_public_key(key, encoded.data(), &length) != 1) return library_error("Ed25519");
    return from_encoded(*raw_of(KeyType::ed25519), std::move(encoded));
  }
  const char* type = EVP_PKEY_get0_type_name(key);
  return bad_key("key type " + std::string(type != nullptr ? type : "unknown") +
                 "; EC, Ed25519 and RSA are known");
}

Result<PublicKey> adopt(PkeyPtr key) {
  return is_rsa(key.get()) ? from_rsa_key(std::move(key)) : from_public(key.get());
}

Result<PrivateKey> adopt_private(PkeyPtr key) {
  SEATLS_TRY(auto public_key, public_key_from_native(key.get()));
  return PrivateKey(
      std::make_shared<const PrivateKey::Impl>(PrivateKey::Impl{std::move(key), std::move(public_key)}));
}

// A key file that is encrypted is refused: nobody is asked for a passphrase here.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

Result<PublicKey> PublicKey::from_spki(ByteView der) {
  const ErrorScope errors;
  for (const auto& raw : kRaw) {
    const ByteView prefix = raw.spki_prefix;
    if (der.size() == prefix.size() + encoded_size(raw) &&
        std::ranges::equal(der.first(prefix.size()), prefix) &&
        (raw.group == nullptr || der[prefix.size()] == kUncompressed))
      return from_encoded(raw, bytes(der.subspan(prefix.size())));
  }
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
  const Raw* raw = raw_of(curve);
  if (raw == nullptr || raw->group == nullptr)
    return Error{Code::misuse, std::string(name(curve)) + " is no curve of points", ""};
  if (point.x.size() != raw->width || point.y.size() != raw->width)
    return bad_key("coordinates of " + std::to_string(point.x.size()) + " and " +
                   std::to_string(point.y.size()) + " bytes; those of " + raw->group + " have " +
                   std::to_string(raw->width));
  Bytes encoded{kUncompressed};
  encoded.insert(encoded.end(), point.x.begin(), point.x.end());
  encoded.insert(encoded.end(), point.y.begin(), point.y.end());
  return from_encoded(*raw, std::move(encoded));
}

Result<PublicKey> PublicKey::from_rsa(ByteView modulus, std::uint32_t exponent) {
  const ErrorScope errors;
  if (modulus.size() > kRsaMostBits / 8 + 1)
    return bad_key("RSA modulus of " + std::to_string(modulus.size()) + " bytes");
  const BnPtr n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr)), e(BN_new());
  const Ptr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> build(OSSL_PARAM_BLD_new());
  if (!n || !e || !build || BN_set_word(e.get(), exponent) != 1 ||
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return library_error("RSA key");
  const Ptr<OSSL_PARAM, OSSL_PARAM_free> params(OSSL_PARAM_BLD_to_param(build.get()));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return bad_key("RSA parameters: " + ErrorScope::reason());
  return from_rsa_key(PkeyPtr(key));
}

Result<PublicKey> PublicKey::from_ed25519(ByteView raw) {
  const ErrorScope errors;
  if (raw.size() != 32) return bad_key("Ed25519 key of " + std::to_string(raw.size()) + " bytes; it has 32");
  return from_encoded(*raw_of(KeyType::ed25519), bytes(raw));
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const ErrorScope errors;
  const BioPtr in = read_bio(pem);
  PkeyPtr key(PEM_read_bio_PUBKEY(in.get(), nullptr, no_passphrase, nullptr));
  if (!key) return bad_key("PEM: " + ErrorScope::reason());
  return adopt(std::move(key));
}

std::string PublicKey::to_pem() const {
  const BioPtr out(BIO_new(BIO_s_mem()));
  const Spki key = spki();
  PEM_write_bio(out.get(), PEM_STRING_PUBLIC, "", key.der().data(), static_cast<long>(key.der().size()));
  return bio_text(out.get());
}

KeyType PublicKey::type() const { return impl_->type; }
unsigned PublicKey::bits() const { return static_cast<unsigned>(EVP_PKEY_get_bits(impl_->key.get())); }

Spki PublicKey::spki() const {
  const Raw* raw = raw_of(impl_->type);
  if (raw == nullptr) return Spki(to_der(i2d_PUBKEY, impl_->key.get()));
  Bytes out = bytes(raw->spki_prefix);
  out.insert(out.end(), impl_->encoded.begin(), impl_->encoded.end());
  return Spki(std::move(out));
}

Result<EcPoint> PublicKey::point() const {
  const Raw* raw = raw_of(impl_->type);
  if (raw == nullptr || raw->group == nullptr) return other_type(impl_->type);
  const auto x = impl_->encoded.begin() + 1, y = x + static_cast<std::ptrdiff_t>(raw->width);
  return EcPoint{Bytes(x, y), Bytes(y, impl_->encoded.end())};
}

Result<Bytes> PublicKey::rsa_modulus() const {
  if (impl_->type != KeyType::rsa) return other_type(impl_->type);
  const ErrorScope errors;
  SEATLS_TRY(const BnPtr n, number(impl_->key.get(), OSSL_PKEY_PARAM_RSA_N));
  Bytes out(static_cast<std::size_t>(BN_num_bytes(n.get())));
  BN_bn2bin(n.get(), out.data());
  return out;
}

Result<std::uint32_t> PublicKey::rsa_exponent() const {
  if (impl_->type != KeyType::rsa) return other_type(impl_->type);
  const ErrorScope errors;
  SEATLS_TRY(const BnPtr e, number(impl_->key.get(), OSSL_PKEY_PARAM_RSA_E));
  return static_cast<std::uint32_t>(BN_get_word(e.get()));  // from_rsa_key saw that it fits
}

Result<Bytes> PublicKey::ed25519_raw() const {
  if (impl_->type != KeyType::ed25519) return other_type(impl_->type);
  return impl_->encoded;
}

bool PublicKey::same_key(const PublicKey& other_key) const {
  if (impl_->type != other_key.impl_->type) return false;
  if (impl_->type != KeyType::rsa) return impl_->encoded == other_key.impl_->encoded;
  const ErrorScope errors;
  return EVP_PKEY_eq(impl_->key.get(), other_key.impl_->key.get()) == 1;
}

Result<PrivateKey> PrivateKey::generate(KeyType type) {
  const ErrorScope errors;
  EVP_PKEY* key = nullptr;
  switch (type) {
    case KeyType::ed25519: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); break;
    case KeyType::rsa: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{kRsaLeastBits}); break;
    default: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", raw_of(type)->group); break;
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
  return is_rsa(key) ? PublicKey::from_spki(to_der(i2d_PUBKEY, key)) : from_public(key);
}

Result<PrivateKey> private_key_from_native(evp_pkey_st* key) {
  const ErrorScope errors;
  EVP_PKEY_up_ref(key);
  return adopt_private(PkeyPtr(key));
}

}  // namespace seatls::crypto
