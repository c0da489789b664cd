// A processor with SEV-SNP that does not exist: it writes reports as the firmware does, byte for byte, and
// signs them with a key that its own root vouches for. Every issuer's name says that it is simulated.
#pragma once

#include <functional>
#include <vector>

#include "attest/simulated/issuers.h"
#include "seatls/simulated_snp.h"

namespace seatls::attest::simulated {

class SnpMachine {
 public:
  // Errors: configuration.
  [[nodiscard]] static Result<SnpMachine> make(SimulatedSnpOptions options);

  // report returns a signed ATTESTATION_REPORT. `edit` may change what is signed.
  using Edit = std::function<void(Bytes& to_be_signed)>;
  [[nodiscard]] Result<Bytes> report(ByteView report_data, const Edit& edit = {}) const;
  // certificate_table returns struct cert_table with the VCEK (or VLEK), the ASK (or ASVK) and the ARK.
  [[nodiscard]] Bytes certificate_table() const;

  [[nodiscard]] const SimulatedSnpOptions& options() const { return options_; }
  [[nodiscard]] const crypto::Certificate& ark() const { return maker().certificate; }
  [[nodiscard]] const crypto::Certificate& ask() const { return ask_; }
  [[nodiscard]] const crypto::Certificate& vek() const { return vek_; }
  [[nodiscard]] const crypto::PrivateKey& ark_key() const { return maker().key; }

 private:
  SnpMachine(SimulatedSnpOptions options, crypto::Certificate ask, crypto::Certificate vek,
             crypto::PrivateKey vek_key)
      : options_(std::move(options)),
        ask_(std::move(ask)),
        vek_(std::move(vek)),
        vek_key_(std::move(vek_key)) {}
  [[nodiscard]] const SimulatedPlatform::Impl::CertifiedKey& maker() const {
    return options_.platform.impl()->issuers.front();
  }

  SimulatedSnpOptions options_;
  crypto::Certificate ask_, vek_;
  crypto::PrivateKey vek_key_;
};

}  // namespace seatls::attest::simulated
