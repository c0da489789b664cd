// The platform below a quote: its PCK certificate and the collateral about it, verified together. None of
// this changes from quote to quote, so what verified once is remembered.
#pragma once

#include <memory>
#include <vector>

#include "appraise/findings.h"
#include "appraise/schemes/intel/collateral.h"
#include "appraise/schemes/intel/pck.h"
#include "seatls/intel_policy.h"

namespace seatls::appraise::intel {

struct Platform {
  Pck pck;
  TcbInfo tcb_info;
  QeIdentity qe_identity;
  bool simulated = false;  // below a root that the policy names as simulated
  Time from{}, until{};    // while all of this holds
};

struct PlatformQuery {
  Tee tee;
  const Quote& quote;
  const std::vector<IntelCollateral>& collateral;
  const std::vector<Bytes>& simulated_roots;  // DER
  Time at{};
};

// verify_platform returns the platform, once: the PCK's chain leads to Intel's root (or to a simulated
// one) and nothing in it is revoked; collateral for this model of platform is there; TCB info and QE
// identity are signed by "Intel SGX TCB Signing" below the same root; all of it holds at the given time.
// Otherwise null, and findings name each objection.
[[nodiscard]] std::shared_ptr<const Platform> verify_platform(const PlatformQuery& query, Findings& findings);

}  // namespace seatls::appraise::intel
