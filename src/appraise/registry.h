// The table of schemes. A scheme is a folder below schemes/ with three stages, and one line here.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "appraise/context.h"
#include "appraise/findings.h"
#include "seatls/cmw.h"

namespace seatls::appraise {

struct Scheme {
  std::string_view name;  // in policies and in SchemeTable
  bool is_result;         // a passport: judged by its lifetime, and not by a binder
  // judge runs the three stages. Empty when the credential did not verify; then findings say why.
  std::optional<Assessment> (*judge)(const Cmw&, const Context&, Findings&);
};

[[nodiscard]] std::span<const Scheme> registry();
[[nodiscard]] const Scheme* find_scheme(std::string_view name);

}  // namespace seatls::appraise
