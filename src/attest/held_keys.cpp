#include "attest/held_keys.h"

namespace seatls::attest {

Result<HeldKeys> HeldKeys::of(const std::vector<Spki>& keys, const std::string& attester) {
  if (keys.empty()) return Error{Code::configuration, "holds no key to attest", attester + " > tiks"};
  std::vector<Key> list;
  for (const auto& spki : keys) {
    auto key = crypto::PublicKey::from_spki(spki.der());
    if (!key) return std::move(key).error().in("tiks").in(attester);
    list.push_back({spki, std::move(*key)});
  }
  return HeldKeys(std::move(list), attester);
}

Result<std::size_t> HeldKeys::find(const Spki& wanted) const {
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (keys_[i].spki == wanted) return i;
  // A certificate may spell the same key differently.
  const auto key = crypto::PublicKey::from_spki(wanted.der());
  for (std::size_t i = 0; key && i < keys_.size(); ++i)
    if (keys_[i].key.same_key(*key)) return i;
  return Error{Code::foreign_key,
               "the certificate's key is none of the " + std::to_string(keys_.size()) + " that are held here",
               attester_};
}

}  // namespace seatls::attest
