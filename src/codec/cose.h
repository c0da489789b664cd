// COSE_Sign1 (RFC 9052), structure only: what is signed, by which algorithm it says, and the parts. Whether
// the signature verifies is rats/sign1's business.
#pragma once

#include <optional>
#include <vector>

#include "codec/cbor.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::codec::cose {

// COSE algorithm identifiers (IANA "COSE Algorithms").
namespace alg {
inline constexpr std::int64_t es256 = -7, eddsa = -8, es384 = -35, es512 = -36, ps256 = -37, ps384 = -38,
                              ps512 = -39;
}

// COSE header labels (RFC 9052, 3.1; RFC 9360).
namespace label {
inline constexpr std::int64_t alg = 1, crit = 2, content_type = 3, kid = 4, x5chain = 33;
}

// COSE_Sign1 = [ protected : bstr .cbor header_map / bstr .size 0, unprotected : header_map,
//                payload : bstr, signature : bstr ]
struct Sign1 {
  Bytes protected_bytes;  // as received: the signature covers them
  cbor::Value protected_headers;
  cbor::Value unprotected_headers;
  Bytes payload;
  Bytes signature;
  std::int64_t algorithm = 0;  // label 1, from the protected header only

  // header looks a label up, in the protected header first.
  [[nodiscard]] const cbor::Value* header(std::int64_t label) const;
  [[nodiscard]] std::optional<Bytes> kid() const;            // label 4
  [[nodiscard]] Result<std::vector<Bytes>> x5chain() const;  // label 33: DER, leaf first; empty when absent
  // to_be_signed is Sig_structure = ["Signature1", protected, external_aad h'', payload].
  [[nodiscard]] Result<Bytes> to_be_signed() const;
};

// parse_sign1 accepts it bare, under tag 18, and under tag 61 (CWT) around that. Refused: an algorithm that
// is not in the protected header, any `crit`, a label in both headers, a detached payload.
[[nodiscard]] Result<Sign1> parse_sign1(ByteView bytes, const cbor::Limits& limits = {});

// encode_sign1 writes it under tag 18.
[[nodiscard]] Result<Bytes> encode_sign1(const Sign1& sign1);

}  // namespace seatls::codec::cose
