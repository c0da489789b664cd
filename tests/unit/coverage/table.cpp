#include "unit/coverage/table.h"

#include "codec/cose.h"

namespace seatls::testing::coverage {
namespace {

Bytes integer(ByteView value) {
  while (value.size() > 1 && value[0] == 0) value = value.subspan(1);
  Bytes content = bytes(value);
  if (content[0] >= 0x80) content.insert(content.begin(), 0);
  content.insert(content.begin(), {0x02, static_cast<std::uint8_t>(content.size())});
  return content;
}

Bytes as_der(ByteView fixed) {
  const Bytes r = integer(fixed.first(fixed.size() / 2)), s = integer(fixed.subspan(fixed.size() / 2));
  Bytes out = {0x30};
  if (r.size() + s.size() >= 0x80) out.push_back(0x81);
  out.push_back(static_cast<std::uint8_t>(r.size() + s.size()));
  out.insert(out.end(), r.begin(), r.end());
  out.insert(out.end(), s.begin(), s.end());
  return out;
}

std::string line(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const auto& cell : cells) out += " " + cell + " |";
  return out + "\n";
}

}  // namespace

void Table::recipe(std::string sample, std::string recipe, const std::string& wanted,
                   const std::set<std::string>& outcomes) {
  std::string given;
  for (const auto& outcome : outcomes) given += (given.empty() ? "" : "; ") + outcome;
  recipes_.push_back({std::move(sample), std::move(recipe), wanted, given, outcomes == std::set{wanted}});
}

bool Table::mentions(const std::string& group) const {
  const auto of_group = [&](const auto& row) {
    return row.sample == group || row.sample.starts_with(group + "/");
  };
  return std::ranges::any_of(verdicts_, of_group) || std::ranges::any_of(elsewhere_, of_group) ||
         std::ranges::any_of(not_covered_, of_group);
}

std::string Table::markdown() const {
  std::string out =
      "# Coverage\n\n"
      "Generated from the samples by `coverage_test`, which fails where this text or any verdict differs;\n"
      "`SEATLS_WRITE_COVERAGE=1` makes it write this file. The samples lie beside the project "
      "(`SEATLS_SAMPLES`).\n\n"
      "## Verdicts\n\n"
      "What other verifiers say of each sample, and seatls: by a policy that accepts exactly what the sample "
      "says,\n"
      "at the time that stands in the manifest. A document of Nitro without a nonce is tied to no "
      "connection: it\n"
      "ends with binder_mismatch, whatever else is right about it.\n\n";
  out += line({"sample", "judged", "others say", "seatls says"}) + line({"---", "---", "---", "---"});
  for (const auto& r : verdicts_) out += line({r.sample, r.judged, r.expected, r.given});
  out +=
      "\n## Negative recipes\n\n"
      "Each sample, changed as the recipe says. All variants of one recipe must end alike: by what is in the "
      "last\n"
      "column, before anything else.\n\n";
  out += line({"sample", "recipe", "outcome"}) + line({"---", "---", "---"});
  for (const auto& r : recipes_) out += line({r.sample, r.judged, r.given});
  out +=
      "\nRevoked certificates are made, since no sample has one: `ARevokedPlatform` in "
      "tests/unit/appraise/tdx_test.cpp,\n"
      "`RevokedIssuersAndStaleListsAreRefused` in tests/unit/snp/simulated_test.cpp.\n\n"
      "## Covered by tests of their own\n\n";
  out += line({"sample", "test"}) + line({"---", "---"});
  for (const auto& r : elsewhere_) out += line({r.sample, r.text});
  out += "\n## Not covered\n\n" + line({"sample", "why"}) + line({"---", "---"});
  for (const auto& r : not_covered_) out += line({r.sample, r.text});
  return out;
}

std::string outcome_of(const Verdict& verdict) {
  if (verdict.assessment) return "accepted";
  std::string out;
  std::set<std::string> told;
  for (const auto& code : verdict.fatal())
    if (told.insert(code).second) out += (out.empty() ? "" : ", ") + code;
  return out;
}

std::string first_of(const Verdict& verdict) {
  return verdict.assessment ? "accepted" : verdict.fatal().front();
}

std::vector<Bytes> with_bad_signatures(ByteView sign1) {
  const auto message = codec::cose::parse_sign1(sign1).value();
  const auto half = static_cast<std::ptrdiff_t>(message.signature.size() / 2);
  std::vector<Bytes> out;
  const auto add = [&](Bytes signature) {
    auto changed = message;
    changed.signature = std::move(signature);
    out.push_back(codec::cose::encode_sign1(changed).value());
  };
  Bytes s = message.signature;
  s.back() ^= 1;
  add(s);
  s = message.signature;
  std::fill(s.begin(), s.begin() + half, std::uint8_t{0});
  add(s);
  std::fill(s.begin(), s.begin() + half, std::uint8_t{0xFF});
  add(s);
  s = message.signature;
  std::fill(s.begin() + half, s.end(), std::uint8_t{0});
  add(s);
  add(as_der(message.signature));
  return out;
}

}  // namespace seatls::testing::coverage
