// What the security versions of a platform are worth: the evaluation of Intel's TCB info.
#pragma once

#include <string>
#include <vector>

#include "appraise/context.h"
#include "appraise/schemes/intel/platform.h"
#include "seatls/intel_policy.h"

namespace seatls::appraise::intel {

// Tcb is the verdict of the collateral about one quote: the worst of platform, TDX module and quoting
// enclave.
struct Tcb {
  TcbStatus status = TcbStatus::revoked;
  TcbStatus platform = TcbStatus::revoked;
  std::optional<TcbStatus> module;  // TDX only
  TcbStatus qe = TcbStatus::revoked;
  std::string date;                     // of the platform's level
  std::vector<std::string> advisories;  // of all levels that were met, sorted, none twice
};

// TcbInput is what of a quote counts for its TCB.
struct TcbInput {
  const Pck& pck;
  std::uint16_t qe_isv_svn = 0;
  const TdReport* td = nullptr;  // null: SGX
};

// evaluate_tcb follows "Intel SGX and TDX: TCB level selection". Errors: tcb_rejected where no level is met
// (the platform is older than everything that Intel lists) or the TDX module is not one that is listed.
[[nodiscard]] Result<Tcb> evaluate_tcb(const TcbInput& input, const TcbInfo& info, const QeIdentity& qe);

// judge_platform evaluates the TCB, holds it against a policy, and tells it and the platform's identifiers;
// `section` is the policy's name for the scheme ("tdx"). It returns the AR4SI value of the claim `hardware`.
[[nodiscard]] std::int8_t judge_platform(const Platform& platform, const TcbInput& input,
                                         const IntelTcbPolicy& policy, const std::string& section,
                                         Assessment& a, Findings& findings);

}  // namespace seatls::appraise::intel
