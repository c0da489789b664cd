// The pipeline that every credential goes through: type, then the scheme's parse, verify and appraise,
// then what is judged alike for all schemes. It is the only maker of an AttestationResult.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "appraise/context.h"
#include "seatls/cmw.h"
#include "seatls/result.h"
#include "seatls/scheme.h"
#include "seatls/verifier.h"
#include "seatls/verifiers.h"

namespace seatls::appraise {

// Job is one appraisal. Everything it refers to outlives it.
struct Job {
  const AttestationScheme& scheme;  // as negotiated
  const SchemeTable& table;
  const Cmw& credential;
  ByteView digest;  // SHA-256 of the credential's received bytes
  Context context;
  EvidenceCache* cache = nullptr;      // null: repeats are not looked for (offline)
  std::size_t largest = 65'528;        // bytes of evidence or of a result
  std::vector<std::string> dangers{};  // in force besides the policy's own
  std::vector<Error> missing{};        // collateral that is needed and could not be had: each refuses
};

// job_of is what a request to a verifier asks for, judged by `policy`. A binder without a key is that of a
// verifier service whose client named none: then none is compared, and the result says so.
[[nodiscard]] Job job_of(const AppraisalRequest& request, const LocalVerifierOptions& options,
                         const Policy& policy, Time now);

// run judges. It always comes to a result: a refusal says every reason that was found.
[[nodiscard]] AttestationResult run(const Job& job);

// run_all judges by each of the policies, the job's own among them, and puts the results together: what one
// refuses is refused. There is at least one.
[[nodiscard]] AttestationResult run_all(const Job& job, std::span<const Policy> policies);

}  // namespace seatls::appraise
