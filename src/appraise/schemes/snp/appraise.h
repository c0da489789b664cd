// Stage 3 of sev-snp: judgement. Is this guest, launched like this on firmware of this level, what the
// policy wants?
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "appraise/context.h"
#include "appraise/schemes/snp/verify.h"

namespace seatls::appraise::snp {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

// The same for a scheme that wraps the report, and gives REPORT_DATA a meaning of its own: the TLS key is not
// judged.
[[nodiscard]] Assessment appraise_hardware(const VerifiedClaims& claims, const Context& context,
                                           Findings& findings);
void foresee_hardware(const Evidence& evidence, const Context& context, Findings& findings);

// Bits of POLICY and PLATFORM_INFO, by the names that policies and results use.
struct NamedBit {
  std::string_view name;
  std::uint64_t bit;
};
[[nodiscard]] std::span<const NamedBit> guest_policy_bits();
[[nodiscard]] std::span<const NamedBit> platform_bits();
// names_of lists the names of the bits that are set: "smt, debug", or "none".
[[nodiscard]] std::string names_of(std::uint64_t value, std::span<const NamedBit> bits);

}  // namespace seatls::appraise::snp
