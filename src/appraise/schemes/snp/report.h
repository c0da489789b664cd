// The attestation report of AMD SEV-SNP, versions 2 to 5: "SEV Secure Nested Paging Firmware ABI
// Specification" (AMD 56860), table ATTESTATION_REPORT. Little endian throughout.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/snp_policy.h"

namespace seatls::appraise::snp {

inline constexpr std::size_t report_size = 0x4A0, signed_size = 0x2A0;

// RawTcb is a TCB_VERSION as it stands there: which byte is which component depends on the product.
using RawTcb = std::array<std::uint8_t, 8>;

// read_tcb names the components. Errors: unknown_value for a byte that the product reserves.
[[nodiscard]] Result<SnpTcb> read_tcb(const RawTcb& raw, SnpProduct product);

enum class SigningKey : std::uint8_t { vcek = 0, vlek = 1, none = 7 };
[[nodiscard]] std::string_view name(SigningKey key);  // "VCEK"

struct Cpuid {
  std::uint8_t family = 0, model = 0, stepping = 0;  // family and model with their extensions
};
struct FirmwareVersion {
  std::uint8_t major = 0, minor = 0, build = 0;
  bool operator==(const FirmwareVersion&) const = default;
};

struct Report {
  std::uint32_t version = 0;
  std::uint32_t guest_svn = 0;
  std::uint64_t policy = 0;
  std::array<std::uint8_t, 16> family_id{}, image_id{};
  std::uint32_t vmpl = 0;
  std::uint32_t signature_algo = 0;
  RawTcb current_tcb{};
  std::uint64_t platform_info = 0;
  bool author_key_en = false, mask_chip_key = false;
  SigningKey signing_key = SigningKey::none;
  std::array<std::uint8_t, 64> report_data{};
  std::array<std::uint8_t, 48> measurement{};
  std::array<std::uint8_t, 32> host_data{};
  std::array<std::uint8_t, 48> id_key_digest{}, author_key_digest{};
  std::array<std::uint8_t, 32> report_id{}, report_id_ma{};
  RawTcb reported_tcb{};
  std::optional<Cpuid> cpuid;  // from version 3 on
  std::array<std::uint8_t, 64> chip_id{};
  RawTcb committed_tcb{};
  FirmwareVersion current, committed;
  RawTcb launch_tcb{};
  std::optional<std::uint64_t> launch_mit_vector, current_mit_vector;  // from version 5 on
  std::array<std::uint8_t, 72> r{}, s{};                               // of the signature

  Bytes signed_part;  // the first 0x2A0 bytes, as received
};

// parse_report reads exactly one report. What the specification reserves must be zero.
[[nodiscard]] Result<Report> parse_report(ByteView data);

// product_of tells the generation of a processor, or nothing for one that is not known.
[[nodiscard]] std::optional<SnpProduct> product_of(const Cpuid& cpuid);

}  // namespace seatls::appraise::snp
