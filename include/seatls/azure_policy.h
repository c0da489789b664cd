// AzurePolicy: what evidence of an Azure confidential VM must say. Part of a Policy; docs/usage/policy.md
// tells every key.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/expect.h"
#include "seatls/keys.h"
#include "seatls/result.h"

namespace seatls {

// AzurePolicy judges the virtual TPM and what the paravisor says of the VM. The hardware below it is judged
// by the sections of its TEE (snp, tdx), all but its report data, which names the virtual TPM's key.
struct AzurePolicy {
  std::vector<std::string> tees;                           // accepted: "sev-snp", "tdx"; one must be set
  std::map<Hash, std::map<unsigned, Expect<Bytes>>> pcrs;  // of the virtual TPM; one must be set
  bool require_event_log = false;                          // one that is there must replay in any case
  // Members of "vm-configuration" by name, as JSON writes their values: {"secure-boot", "true"}.
  std::map<std::string, Expect<std::string>> vm;
  Expect<Bytes> user_data;           // 64 bytes, from whoever runs in the VM. Unset: zeros, or none
  std::optional<KeyProvenance> key;  // default: proven
};

}  // namespace seatls
