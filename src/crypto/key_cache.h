// KeyCache keeps the keys that were decoded last: a peer's key, and those that a policy trusts, come again
// with every handshake, and decoding one takes half as long as signing with it. Public keys only.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "crypto/signature.h"
#include "seatls/bytes.h"

namespace seatls::crypto {

class KeyCache {
 public:
  [[nodiscard]] std::optional<PublicKey> find(KeyType type, const Bytes& encoded) const {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find({type, encoded});
    return found == keys_.end() ? std::nullopt : std::optional(found->second);
  }
  // put forgets all when it is full: whoever sends ever new keys makes it useless, and no more.
  void put(KeyType type, const Bytes& encoded, const PublicKey& key) {
    const std::lock_guard lock(mutex_);
    if (keys_.size() >= most) keys_.clear();
    keys_.insert_or_assign({type, encoded}, key);
  }

 private:
  static constexpr std::size_t most = 1024;
  mutable std::mutex mutex_;
  std::map<std::pair<KeyType, Bytes>, PublicKey> keys_;
};

}  // namespace seatls::crypto
