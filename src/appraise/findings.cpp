#include "appraise/findings.h"

#include <algorithm>

namespace seatls::appraise {

void Findings::take(const std::string& label, Findings part) {
  for (auto& row : part.rows_) {
    row.reason.path = row.reason.path.empty() ? label : label + " > " + row.reason.path;
    rows_.push_back(std::move(row));
  }
}

bool Findings::refused() const {
  return std::ranges::any_of(rows_, [](const Row& r) { return r.reason.fatal; });
}

bool Findings::refused_at(Stage stage) const {
  return std::ranges::any_of(rows_, [&](const Row& r) { return r.reason.fatal && r.stage == stage; });
}

std::vector<Reason> Findings::reasons() const {
  auto rows = rows_;
  std::ranges::stable_sort(rows, {}, &Row::stage);
  std::vector<Reason> reasons;
  for (auto& row : rows) reasons.push_back(std::move(row.reason));
  return reasons;
}

}  // namespace seatls::appraise
