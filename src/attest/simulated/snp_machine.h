// A processor with SEV-SNP that does not exist: it writes reports as the firmware does, byte for byte, and
// signs them with a key that its own root vouches for. Every issuer's name says that it is simulated.
#pragma once

#include <functional>
#include <vector>

#include "crypto/x509.h"
#include "seatls/simulated_snp.h"

namespace seatls::attest {

class SnpMachine {
 public:
  // Errors: configuration.
  [[nodiscard]] static Result<SnpMachine> make(const SimulatedSnpOptions& options);

  // report returns a signed ATTESTATION_REPORT. `edit` may change what is signed.
  using Edit = std::function<void(Bytes& to_be_signed)>;
  [[nodiscard]] Result<Bytes> report(ByteView report_data, const Edit& edit = {}) const;
  // certificate_table returns struct cert_table with the VCEK (or VLEK), the ASK (or ASVK) and the ARK.
  [[nodiscard]] Bytes certificate_table() const;

  [[nodiscard]] const crypto::Certificate& ark() const { return ark_; }
  [[nodiscard]] const crypto::Certificate& ask() const { return ask_; }
  [[nodiscard]] const crypto::Certificate& vek() const { return vek_; }
  [[nodiscard]] const crypto::PrivateKey& ark_key() const { return ark_key_; }

 private:
  SnpMachine(SimulatedSnpOptions options, crypto::PrivateKey ark_key, crypto::PrivateKey vek_key,
             crypto::Certificate ark, crypto::Certificate ask, crypto::Certificate vek);

  SimulatedSnpOptions options_;
  crypto::PrivateKey ark_key_, vek_key_;
  crypto::Certificate ark_, ask_, vek_;
};

}  // namespace seatls::attest
