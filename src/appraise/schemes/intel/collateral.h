// What Intel publishes about platforms: TCB info (version 3), QE identity (version 2), revocation lists,
// and the chains of who signed them. Read here, verified in platform.cpp.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "appraise/schemes/intel/quote.h"
#include "appraise/schemes/intel/status.h"
#include "crypto/x509.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/intel_policy.h"
#include "seatls/result.h"

namespace seatls::appraise::intel {

struct TcbLevel {
  std::array<std::uint16_t, 16> sgx{};
  std::array<std::uint16_t, 16> tdx{};  // TDX only
  std::uint16_t pce_svn = 0;
  TcbStatus status = TcbStatus::revoked;
  std::string date;
  std::vector<std::string> advisories;
};

// SvnLevel judges one security version: of a TDX module, of a quoting enclave.
struct SvnLevel {
  std::uint16_t isv_svn = 0;
  TcbStatus status = TcbStatus::revoked;
  std::string date;
  std::vector<std::string> advisories;
};

struct TdxModule {
  std::string id;                     // "TDX_01"; empty: the module of generation 0
  Bytes mr_signer;                    // 48 bytes
  Bytes attributes, attributes_mask;  // 8 bytes
  std::vector<SvnLevel> levels;       // newest first
};

struct TcbInfo {
  Tee tee = Tee::sgx;
  Time issued{}, next_update{};
  Bytes fmspc, pce_id;
  std::int64_t evaluation = 0;  // tcbEvaluationDataNumber
  std::optional<TdxModule> module;
  std::vector<TdxModule> module_identities;
  std::vector<TcbLevel> levels;  // newest first
};

struct QeIdentity {
  std::string id;  // "QE", "TD_QE"
  Time issued{}, next_update{};
  std::int64_t evaluation = 0;
  std::uint32_t misc_select = 0, misc_select_mask = 0;
  Bytes attributes, attributes_mask;  // 16 bytes
  Bytes mr_signer;                    // 32 bytes
  std::uint16_t isv_prod_id = 0;
  std::vector<SvnLevel> levels;  // newest first
};

// Signed is JSON as it was served, byte for byte: that is what the signature is over.
template <class T>
struct Signed {
  std::string raw;
  Bytes signature;  // r‖s
  std::vector<crypto::Certificate> chain;
  T value;
};

struct Bundle {
  Bytes root_ca_crl, pck_crl;  // DER
  std::vector<crypto::Certificate> pck_crl_chain;
  std::vector<crypto::Certificate> pck_chain;  // of one platform, for quotes that do not bring it; or empty
  Signed<TcbInfo> tcb_info;
  Signed<QeIdentity> qe_identity;
  Bytes digest;  // SHA-256 of the text that all this was read from
};

// read_bundle reads a JSON object as DCAP tools keep it (docs/usage/policy.md): pck_crl_issuer_chain,
// root_ca_crl, pck_crl, tcb_info_issuer_chain, tcb_info, tcb_info_signature, qe_identity_issuer_chain,
// qe_identity, qe_identity_signature; pck_certificate_chain where there is one. Chains are PEM, lists and
// signatures hex, TCB info and QE identity texts. Errors: decode; unknown_value for versions that are not
// known.
[[nodiscard]] Result<Bundle> read_bundle(std::string_view json);

// What IntelCollateral::parse takes for collateral that whoever appraises fetches (seatls/collateral.h).
inline constexpr std::string_view fetched_mark = R"({"fetched":true})";

[[nodiscard]] Result<TcbInfo> read_tcb_info(std::string_view json);
[[nodiscard]] Result<QeIdentity> read_qe_identity(std::string_view json);

}  // namespace seatls::appraise::intel

struct seatls::IntelCollateral::Impl {
  appraise::intel::Bundle bundle;
  bool fetched = false;  // it stands for what is to be fetched: the bundle is of no platform
};
