// A realm that does not exist, on a platform that does not: tokens below a key whose certificate's name says
// that it is simulated.
#pragma once

#include <functional>

#include "attest/simulated/issuers.h"
#include "codec/cbor.h"
#include "seatls/simulated_cca.h"

namespace seatls::attest::simulated {

class CcaRealm {
 public:
  // Errors: configuration.
  [[nodiscard]] static Result<CcaRealm> make(SimulatedCcaOptions options);

  // Edit may change the claims of either token before they are signed. `tag` is 907 (a CMW collection in
  // the realm management specification's newer form) or 399.
  struct Edit {
    std::function<void(codec::cbor::Map& claims)> platform, realm;
    std::uint64_t tag = 907;
  };
  // token returns both tokens. `challenge` has 64 bytes.
  [[nodiscard]] Result<Bytes> token(ByteView challenge, const Edit& edit) const;
  [[nodiscard]] Result<Bytes> token(ByteView challenge) const { return token(challenge, Edit{}); }

  [[nodiscard]] const crypto::Certificate& root() const {
    return options_.platform.impl()->issuers.front().certificate;
  }
  [[nodiscard]] const SimulatedCcaOptions& options() const { return options_; }
  [[nodiscard]] const crypto::PrivateKey& realm_key() const { return realm_key_; }

 private:
  CcaRealm(SimulatedCcaOptions options, crypto::PrivateKey realm_key)
      : options_(std::move(options)), realm_key_(std::move(realm_key)) {}

  SimulatedCcaOptions options_;
  crypto::PrivateKey realm_key_;
};

}  // namespace seatls::attest::simulated
