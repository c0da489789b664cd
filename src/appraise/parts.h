// A name for what was verified: a hash of everything that went into it.
#pragma once

#include <vector>

#include "crypto/hash.h"
#include "seatls/bytes.h"

namespace seatls::appraise {

// name_of_parts hashes each part with its length, so that no two lists of parts have the same name.
[[nodiscard]] inline Bytes name_of_parts(const std::vector<ByteView>& parts) {
  crypto::Hasher hasher(Hash::sha256);
  for (const ByteView part : parts) {
    auto size = static_cast<std::uint64_t>(part.size());
    Bytes prefix(sizeof size);
    for (auto& octet : prefix) {
      octet = static_cast<std::uint8_t>(size);
      size >>= 8;
    }
    hasher.update(prefix);
    hasher.update(part);
  }
  return hasher.current();
}

}  // namespace seatls::appraise
