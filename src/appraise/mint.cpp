#include "appraise/mint.h"

#include "appraise/ar4si.h"
#include "base/encoding.h"

namespace seatls::appraise {
namespace {

// Texts of a result end in logs, terminals and JSON, and peers choose some of them: control characters,
// and bytes that are no UTF-8, are escaped; what is long is cut.
void make_printable(std::string& text) {
  constexpr std::size_t longest = 4096;
  const bool utf8 = base::is_utf8(view(text)) && text.size() <= longest;
  std::string out;
  for (const char c : std::string_view(text).substr(0, longest)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0x20 && byte != 0x7f && (byte < 0x80 || utf8))
      out += c;
    else
      out += "\\x" + base::to_hex({&byte, 1});
  }
  if (text.size() > longest) out += "... (" + std::to_string(text.size()) + " bytes)";
  text = std::move(out);
}

}  // namespace

AttestationResult ResultMint::mint(ResultParts parts, std::optional<Assessment> assessment,
                                   const Findings& findings) {
  parts.reasons = findings.reasons();
  parts.tier = Tier::contraindicated;
  if (assessment) {
    parts.vector = assessment->vector;
    parts.key = assessment->key;
    parts.claims = std::move(assessment->claims);
    parts.instance = std::move(assessment->instance);
    parts.submods = std::move(assessment->submods);
    parts.valid_until = assessment->valid_until;
    parts.kek = std::move(assessment->kek);
    for (auto& danger : assessment->dangers) parts.dangers.push_back(std::move(danger));
    if (!findings.refused()) parts.tier = assessment->tier.value_or(parts.vector.worst());
  } else if (!findings.refused_at(Stage::type) && !findings.refused_at(Stage::parse)) {
    parts.vector.value.fill(ar4si::cryptographic_validation_failed);
  }
  return mint(std::move(parts));
}

AttestationResult ResultMint::mint(ResultParts parts) {
  for (auto& reason : parts.reasons) {
    make_printable(reason.detail);
    make_printable(reason.path);
  }
  for (auto& [claim, value] : parts.claims) {
    make_printable(claim);
    make_printable(value);
  }
  return AttestationResult(std::move(parts));
}

}  // namespace seatls::appraise
