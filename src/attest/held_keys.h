// HeldKeys are the keys that an attester answers for.
#pragma once

#include <string>
#include <vector>

#include "crypto/signature.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::attest {

class HeldKeys {
 public:
  // Errors: configuration when there is none, malformed for what is no key; `attester` is told in them.
  [[nodiscard]] static Result<HeldKeys> of(const std::vector<Spki>& keys, const std::string& attester);

  // find returns the number of the key that a binder commits to. Evidence over another one's would lend this
  // attester's word to a key that somebody else holds. Errors: foreign_key.
  [[nodiscard]] Result<std::size_t> find(const Spki& wanted) const;

 private:
  struct Key {
    Spki spki;
    crypto::PublicKey key;
  };
  HeldKeys(std::vector<Key> keys, std::string attester)
      : keys_(std::move(keys)), attester_(std::move(attester)) {}
  std::vector<Key> keys_;
  std::string attester_;
};

}  // namespace seatls::attest
