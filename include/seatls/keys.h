// The values that bind evidence to one connection. Each is a type of its own: a hash of a key is
// never taken for a nonce, and a Binder is made by derivation only.
#pragma once

#include <cstdint>
#include <string_view>

#include "seatls/bytes.h"

namespace seatls {

// Hash names a hash function: of a cipher suite (sha256, sha384), of a PCR bank, of a signature.
// sha1 exists for TPM event logs and PCR banks alone.
enum class Hash : std::uint8_t { sha1, sha256, sha384, sha512 };
[[nodiscard]] constexpr std::size_t size(Hash h) {
  switch (h) {
    case Hash::sha1: return 20;
    case Hash::sha256: return 32;
    case Hash::sha384: return 48;
    case Hash::sha512: return 64;
  }
  return 0;
}
[[nodiscard]] constexpr std::string_view name(Hash h) {
  switch (h) {
    case Hash::sha1: return "sha1";
    case Hash::sha256: return "sha256";
    case Hash::sha384: return "sha384";
    case Hash::sha512: return "sha512";
  }
  return "?";
}

// Spki is the DER SubjectPublicKeyInfo of an end-entity certificate, byte for byte as it stands in
// the certificate: binders hash the received encoding, never a re-encoded one.
class Spki {
 public:
  explicit Spki(Bytes der) : der_(std::move(der)) {}
  [[nodiscard]] ByteView der() const { return der_; }
  bool operator==(const Spki&) const = default;

 private:
  Bytes der_;
};

namespace binder {
class Mint;  // src/binder: the only maker of a Binder
}
class Binder;
namespace danger {
// binder_from_bytes takes a binder's value from outside of any connection. Nothing ties such a
// value to a channel: for offline tools and tests.
[[nodiscard]] Binder binder_from_bytes(Bytes value, Hash hash, Spki tik);
}  // namespace danger

// Binder is the per-connection, per-direction value that the attested environment signs into its
// evidence: draft-fossati-seat-early-attestation, section "Cryptographic Operations". It knows the
// key (TIK) that it commits to, so that an attester can refuse a key which it does not hold.
class Binder {
 public:
  [[nodiscard]] ByteView bytes() const { return value_; }  // 32 or 48 bytes
  [[nodiscard]] Hash hash() const { return hash_; }
  [[nodiscard]] const Spki& tik() const { return tik_; }

 private:
  friend class binder::Mint;
  friend Binder danger::binder_from_bytes(Bytes, Hash, Spki);
  Binder(Bytes value, Hash hash, Spki tik) : value_(std::move(value)), hash_(hash), tik_(std::move(tik)) {}
  Bytes value_;
  Hash hash_;
  Spki tik_;
};

}  // namespace seatls
