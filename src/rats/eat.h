// EAT claims (RFC 9711) as a CWT, and the key claims that tie a token to a TLS key (RFC 8747,
// draft-reddy-rats-key-binding).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/cbor.h"
#include "rats/confirmation.h"
#include "seatls/error.h"
#include "seatls/result.h"

namespace seatls::rats {

enum class DebugStatus : std::uint8_t {
  enabled,
  disabled,
  disabled_since_boot,
  disabled_permanently,
  disabled_fully_and_permanently,
};
[[nodiscard]] std::string_view name(DebugStatus status);

// KeyAttributes are what the attester says of the key in `cnf`. Absent means not said.
struct KeyAttributes {
  std::optional<bool> extractable, never_extractable, sensitive, local;
  std::vector<std::string> purpose;  // dotted OIDs
};

struct EatClaims {
  std::vector<Bytes> nonces;           // eat_nonce: each 8 to 64 bytes
  std::optional<std::string> profile;  // URI, or dotted OID
  std::optional<std::string> iss, sub, aud;
  std::optional<std::int64_t> exp, nbf, iat;  // seconds since the epoch; floats are refused
  std::optional<Bytes> ueid;                  // 7 to 33 bytes
  std::optional<codec::cbor::Value> oemid;
  std::optional<Bytes> hwmodel;
  std::optional<std::string> swname, swversion;
  std::optional<bool> oemboot;
  std::optional<DebugStatus> dbgstat;
  std::optional<Confirmation> cnf;
  std::optional<KeyAttributes> key_attributes;
  std::optional<crypto::PublicKey> kek;  // of the interactive passport
  std::vector<std::pair<std::string, codec::cbor::Value>> submods;
  std::vector<std::pair<std::uint16_t, Bytes>> measurements;  // content format, message
  codec::cbor::Map unknown;                                   // kept for people, ignored by appraisal

  // single_nonce returns the one nonce; nonce_ambiguous when there is none or are several.
  [[nodiscard]] Result<ByteView> single_nonce() const;
};

// read_eat reads a claims set (the payload of a CWT). Nothing about it is verified. Errors: decode,
// with the claim's name in the path.
[[nodiscard]] Result<EatClaims> read_eat(ByteView claims_set);

// write_eat encodes the known claims; `unknown` is written as it is.
[[nodiscard]] Result<Bytes> write_eat(const EatClaims& claims);

}  // namespace seatls::rats
