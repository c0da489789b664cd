// A relay between the TPM's user and the simulator, for what a real machine does at bad moments: other
// programs extend PCRs, the TPM is an older one, the connection breaks in the middle of a command.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "seatls/bytes.h"

namespace seatls::fake {

class TpmRelay {
 public:
  using Transact = std::function<Bytes(const Bytes& command)>;  // asks the TPM
  // A Hook sees every command and answers for the TPM, which it may ask. No answer breaks the
  // connection.
  using Hook = std::function<Bytes(std::uint32_t code, const Bytes& command, const Transact& tpm)>;

  // `tcti` is a simulator's ("swtpm:host=127.0.0.1,port=…"); tcti() is the relay's own.
  TpmRelay(const std::string& tcti, Hook hook);
  ~TpmRelay();
  [[nodiscard]] std::string tcti() const;

 private:
  void serve_data();
  void serve_control();
  void one_connection(int client, int tpm);
  Hook hook_;
  std::uint16_t target_ = 0, port_ = 0;
  int data_ = -1, control_ = -1;
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace seatls::fake
