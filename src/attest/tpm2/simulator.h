// A TPM 2.0 in software (swtpm), for the demo and for tests: started on free ports of the loopback,
// with its state in a folder. Whoever may connect to the port may use it: no protection, no secrets.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "seatls/error.h"

namespace seatls::attest::tpm2 {

struct SimulatorOptions {
  // The TPM's state, and its manufacturer's CA. Kept when it is there already: the same TPM again.
  std::filesystem::path directory;
  // Make endorsement keys and their certificates (swtpm_setup, about two seconds).
  bool certificates = false;
};

class Simulator {
 public:
  // missing returns why no simulator can be started here ("swtpm is not installed: …"), or "".
  [[nodiscard]] static std::string missing(bool certificates);
  // start returns once the TPM answers. The process ends with the thread that called this, at the
  // latest. Errors: tpm, io.
  [[nodiscard]] static Result<std::unique_ptr<Simulator>> start(const SimulatorOptions& options);
  ~Simulator();  // stops it; the folder stays

  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  [[nodiscard]] const std::string& tcti() const { return tcti_; }
  // The CA certificates (PEM) that the endorsement key certificates chain to.
  [[nodiscard]] std::filesystem::path ca_root() const;
  [[nodiscard]] std::filesystem::path ca_issuer() const;
  // measure extends a PCR, in every bank, with the digest of `what`: as firmware measures what it
  // starts. Errors: tpm.
  [[nodiscard]] Result<void> measure(unsigned pcr, std::string_view what) const;
  [[nodiscard]] pid_t pid() const { return pid_; }
  // kill ends it at once, as a power cut does; stop lets it save its state.
  void kill();
  void stop();

 private:
  Simulator(std::filesystem::path directory, pid_t pid, std::string tcti)
      : directory_(std::move(directory)), pid_(pid), tcti_(std::move(tcti)) {}
  void end(int signal);
  std::filesystem::path directory_;
  pid_t pid_;
  std::string tcti_;
};

}  // namespace seatls::attest::tpm2
