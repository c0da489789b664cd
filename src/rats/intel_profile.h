// How values that Intel's profile of CoMID added are compared: draft-cds-rats-intel-corim-profile-05.
#pragma once

#include <cstdint>

#include "codec/cbor.h"

namespace seatls::rats::comid {

// Code points of measurement-values-map.
namespace intel {
inline constexpr std::int64_t isv_svn = -73;      // tee.isvsvn: uint
inline constexpr std::int64_t attributes = -82;   // tee.attributes: #6.560 bytes / #6.563 [ value, mask ]
inline constexpr std::int64_t mr_tee = -83;       // tee.mrtee: digests
inline constexpr std::int64_t mr_signer = -84;    // tee.mrsigner: digests
inline constexpr std::int64_t isv_prod_id = -85;  // tee.isvprodid: uint
}  // namespace intel

// intel_satisfied tells whether `actual` (a number, #6.560 bytes, or one digest [ alg, value ]) satisfies the
// condition. A code point, or an expression, that is not known here is satisfied by nothing.
[[nodiscard]] bool intel_satisfied(std::int64_t code, const codec::cbor::Value& condition,
                                   const codec::cbor::Value& actual);

}  // namespace seatls::rats::comid
