// SnpPolicy: what AMD SEV-SNP evidence must say. Part of a Policy; docs/usage/policy.md tells every key.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/expect.h"
#include "seatls/result.h"

namespace seatls {

// SnpProduct is a generation of processors: it has a root key of its own, and a layout of TCB versions.
enum class SnpProduct : std::uint8_t { milan, genoa, turin };
[[nodiscard]] std::string_view name(SnpProduct product);  // "Milan", as AMD spells it

// SnpTcb is a level of the firmware, component by component. Levels are compared by component, and never
// as numbers. `fmc` is a component of Turin alone.
struct SnpTcb {
  std::uint8_t fmc = 0, bootloader = 0, tee = 0, snp = 0, microcode = 0;
  [[nodiscard]] bool is_at_least(const SnpTcb& floor) const {
    return fmc >= floor.fmc && bootloader >= floor.bootloader && tee >= floor.tee && snp >= floor.snp &&
           microcode >= floor.microcode;
  }
  bool operator==(const SnpTcb&) const = default;
};
[[nodiscard]] std::string to_text(const SnpTcb& tcb);  // "bootloader 3, tee 0, snp 8, …"; fmc if any

// SnpTcbFloor is the lowest accepted level of each of the four that a report holds.
struct SnpTcbFloor {
  std::optional<SnpTcb> reported;  // what the VCEK stands for; must be set
  std::optional<SnpTcb> committed, current, launch;
};

// Bits of POLICY, which the guest's owner fixed at launch, and of PLATFORM_INFO.
namespace snp {
inline constexpr std::uint64_t policy_smt = 1ULL << 16, policy_migrate_ma = 1ULL << 18,
                               policy_debug = 1ULL << 19, policy_single_socket = 1ULL << 20,
                               policy_cxl = 1ULL << 21, policy_mem_aes_256_xts = 1ULL << 22,
                               policy_rapl_disabled = 1ULL << 23, policy_ciphertext_hiding = 1ULL << 24,
                               policy_page_swap_disabled = 1ULL << 25;
inline constexpr std::uint64_t platform_smt = 1U << 0, platform_tsme = 1U << 1, platform_ecc = 1U << 2,
                               platform_rapl_disabled = 1U << 3, platform_ciphertext_hiding = 1U << 4,
                               platform_alias_check_complete = 1U << 5, platform_tio = 1U << 7;
}  // namespace snp

struct SnpPolicy {
  Expect<Bytes> measurement;  // 48 bytes; must be set
  // What the guest's owner or the host put there. Unset: only zeros, which is nothing.
  Expect<Bytes> host_data;          // 32 bytes
  Expect<Bytes> id_key_digest;      // 48 bytes
  Expect<Bytes> author_key_digest;  // 48 bytes
  Expect<Bytes> family_id;          // 16 bytes
  Expect<Bytes> image_id;           // 16 bytes
  std::vector<unsigned> vmpl = {0};
  std::uint32_t guest_svn_at_least = 0;
  std::uint64_t permit = 0;                  // bits of POLICY that may be set, of smt, migrate_ma and cxl
  std::uint64_t demand = 0;                  // bits of POLICY that must be set
  std::uint64_t demand_platform = 0;         // bits of PLATFORM_INFO that must be set
  bool permit_provisional_firmware = false;  // current firmware that can still be rolled back
  std::map<SnpProduct, SnpTcbFloor> tcb;     // a product that has none is not accepted; one must be set
  Expect<std::string> vlek;                  // csp_id of accepted VLEKs. Unset: VCEKs alone
  std::vector<Bytes> certificates;           // DER: VCEKs, VLEKs and their issuers, beside the evidence's
  std::vector<Bytes> crls;                   // DER: when there is one, each ASK must be in its ARK's
  std::optional<KeyProvenance> key;          // default: measured
};

}  // namespace seatls
