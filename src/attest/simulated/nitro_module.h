// A Nitro Secure Module that does not exist: it writes attestation documents as the real one does, byte for
// byte, below a root of its own, whose name says that it is simulated.
#pragma once

#include <functional>
#include <vector>

#include "attest/simulated/issuers.h"
#include "codec/cbor.h"
#include "seatls/simulated_nitro.h"

namespace seatls::attest::simulated {

class NitroModule {
 public:
  // Errors: configuration.
  [[nodiscard]] static Result<NitroModule> make(SimulatedNitroOptions options);

  // document returns a signed attestation document. `edit` may change its map before it is signed.
  using Edit = std::function<void(codec::cbor::Map& document)>;
  [[nodiscard]] Result<Bytes> document(ByteView nonce, Time at, const Edit& edit = {}) const;

  [[nodiscard]] const crypto::Certificate& root() const { return chain_.front(); }
  [[nodiscard]] const SimulatedNitroOptions& options() const { return options_; }

 private:
  NitroModule(SimulatedNitroOptions options, crypto::PrivateKey key, std::vector<crypto::Certificate> chain)
      : options_(std::move(options)), key_(std::move(key)), chain_(std::move(chain)) {}

  SimulatedNitroOptions options_;
  crypto::PrivateKey key_;                  // of the last certificate
  std::vector<crypto::Certificate> chain_;  // from the root on
};

}  // namespace seatls::attest::simulated
