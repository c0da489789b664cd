// Confirmation: the `cnf` claim, by which a token names the key that it is about (RFC 7800, RFC 8747).
#pragma once

#include <optional>
#include <string>

#include "codec/cbor.h"
#include "codec/json.h"
#include "crypto/signature.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::rats {

struct Confirmation {
  std::optional<crypto::PublicKey> key;  // COSE_Key (1), or jwk
  std::optional<Bytes> thumbprint;       // ckt (5): RFC 9679; or jkt: RFC 7638, decoded; SHA-256 both
  bool jwk_thumbprint = false;           // which of the two

  // names tells whether this confirmation means `tik`; keys are compared by their parameters.
  [[nodiscard]] Result<bool> names(const crypto::PublicKey& tik) const;
};

// The readers refuse a cnf with both a key and a thumbprint (which of them counts is not for a reader to
// guess), and one with neither (a kid, an encrypted key): it would name no key that can be compared.
// Errors: decode; algorithm_not_allowed for key types that are not supported.
[[nodiscard]] Result<Confirmation> read_confirmation(const codec::cbor::Value& cnf);
[[nodiscard]] Result<Confirmation> read_confirmation(const codec::json::Value& cnf);

// The writers refuse (misuse) the other serialisation's thumbprint.
[[nodiscard]] Result<codec::cbor::Value> confirmation_to_cbor(const Confirmation& cnf);
[[nodiscard]] Result<codec::json::Value> confirmation_to_json(const Confirmation& cnf);

}  // namespace seatls::rats
