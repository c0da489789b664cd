// The attester of confidential VMs on Linux: what the guest's kernel reports over configfs-tsm
// (Documentation/ABI/testing/configfs-tsm-report), for Intel TDX, AMD SEV-SNP and Arm CCA alike.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seatls/attester.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls {

struct ConfigfsTsmOptions {
  std::vector<Spki> tiks{};                            // the keys that it attests
  std::string path = "/sys/kernel/config/tsm/report";  // elsewhere in a container, or in a test
  // SEV-SNP: the VMPL that reports are made for. Empty: the lowest number that the kernel allows.
  std::optional<unsigned> privlevel{};
};

// make_configfs_tsm_attester asks the kernel which TEE this is, and attests with it: the binder, padded with
// zeros to 64 bytes, is the report's own data. Each request has an entry, and a turn on the attester's
// thread.
//
// The kernel gives such evidence to every program that may write there. It proves what the guest runs, and
// the binder in it names the TLS key; that no other program of the guest asked for it is what the measured
// software has to see to. So the key is measured, never proven: docs/usage/confidential-vm.md.
//
// Errors: attester_unavailable with the path, the kernel's reason and the remedy; configuration for a
// privilege level that this TEE does not have.
[[nodiscard]] Result<std::shared_ptr<Attester>> make_configfs_tsm_attester(ConfigfsTsmOptions options);

struct RtmrOptions {
  unsigned index = 3;  // 2 and 3 are the guest's own
  std::string path = "/sys/devices/virtual/misc/tdx_guest/measurements";
};
// extend_rtmr extends a runtime register of a trust domain (Linux 6.16): RTMR = SHA-384(RTMR, then digest).
// It is how what a guest starts gets into its evidence. Returns the register as it is then. Errors:
// configuration for another register or a digest that does not have 48 bytes; attester_unavailable.
[[nodiscard]] Result<Bytes> extend_rtmr(ByteView digest, const RtmrOptions& options);

}  // namespace seatls
