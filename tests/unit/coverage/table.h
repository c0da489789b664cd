// The rows of docs/coverage.md: what seatls says of each sample, beside what others say of it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "support/verdict.h"

namespace seatls::testing::coverage {

struct Row {
  std::string sample, judged, expected, given;
  bool agrees = false;
};

class Table {
 public:
  void verdict(Row row) { verdicts_.push_back(std::move(row)); }
  // recipe adds what became of a sample that was changed; each outcome must be the wanted one.
  void recipe(std::string sample, std::string recipe, const std::string& wanted,
              const std::set<std::string>& outcomes);
  void elsewhere(std::string sample, std::string where) {
    elsewhere_.push_back({std::move(sample), std::move(where)});
  }
  void not_covered(std::string sample, std::string why) {
    not_covered_.push_back({std::move(sample), std::move(why)});
  }

  [[nodiscard]] const std::vector<Row>& verdicts() const { return verdicts_; }
  [[nodiscard]] const std::vector<Row>& recipes() const { return recipes_; }
  // mentions tells whether any row is about a sample of this group.
  [[nodiscard]] bool mentions(const std::string& group) const;
  [[nodiscard]] std::string markdown() const;

 private:
  struct Remark {
    std::string sample, text;
  };
  std::vector<Row> verdicts_, recipes_;
  std::vector<Remark> elsewhere_, not_covered_;
};

// outcome_of is "accepted", or what refused: each code once, the first one first.
[[nodiscard]] std::string outcome_of(const Verdict& verdict);
// first_of is "accepted", or what refused first.
[[nodiscard]] std::string first_of(const Verdict& verdict);

// Signatures of a COSE_Sign1 that are none: a bit flipped, r or s zero, r not below the order, DER.
[[nodiscard]] std::vector<Bytes> with_bad_signatures(ByteView sign1);

// prefixes counts how many prefixes of `whole` something accepts.
template <class Accepts>
std::set<std::string> prefixes(ByteView whole, Accepts accepts) {
  std::set<std::string> outcomes;
  for (std::size_t n = 0; n < whole.size(); ++n)
    outcomes.insert(accepts(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)))
                        ? "accepted at " + std::to_string(n)
                        : "evidence_malformed");
  return outcomes;
}

// The samples, scheme by scheme.
void cover_quotes(Table& table);
void cover_snp(Table& table);
void cover_nitro(Table& table);
void cover_azure(Table& table);
void cover_arm(Table& table);
void cover_nvidia(Table& table);
void cover_event_logs(Table& table);
void cover_rest(Table& table);

}  // namespace seatls::testing::coverage
