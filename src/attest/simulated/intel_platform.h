// A made-up Intel platform: a root that is not Intel's, certificates, collateral, and quotes byte for byte as
// a quoting enclave writes them.
#pragma once

#include <functional>
#include <string>

#include "attest/simulated/issuers.h"
#include "seatls/simulated_tdx.h"

namespace seatls::attest::simulated {

class IntelPlatform {
 public:
  // Errors: configuration.
  [[nodiscard]] static Result<IntelPlatform> make(const SimulatedTdxOptions& options);

  [[nodiscard]] const crypto::Certificate& root() const { return state_.impl()->issuers.front().certificate; }
  [[nodiscard]] const SimulatedPlatform& state() const { return state_; }
  [[nodiscard]] const std::string& collateral() const { return collateral_; }
  // quote returns a TDX quote whose REPORTDATA is `report_data`, 64 bytes. `edit` may change what is signed.
  using Edit = std::function<void(Bytes& to_be_signed)>;
  [[nodiscard]] Result<Bytes> quote(ByteView report_data, const Edit& edit = {}) const;

 private:
  IntelPlatform(SimulatedTdxOptions options, SimulatedPlatform state, std::string chain_pem,
                std::string collateral, crypto::PrivateKey pck, crypto::PrivateKey attestation_key);
  [[nodiscard]] Bytes signed_part(ByteView report_data) const;

  SimulatedTdxOptions options_;
  SimulatedPlatform state_;  // the root, and the CA of PCKs
  std::string chain_pem_;
  std::string collateral_;
  crypto::PrivateKey pck_, attestation_key_;
};

}  // namespace seatls::attest::simulated
