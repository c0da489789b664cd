// Quotes of Intel TDX and SGX (DCAP, ECDSA): versions 3, 4 and 5. Integers are little endian; ECDSA keys
// and signatures are pairs of 32-byte numbers, big endian.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::appraise::intel {

template <std::size_t N>
using Field = std::array<std::uint8_t, N>;

enum class Tee : std::uint8_t { sgx, tdx };
[[nodiscard]] std::string_view name(Tee tee);  // "SGX", as TCB info spells it

inline constexpr Field<16> intel_qe_vendor = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                              0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

// sgx_report_body_t, 384 bytes.
struct EnclaveReport {
  Field<16> cpu_svn{};
  std::uint32_t misc_select = 0;
  Field<16> isv_ext_prod_id{};
  Field<16> attributes{};  // flags 8, XFRM 8
  Field<32> mr_enclave{}, mr_signer{};
  Field<64> config_id{};
  std::uint16_t isv_prod_id = 0, isv_svn = 0, config_svn = 0;
  Field<16> isv_family_id{};
  Field<64> report_data{};

  [[nodiscard]] bool debug() const { return (attributes[0] & 0x02) != 0; }
};

enum class TdBody : std::uint8_t { td_1_0, td_1_5, td_1_5_ex };
[[nodiscard]] std::string_view name(TdBody body);

// What body type 4 of version 5 has besides (885 bytes in all).
struct TdMigration {
  std::uint8_t vm_id = 0;
  Field<32> td_id{};
  Field<48> device_info{};
  Field<48> init_service_td_hash{};
  Field<8> init_service_td_attributes{};
  Field<16> init_cpu_svn{}, init_tee_tcb_svn{};
  Field<12> init_tee_fmspc{};
  Field<48> current_service_td_hash{};
  Field<8> current_service_td_attributes{};
};

// TD report body: 584 bytes (1.0), 648 (1.5), 885 (1.5 extended).
struct TdReport {
  TdBody body = TdBody::td_1_0;
  Field<16> tee_tcb_svn{};
  Field<48> mr_seam{}, mr_signer_seam{};
  Field<8> seam_attributes{};
  Field<8> td_attributes{}, xfam{};
  Field<48> mr_td{}, mr_config_id{}, mr_owner{}, mr_owner_config{};
  std::array<Field<48>, 4> rtmr{};
  Field<64> report_data{};
  // From 1.5 on.
  Field<16> tee_tcb_svn2{};
  Field<48> mr_service_td{};
  std::optional<TdMigration> migration;

  // debug says that the host can look into the TD.
  [[nodiscard]] bool debug() const { return (td_attributes[0] & 0x01) != 0; }
};

struct Quote {
  std::uint16_t version = 0;
  std::uint16_t att_key_type = 0;
  Tee tee = Tee::sgx;
  // Version 3 alone defines these; in later versions the place is reserved.
  std::uint16_t qe_svn = 0, pce_svn = 0;
  Field<16> qe_vendor{};
  Field<20> user_data{};
  std::variant<EnclaveReport, TdReport> body;
  Bytes signed_part;  // from the header to the end of the body
  Field<64> signature{};
  Field<64> attestation_key{};
  Bytes qe_report_raw;  // 384 bytes, which the PCK signs
  EnclaveReport qe_report;
  Field<64> qe_report_signature{};
  Bytes qe_auth_data;
  std::uint16_t certification_type = 0;
  Bytes certification;
  std::size_t padding = 0;  // bytes behind the quote: hypervisors fill their buffers

  [[nodiscard]] const EnclaveReport* enclave() const { return std::get_if<EnclaveReport>(&body); }
  [[nodiscard]] const TdReport* td() const { return std::get_if<TdReport>(&body); }
};

inline constexpr std::uint16_t pck_chain_pem = 5;  // certification data that verifies by itself

// parse_quote reads a quote of either TEE. Errors: decode; unknown_value for versions, key types and body
// types that are not known; algorithm_not_allowed for attestation keys that are not ECDSA P-256.
[[nodiscard]] Result<Quote> parse_quote(ByteView raw);

[[nodiscard]] EnclaveReport read_enclave_report(ByteView raw_384_bytes);

}  // namespace seatls::appraise::intel
