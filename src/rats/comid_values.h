// What CoMID says of a measurement, and the keys of its triples. Inside of this module.
#pragma once

#include "rats/comid.h"

namespace seatls::rats::comid {

// check_crypto_key refuses what is none of the tags 554 to 562.
[[nodiscard]] Result<void> check_crypto_key(const codec::cbor::Value& key);

// read_digests reads [ + digest ]. Errors: malformed also for none, for an algorithm twice, and for a value
// that is not as long as its algorithm's.
[[nodiscard]] Result<Digests> read_digests(const codec::cbor::Value& list);

// read_raw_value reads #6.560 bytes and #6.563 [ value, mask ].
[[nodiscard]] Result<RawValue> read_raw_value(const codec::cbor::Value& v);

}  // namespace seatls::rats::comid
