// ResultMint: the only maker of an AttestationResult (include/seatls/result.h).
#pragma once

#include <optional>

#include "appraise/context.h"
#include "seatls/result.h"

namespace seatls::appraise {

class ResultMint {
 public:
  // mint makes a result of what it is about (`parts`), and of what appraisal came to: a refusal where
  // anything was refused.
  [[nodiscard]] static AttestationResult mint(ResultParts parts, std::optional<Assessment> assessment,
                                              const Findings& findings);
  // The same for parts that hold a judgement already.
  [[nodiscard]] static AttestationResult mint(ResultParts parts);
};

}  // namespace seatls::appraise
