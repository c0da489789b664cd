#include "binder/exported_binder.h"

#include "binder/mint.h"
#include "crypto/hash.h"

namespace seatls::binder {
namespace {

Result<void> check(Hash hash, ByteView exported_value) {
  if (hash != Hash::sha256 && hash != Hash::sha384)
    return Error{Code::misuse, std::string(name(hash)) + " is the hash of no TLS 1.3 suite that binders use",
                 "binder"};
  if (exported_value.size() < 32)
    return Error{
        Code::misuse,
        "the exported value is " + std::to_string(exported_value.size()) + " bytes; it has at least 32",
        "binder"};
  return {};
}

}  // namespace

//= expat#binder-derivation
//= expat#binder-hash-of-suite
Result<Binder> derive_exported_binder(Hash hash, const Spki& tik, ByteView exported_value) {
  SEATLS_CHECK(check(hash, exported_value));
  crypto::Hasher hasher(hash);
  hasher.update(tik.der());
  hasher.update(exported_value);
  return Mint::make(hasher.current(), hash, tik);
}

Result<Binder> exported_value_as_binder(Hash hash, const Spki& tik, ByteView exported_value) {
  SEATLS_CHECK(check(hash, exported_value));
  return Mint::make(bytes(exported_value), hash, tik);
}

}  // namespace seatls::binder
