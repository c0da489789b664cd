#include "binder/passport_binder.h"

#include <string_view>

#include "crypto/hash.h"

namespace seatls::binder {

Bytes passport_binder(ByteView nonce, const Spki& tik) {
  using namespace std::string_view_literals;
  // The length of everything before the nonce is fixed, so that no two pairs give the same input.
  crypto::Hasher hasher(Hash::sha256);
  hasher.update(view("seatls passport v1\0"sv));
  hasher.update(crypto::digest(Hash::sha256, tik.der()));
  hasher.update(nonce);
  return hasher.current();
}

}  // namespace seatls::binder
