#include "appraise/schemes/event_log/verify.h"

#include "appraise/parts.h"
#include "base/encoding.h"

namespace seatls::appraise::event_log {
namespace {

std::string place(Hash bank, unsigned index) {
  return "event log > " + std::string(name(bank)) + " " + std::to_string(index);
}

// verify_bank compares the replay with what was signed, register by register.
void verify_bank(const tee::EventLog& log, const Registers& bank, Claims& claims, Findings& findings) {
  for (const auto& [index, replayed] : tee::replay(log, bank.bank)) {
    const auto value = bank.values.find(index);
    const bool is_signed = value != bank.values.end();
    // A quote may leave registers out. Their events are hearsay, and count for nothing.
    if (!is_signed && !bank.all) continue;
    if (!is_signed)
      findings.refuse(Stage::signature, Code::evidence_inconsistent,
                      "the log extends a register that the platform does not have", place(bank.bank, index));
    else if (replayed != value->second)
      findings.refuse(
          Stage::signature, Code::evidence_inconsistent,
          "replays to " + base::to_hex(replayed) + "; " + base::to_hex(value->second) + " was signed",
          place(bank.bank, index));
    else if (bank.bank != Hash::sha1)
      claims.explained[bank.bank].emplace(index, value->second);
  }
}

}  // namespace

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  const auto* voucher = context.voucher;
  if (voucher == nullptr) {
    findings.refuse(Stage::trust, Code::evidence_missing,
                    "nothing that verified vouches for the log: it stands in a compound, beside the evidence "
                    "that signs its registers",
                    "event log");
    return std::nullopt;
  }
  Claims claims{evidence->log, {}, voucher->vector, name_of_parts({evidence->digest, voucher->fingerprint})};
  for (const auto& bank : voucher->registers) verify_bank(claims.log, bank, claims, findings);
  if (claims.explained.empty() && !findings.refused())
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    "the log explains none of the registers that were signed", "event log");
  if (findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint(std::move(claims));
}

}  // namespace seatls::appraise::event_log
