#include "appraise/registry.h"

#include <algorithm>
#include <array>

#include "appraise/schemes/azure/appraise.h"
#include "appraise/schemes/cca/appraise.h"
#include "appraise/schemes/compound/judge.h"
#include "appraise/schemes/event_log/appraise.h"
#include "appraise/schemes/nitro/appraise.h"
#include "appraise/schemes/nvidia/appraise.h"
#include "appraise/schemes/psa/appraise.h"
#include "appraise/schemes/result/appraise.h"
#include "appraise/schemes/sgx/appraise.h"
#include "appraise/schemes/snp/appraise.h"
#include "appraise/schemes/software/appraise.h"
#include "appraise/schemes/tdx/appraise.h"
#include "appraise/schemes/tpm/appraise.h"

namespace seatls::appraise {
namespace {

// stages drives one credential: parse, verify, appraise. Each stage takes what only the one before can
// make. What did not verify is still held against the policy, so that an operator sees every
// objection at once; nothing of that gets into a result.
template <auto parse, auto verify, auto appraise, auto foresee>
std::optional<Assessment> stages(const Cmw& credential, const Context& context, Findings& findings) {
  auto parsed = parse(credential);
  if (!parsed) {
    findings.refuse(Stage::parse, as_malformed(std::move(parsed).error()));
    return std::nullopt;
  }
  const auto verified = verify(*parsed, context, findings);
  if (verified) return appraise(*verified, context, findings);
  foresee(*parsed, context, findings);
  return std::nullopt;
}

constexpr std::array schemes = {
    Scheme{"tpm2", false, stages<tpm::parse, tpm::verify, tpm::appraise, tpm::foresee>},
    Scheme{"tdx", false, stages<tdx::parse, tdx::verify, tdx::appraise, tdx::foresee>},
    Scheme{"sgx", false, stages<sgx::parse, sgx::verify, sgx::appraise, sgx::foresee>},
    Scheme{"sev-snp", false, stages<snp::parse, snp::verify, snp::appraise, snp::foresee>},
    Scheme{"nitro", false, stages<nitro::parse, nitro::verify, nitro::appraise, nitro::foresee>},
    Scheme{"azure", false, stages<azure::parse, azure::verify, azure::appraise, azure::foresee>},
    Scheme{"cca", false, stages<cca::parse, cca::verify, cca::appraise, cca::foresee>},
    Scheme{"psa", false, stages<psa::parse, psa::verify, psa::appraise, psa::foresee>},
    Scheme{"software", false,
           stages<software::parse, software::verify, software::appraise, software::foresee>},
    Scheme{"nvidia", false, stages<nvidia::parse, nvidia::verify, nvidia::appraise, nvidia::foresee>},
    Scheme{"event-log", false,
           stages<event_log::parse, event_log::verify, event_log::appraise, event_log::foresee>},
    Scheme{"compound", false, compound::judge},
    Scheme{"result", true, stages<result::parse, result::verify, result::appraise, result::foresee>},
};

}  // namespace

std::span<const Scheme> registry() { return schemes; }

const Scheme* find_scheme(std::string_view name) {
  const auto found = std::ranges::find(schemes, name, &Scheme::name);
  return found == schemes.end() ? nullptr : &*found;
}

}  // namespace seatls::appraise
