// JWS compact serialization (RFC 7515, 7.1), structure only: what is signed, by which algorithm it says, and
// the parts. Whether the signature verifies is rats/jws's business.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/json.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::codec::jose {

// CompactJws = BASE64URL(header) || '.' || BASE64URL(payload) || '.' || BASE64URL(signature)
struct CompactJws {
  std::string signing_input;  // the first two parts as received: the signature covers them
  json::Value header;
  Bytes payload;
  Bytes signature;
  std::string algorithm;  // `alg`

  [[nodiscard]] std::optional<std::string> kid() const;
};

// parse_compact_jws reads exactly three parts. Refused: padding and other alphabets, a header without `alg`,
// any `crit` (unknown_critical). Keys that a header brings along (jwk, jku, x5c) are nothing to go by: they
// stay in `header`, unread. An empty signature (alg "none") parses, and never verifies.
[[nodiscard]] Result<CompactJws> parse_compact_jws(std::string_view text, const json::Limits& limits = {});

// make_signing_input joins the first two parts of a JWS that is about to be signed.
[[nodiscard]] Result<std::string> make_signing_input(const json::Value& header, ByteView payload);
[[nodiscard]] std::string join_compact_jws(std::string_view signing_input, ByteView signature);

}  // namespace seatls::codec::jose
