// What Intel TDX and SGX quotes must say: parts of a Policy. docs/usage/policy.md tells every key.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/expect.h"
#include "seatls/result.h"

namespace seatls {

// IntelCollateral is what Intel publishes about one model of platform: TCB info, QE identity, revocation
// lists. It is read here, and verified, at the time of judgement, with each quote that needs it.
class IntelCollateral {
 public:
  // parse reads the JSON that DCAP tools keep. Errors: decode; unknown_value for other versions.
  [[nodiscard]] static Result<IntelCollateral> parse(std::string_view json);

  struct Impl;  // src/appraise
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  explicit IntelCollateral(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// IntelTcbPolicy judges the platform below a quote. Collateral must be there: without it nothing tells a
// sound platform from a broken one.
struct IntelTcbPolicy {
  std::vector<IntelCollateral> collateral;
  std::vector<std::string> tcb_status = {"UpToDate"};  // accepted; "Revoked" never is
  Expect<std::string> advisories;  // accepted in TCB levels that are; unset: none may be open
  std::optional<std::int64_t> tcb_evaluation_at_least;  // tcbEvaluationDataNumber of the collateral
};

// TdxPolicy judges TDX quotes. mr_td and every RTMR must be set; what else is unset must be zero, or, for
// the attributes, harmless.
struct TdxPolicy {
  IntelTcbPolicy tcb;
  Expect<Bytes> mr_td;
  std::array<Expect<Bytes>, 4> rtmr;
  Expect<Bytes> mr_seam;         // unset: the TDX module is judged by Intel's collateral alone
  Expect<Bytes> mr_signer_seam;  // unset: that of the collateral, Intel's (zero)
  Expect<Bytes> mr_config_id, mr_owner, mr_owner_config;
  Expect<Bytes> mr_service_td;  // and the service TD's hashes of TD 1.5 extended
  Expect<Bytes> td_attributes;  // 8 bytes as in the quote. Unset: SEPT_VE_DISABLE set, no debug, no migration
  Expect<Bytes> xfam;
  std::optional<Bytes> tee_tcb_svn_at_least;  // 16 bytes, compared one by one
  std::optional<KeyProvenance> key;           // default: measured
};

// SgxPolicy judges SGX quotes: by MRENCLAVE, or by MRSIGNER together with product and version.
struct SgxPolicy {
  IntelTcbPolicy tcb;
  Expect<Bytes> mr_enclave;
  Expect<Bytes> mr_signer;
  Expect<std::int64_t> isv_prod_id;
  std::optional<std::int64_t> isv_svn_at_least;
  Expect<Bytes> attributes;  // flags and XFRM, 16 bytes as in the quote. Unset: no debug, no odd flags
  Expect<Bytes> config_id;   // unset: zero
  std::optional<KeyProvenance> key;  // default: measured
};

}  // namespace seatls
