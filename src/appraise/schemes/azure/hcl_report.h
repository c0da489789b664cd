// The report that the paravisor of an Azure confidential VM ("host compatibility layer") keeps in its virtual
// TPM, at NV index 0x01400001: the processor's report, and what that report's report data is the hash of.
// Layout: struct AttestationReport of github.com/kinvolk/azure-cvm-tooling. Little endian throughout.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "appraise/schemes/intel/quote.h"
#include "appraise/schemes/snp/report.h"
#include "crypto/signature.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::appraise::azure {

// What the paravisor says of the VM: JSON, as it stands there. It is what the report data is the hash of.
//   {"keys": [{"kid": "HCLAkPub", "kty": "RSA", "n": …, "e": …}, …], "vm-configuration": {…}, "user-data":
//   hex}
struct VariableData {
  Bytes raw;
  crypto::PublicKey ak;                                            // of the virtual TPM
  std::vector<std::pair<std::string, std::string>> configuration;  // texts bare, all else as JSON
  std::optional<Bytes> user_data;                                  // 64 bytes; absent in early versions
};

struct HclReport {
  std::uint32_t version = 0;
  std::uint32_t request_type = 0;
  Bytes hardware_raw;  // 1184 bytes, or 1024 of a TDREPORT
  std::variant<snp::Report, intel::TdReport> hardware;
  Hash hash = Hash::sha256;
  VariableData variable;

  [[nodiscard]] const snp::Report* snp() const { return std::get_if<snp::Report>(&hardware); }
  [[nodiscard]] const intel::TdReport* td() const { return std::get_if<intel::TdReport>(&hardware); }
  // expected_report_data is what the processor's report must hold: the hash, then zeros.
  [[nodiscard]] Bytes expected_report_data() const;
};

// parse_hcl_report reads one report, padded with zeros at will. Errors: decode; unknown_value for versions,
// types and hashes that are not known.
[[nodiscard]] Result<HclReport> parse_hcl_report(ByteView raw);

// is_hcl_report tells one by its first bytes.
[[nodiscard]] bool is_hcl_report(ByteView raw);

}  // namespace seatls::appraise::azure
