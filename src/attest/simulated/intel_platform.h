// A made-up Intel platform: a root that is not Intel's, certificates, collateral, and quotes byte for byte as
// a quoting enclave writes them.
#pragma once

#include <string>

#include "crypto/x509.h"
#include "seatls/simulated.h"

namespace seatls::attest::simulated {

class IntelPlatform {
 public:
  // Errors: configuration.
  [[nodiscard]] static Result<IntelPlatform> make(const SimulatedTdxOptions& options);

  [[nodiscard]] const crypto::Certificate& root() const { return root_; }
  [[nodiscard]] const std::string& collateral() const { return collateral_; }
  // quote returns a TDX quote whose REPORTDATA is `report_data`, 64 bytes.
  [[nodiscard]] Result<Bytes> quote(ByteView report_data) const;

 private:
  IntelPlatform(const SimulatedTdxOptions& options, crypto::Certificate root, std::string chain_pem,
                std::string collateral, crypto::PrivateKey pck, crypto::PrivateKey attestation_key);
  [[nodiscard]] Bytes signed_part(ByteView report_data) const;

  unsigned version_;
  Bytes mr_td_, td_attributes_, tee_tcb_svn_;
  std::array<Bytes, 4> rtmr_;
  crypto::Certificate root_;
  std::string chain_pem_;
  std::string collateral_;
  crypto::PrivateKey pck_, attestation_key_;
};

}  // namespace seatls::attest::simulated
