// What fuzz targets of schemes share: evidence of any bytes, judged.
#pragma once

#include <string_view>

#include "appraise/registry.h"
#include "fuzz/fuzz.h"

namespace seatls::fuzz {

inline Cmw evidence_of(std::string_view scheme, const std::uint8_t* data, std::size_t size) {
  return Cmw(CmwRecord{*SchemeTable::defaults().find(scheme), bytes({data, size}), 0});
}

// demand_reason: what cannot be read says why.
inline void demand_reason(const Error& error) { demand(!error.detail.empty() || !error.path.empty()); }

// demand_refused: nothing passes that nobody signed, and it is said why.
inline void demand_refused(std::string_view scheme, const Cmw& cmw, const Policy& policy) {
  const Bytes binder(32, 7);
  appraise::Context context{policy, binder, nullptr, "", Time{std::chrono::seconds{1795255200}}};
  context.table = &SchemeTable::defaults();
  appraise::Findings findings;
  demand(!appraise::find_scheme(scheme)->judge(cmw, context, findings));
  demand(findings.refused());
  for (const auto& reason : findings.reasons()) demand(!reason.detail.empty() || !reason.path.empty());
}

}  // namespace seatls::fuzz
