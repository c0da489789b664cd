// The property of every wire structure: what decodes has one encoding, the one it came in.
#pragma once

#include <algorithm>

#include "codec/tls.h"
#include "fuzz/fuzz.h"
#include "wire/remote_attestation.h"

namespace seatls::fuzz {

template <class T>
void decode_and_encode(ByteView in) {
  const auto decoded = codec::decode<T>(in);
  if (!decoded) return demand(!decoded.error().detail.empty());
  const auto encoded = codec::encode(*decoded);
  if (encoded)
    demand(std::ranges::equal(*encoded, in));
  else  // it came longer than this endpoint would send it
    demand(encoded.error().code == Code::evidence_too_large && in.size() > wire::max_cmw_payload);
}

}  // namespace seatls::fuzz
