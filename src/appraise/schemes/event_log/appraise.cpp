#include "appraise/schemes/event_log/appraise.h"

#include <algorithm>

#include "appraise/ar4si.h"
#include "base/encoding.h"

namespace seatls::appraise::event_log {
namespace {

// bank_of is the hash whose digests have this size; SHA-1's never count.
std::optional<Hash> bank_of(std::size_t digest_size) {
  for (const Hash bank : {Hash::sha256, Hash::sha384, Hash::sha512})
    if (size(bank) == digest_size) return bank;
  return std::nullopt;
}

std::string key_of(unsigned index) { return "event_log.events." + std::to_string(index); }

std::string number_of(std::uint32_t type) {
  const std::uint8_t raw[] = {static_cast<std::uint8_t>(type >> 24), static_cast<std::uint8_t>(type >> 16),
                              static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type)};
  return "0x" + base::to_hex(raw);
}

// accepts tells whether a digest of the event is listed, in a bank that `counts` for this register.
template <class Counts>
bool accepts(const Expect<Bytes>& expected, const tee::Event& event, const Counts& counts) {
  return std::ranges::any_of(expected.values(), [&](const Bytes& listed) {
    const auto bank = bank_of(listed.size());
    if (!bank || !counts(*bank)) return false;
    const auto digest = event.digests.find(*bank);
    return digest != event.digests.end() && digest->second == listed;
  });
}

// judge_register judges every event of one register.
template <class Counts>
bool judge_register(const tee::EventLog& log, unsigned index, const Expect<Bytes>& expected,
                    const Counts& counts, std::vector<std::string>& dangers, Findings& findings) {
  if (expected.is_any()) {
    dangers.push_back("expect.any: " + key_of(index));
    return true;
  }
  bool good = true;
  std::size_t number = 0;
  for (const auto& event : log.events) {
    ++number;
    if (event.pcr != index || accepts(expected, event, counts)) continue;
    good = false;
    std::string digests;
    for (const auto& [bank, digest] : event.digests)
      if (counts(bank)) digests += (digests.empty() ? "" : ", ") + base::to_hex(digest);
    findings.refuse(Stage::policy, Code::reference_mismatch,
                    "has the digest " + digests + "; " + key_of(index) + " does not list it",
                    "event log > event " + std::to_string(number) + " (type " + number_of(event.type) + ")");
  }
  return good;
}

}  // namespace

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  const Claims& c = *verified;
  Assessment a;
  a.vector = c.vouched;  // whoever signed the registers vouches for what the log says
  a.speaks_of_key = false;
  a.fingerprint = c.fingerprint;
  bool good = true;
  for (const auto& [index, expected] : context.policy.event_log.events) {
    const auto counts = [&, register_index = index](Hash bank) {
      const auto found = c.explained.find(bank);
      return found != c.explained.end() && found->second.contains(register_index);
    };
    const bool explained =
        std::ranges::any_of(c.explained, [&](const auto& bank) { return counts(bank.first); });
    if (!explained) {
      good = false;
      findings.refuse(
          Stage::policy, Code::reference_mismatch,
          "the log has no events that explain this register, and " + key_of(index) + " judges them",
          "event log > register " + std::to_string(index));
    } else if (!judge_register(c.log, index, expected, counts, a.dangers, findings)) {
      good = false;
    }
  }
  if (!good) a.vector[TrustClaim::executables] = ar4si::contraindicated;
  a.claims.emplace_back("event_log.events", std::to_string(c.log.events.size()));
  for (const auto& [bank, registers] : c.explained) {
    std::string list;
    for (const auto& [index, value] : registers) list += (list.empty() ? "" : ",") + std::to_string(index);
    a.claims.emplace_back("event_log.explains." + std::string(name(bank)), list);
  }
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  std::vector<std::string> dangers;
  for (const auto& [index, expected] : context.policy.event_log.events)
    (void)judge_register(
        evidence->log, index, expected, [](Hash bank) { return bank != Hash::sha1; }, dangers, findings);
}

}  // namespace seatls::appraise::event_log
