// The quoting enclave of a made-up Intel platform: a root that is not Intel's, certificates, collateral, and
// signatures in the order in which a quote holds them.
#pragma once

#include <string>
#include <string_view>

#include "attest/simulated/issuers.h"
#include "seatls/simulated_intel.h"

namespace seatls::attest::simulated {

enum class IntelTee : std::uint8_t { sgx, tdx };

class QuotingEnclave {
 public:
  // Errors: configuration.
  [[nodiscard]] static Result<QuotingEnclave> make(IntelTee tee, const SimulatedIntelOptions& options);

  [[nodiscard]] const crypto::Certificate& root() const { return state_.impl()->issuers.front().certificate; }
  [[nodiscard]] const SimulatedPlatform& state() const { return state_; }
  [[nodiscard]] const std::string& collateral() const { return collateral_; }

  // header returns what a quote of that version starts with, 48 bytes.
  [[nodiscard]] Bytes header(std::uint16_t version) const;
  // quote returns a whole quote. `signed_part` is header and body. Version 3 holds the parts of certification
  // one behind the other, later ones nest them.
  [[nodiscard]] Result<Bytes> quote(const Bytes& signed_part) const;

 private:
  QuotingEnclave(IntelTee tee, SimulatedPlatform state, std::string chain_pem, std::string collateral,
                 crypto::PrivateKey pck, crypto::PrivateKey attestation_key);

  IntelTee tee_;
  SimulatedPlatform state_;  // the root, and the CA of PCKs
  std::string chain_pem_;
  std::string collateral_;
  crypto::PrivateKey pck_, attestation_key_;
};

// write_enclave_report writes the 384 bytes that an enclave reports about itself.
struct EnclaveReportFields {
  ByteView attributes, mr_enclave, mr_signer;  // 16, 32 and 32 bytes
  std::uint16_t isv_prod_id = 0, isv_svn = 0;
  ByteView report_data;  // 64 bytes
};
[[nodiscard]] Bytes write_enclave_report(const EnclaveReportFields& fields);

}  // namespace seatls::attest::simulated
