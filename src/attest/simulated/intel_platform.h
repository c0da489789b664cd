// Made-up machines of Intel: quotes of TDs and of enclaves, byte for byte as a quoting enclave writes them.
#pragma once

#include <functional>
#include <string>

#include "attest/simulated/quoting_enclave.h"
#include "seatls/simulated_sgx.h"
#include "seatls/simulated_tdx.h"

namespace seatls::attest::simulated {

// Edit may change what is signed.
using Edit = std::function<void(Bytes& to_be_signed)>;

// IntelMachine is a platform and what runs on it: a TD, or an enclave.
template <class Options, IntelTee tee>
class IntelMachine {
 public:
  // Errors: configuration.
  [[nodiscard]] static Result<IntelMachine> make(const Options& options);

  [[nodiscard]] const crypto::Certificate& root() const { return quoting_enclave_.root(); }
  [[nodiscard]] const SimulatedPlatform& state() const { return quoting_enclave_.state(); }
  [[nodiscard]] const std::string& collateral() const { return quoting_enclave_.collateral(); }
  // quote returns a quote whose REPORTDATA is `report_data`, 64 bytes.
  [[nodiscard]] Result<Bytes> quote(ByteView report_data, const Edit& edit = {}) const;

 private:
  IntelMachine(Options options, QuotingEnclave quoting_enclave)
      : options_(std::move(options)), quoting_enclave_(std::move(quoting_enclave)) {}
  [[nodiscard]] Bytes signed_part(ByteView report_data) const;

  Options options_;
  QuotingEnclave quoting_enclave_;
};

using IntelPlatform = IntelMachine<SimulatedTdxOptions, IntelTee::tdx>;
using SgxPlatform = IntelMachine<SimulatedSgxOptions, IntelTee::sgx>;

}  // namespace seatls::attest::simulated
