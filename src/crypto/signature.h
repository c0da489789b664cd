// Keys and signatures over libcrypto. An algorithm is always named by the caller and checked against
// the key's type: nothing in a message ever picks it alone.
#pragma once

#include <memory>
#include <string>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::crypto {

enum class KeyType : std::uint8_t { p256, p384, p521, ed25519, rsa };
[[nodiscard]] std::string_view name(KeyType type);

enum class SignatureAlgorithm : std::uint8_t {
  ecdsa_p256_sha256,
  ecdsa_p384_sha384,
  ecdsa_p521_sha512,
  ed25519,
  rsa_pss_sha256,
  rsa_pss_sha384,
  rsa_pss_sha512,
  rsa_pkcs1_sha256,
  rsa_pkcs1_sha384,
  rsa_pkcs1_sha512,
};
[[nodiscard]] std::string_view name(SignatureAlgorithm algorithm);
[[nodiscard]] KeyType key_type(SignatureAlgorithm algorithm);

// ECDSA signatures are DER in TLS and X.509, r‖s of fixed width in COSE, JOSE and quotes.
enum class EcdsaForm : std::uint8_t { der, fixed };

// TLS and X.509 salt PSS with as many bytes as the digest has; TPMs with as many as fit.
enum class PssSalt : std::uint8_t { any, digest };

struct EcPoint {
  Bytes x, y;  // big endian, the curve's width
};

class PublicKey {
 public:
  // from_spki accepts what libcrypto decodes; trailing bytes are refused.
  [[nodiscard]] static Result<PublicKey> from_spki(ByteView der);
  [[nodiscard]] static Result<PublicKey> from_ec_point(KeyType curve, const EcPoint& point);
  [[nodiscard]] static Result<PublicKey> from_rsa(ByteView modulus, std::uint32_t exponent);
  [[nodiscard]] static Result<PublicKey> from_ed25519(ByteView raw);
  [[nodiscard]] static Result<PublicKey> from_pem(std::string_view pem);
  [[nodiscard]] std::string to_pem() const;

  [[nodiscard]] KeyType type() const;
  [[nodiscard]] unsigned bits() const;
  [[nodiscard]] Spki spki() const;              // canonical encoding
  [[nodiscard]] Result<EcPoint> point() const;  // EC keys
  [[nodiscard]] Result<Bytes> rsa_modulus() const;
  [[nodiscard]] Result<std::uint32_t> rsa_exponent() const;
  [[nodiscard]] Result<Bytes> ed25519_raw() const;
  [[nodiscard]] bool same_key(const PublicKey& other) const;  // by parameters, not by encoding

  // verify returns signature_invalid, or algorithm_not_allowed when the key is of another type.
  [[nodiscard]] Result<void> verify(SignatureAlgorithm algorithm, ByteView message, ByteView signature,
                                    EcdsaForm form, PssSalt salt = PssSalt::any) const;

  struct Impl;  // holds the EVP_PKEY; signature_openssl.h opens it for the stack adapter
  explicit PublicKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

class PrivateKey {
 public:
  [[nodiscard]] static Result<PrivateKey> generate(KeyType type);  // RSA: 2048 bits
  [[nodiscard]] static Result<PrivateKey> from_pem(std::string_view pem);
  [[nodiscard]] Result<Secret> to_pem() const;  // PKCS#8, not encrypted
  [[nodiscard]] PublicKey public_key() const;
  [[nodiscard]] Result<Bytes> sign(SignatureAlgorithm algorithm, ByteView message, EcdsaForm form) const;
  // default_algorithm is the key type's usual algorithm (RSA: rsa_pss_sha256).
  [[nodiscard]] SignatureAlgorithm default_algorithm() const;

  struct Impl;
  explicit PrivateKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace seatls::crypto
