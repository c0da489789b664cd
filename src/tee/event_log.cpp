#include "tee/event_log.h"

#include <algorithm>

#include "codec/cursor.h"
#include "crypto/hash.h"

namespace seatls::tee {
namespace {

using codec::Cursor;
using codec::Endian;

constexpr std::uint32_t ev_no_action = 3;
constexpr std::uint32_t padding = 0xFFFFFFFF;
constexpr std::string_view spec_id_signature{"Spec ID Event03\0", 16};
constexpr std::string_view startup_locality_signature{"StartupLocality\0", 16};
constexpr std::uint32_t most_algorithms = 16;
constexpr std::uint16_t largest_digest = 64;
constexpr unsigned most_pcrs = 24;
constexpr std::size_t most_events = 16'384;

// TCG_EfiSpecIdEvent.digestSizes: { UINT16 algorithmId; UINT16 digestSize; }
using Algorithms = std::map<std::uint16_t, std::uint16_t>;

// TCG_PCR_EVENT { UINT32 pcrIndex; UINT32 eventType; BYTE digest[20]; UINT32 eventDataSize; BYTE event[]; }
// whose event is a TCG_EfiSpecIdEvent: it says which digests every later event carries.
Result<Algorithms> spec_id_event(Cursor& log) {
  (void)log.u32("pcrIndex");
  const std::uint32_t type = log.u32("eventType");
  (void)log.take(20, "digest");
  Cursor c(log.take(log.u32("eventDataSize"), "event"), Endian::little);
  SEATLS_CHECK(log.so_far());
  (void)c.take(spec_id_signature.size(), "signature");
  if (type != ev_no_action)
    return Error{Code::unknown_value, "is " + std::to_string(type) + "; a Spec ID event is EV_NO_ACTION",
                 "eventType"};
  (void)c.u32("platformClass");
  (void)c.u8("specVersionMinor");
  if (const auto major = c.u8("specVersionMajor"); major != 2)
    c.fail(Code::unknown_value, "specVersionMajor", std::to_string(major) + "; 2 is supported");
  (void)c.u8("specErrata");
  (void)c.u8("uintnSize");
  const std::uint32_t count = c.u32("numberOfAlgorithms");
  if (count == 0 || count > most_algorithms)
    c.fail(Code::limit_exceeded, "numberOfAlgorithms", std::to_string(count) + "; 1 to 16 are possible");
  Algorithms algorithms;
  for (std::uint32_t i = 0; i < count && !c.failed(); ++i) {
    const std::uint16_t id = c.u16("algorithmId");
    const std::uint16_t length = c.u16("digestSize");
    const auto known = hash_of(id);
    if (length == 0 || length > largest_digest || (known && seatls::size(*known) != length))
      c.fail(Code::length_out_of_range, "digestSize",
             std::to_string(length) + " bytes do not fit the algorithm");
    if (!algorithms.emplace(id, length).second)
      c.fail(Code::unknown_value, "algorithmId", "stands there twice");
  }
  (void)c.take(c.u8("vendorInfoSize"), "vendorInfo");
  SEATLS_CHECK(c.done());
  return algorithms;
}

bool is_padding(ByteView rest, std::uint8_t octet) {
  return std::ranges::all_of(rest, [octet](std::uint8_t b) { return b == octet; });
}

// add notes an event, unless it is of those that extend nothing.
void add(EventLog& log, Event event, ByteView data) {
  if (event.type != ev_no_action)
    log.events.push_back(std::move(event));
  else if (event.pcr == 0 && data.size() == 17 && text(data.first(16)) == startup_locality_signature)
    log.startup_locality = data[16];
}

bool is_crypto_agile(ByteView raw) {
  constexpr std::size_t at = 32;  // behind pcrIndex, eventType, digest and eventDataSize
  return raw.size() >= at + spec_id_signature.size() &&
         text(raw.subspan(at, spec_id_signature.size())) == spec_id_signature;
}

// Before the firmware knew more than SHA-1, TCG_PCR_EVENTs were all that a log consisted of.
Result<EventLog> parse_sha1_log(ByteView raw) {
  Cursor c(raw, Endian::little);
  EventLog log;
  std::size_t count = 0;
  while (!c.failed() && !c.rest().empty()) {
    log.size = raw.size() - c.rest().size();
    if (count > 0 && (is_padding(c.rest(), 0) || is_padding(c.rest(), 0xFF))) return log;
    if (++count > most_events) c.fail(Code::limit_exceeded, "log", "more than 16384 events");
    Event event{c.u32("pcrIndex"), c.u32("eventType"), {}};
    // What extends nothing may speak of no PCR (0xFFFFFFFF).
    if (event.type != ev_no_action && event.pcr >= most_pcrs)
      c.fail(Code::unknown_value, "pcrIndex", std::to_string(event.pcr) + "; PCRs are 0 to 23");
    const ByteView digest = c.take(size(Hash::sha1), "digest");
    event.digests.emplace(Hash::sha1, bytes(digest));
    const ByteView data = c.take(c.u32("eventDataSize"), "event");
    if (event.type != ev_no_action && is_padding(digest, 0))
      c.fail(Code::malformed, "digest", "is zero, which no event has that extends a PCR");
    add(log, std::move(event), data);
  }
  SEATLS_CHECK(c.so_far());
  if (count == 0) return Error{Code::truncated, "holds no event", "log"};
  log.size = raw.size();
  return log;
}

Bytes initial_value(unsigned pcr, Hash bank, std::uint8_t startup_locality) {
  Bytes value(size(bank), pcr >= 17 && pcr <= 22 ? 0xFF : 0x00);
  if (pcr == 0) value.back() = startup_locality;
  return value;
}

}  // namespace

std::optional<Hash> hash_of(std::uint16_t tpm_alg_id) {
  switch (tpm_alg_id) {
    case 0x0004: return Hash::sha1;
    case 0x000B: return Hash::sha256;
    case 0x000C: return Hash::sha384;
    case 0x000D: return Hash::sha512;
    default: return std::nullopt;
  }
}

Result<EventLog> parse_event_log(ByteView raw) {
  if (!is_crypto_agile(raw)) return parse_sha1_log(raw);
  Cursor c(raw, Endian::little);
  auto declared_algorithms = spec_id_event(c);
  if (!declared_algorithms) return std::move(declared_algorithms).error().in("Spec ID event");
  const Algorithms& algorithms = *declared_algorithms;
  EventLog log;
  std::size_t count = 0;
  while (!c.failed() && !c.rest().empty()) {
    log.size = raw.size() - c.rest().size();
    // No event looks like that: each carries a digest.
    if (is_padding(c.rest(), 0)) return log;
    // TCG_PCR_EVENT2 { UINT32 pcrIndex; UINT32 eventType; TPML_DIGEST_VALUES digests; UINT32 eventSize; BYTE
    // event[]; }
    const std::uint32_t pcr = c.u32("pcrIndex");
    if (pcr == padding) {
      if (!is_padding(c.rest(), 0xFF))
        c.fail(Code::malformed, "padding", "other bytes than 0xFF follow the end of the log");
      SEATLS_CHECK(c.so_far());
      return log;
    }
    if (pcr >= most_pcrs) c.fail(Code::unknown_value, "pcrIndex", std::to_string(pcr) + "; PCRs are 0 to 23");
    if (++count > most_events) c.fail(Code::limit_exceeded, "log", "more than 16384 events");
    Event event{pcr, c.u32("eventType"), {}};
    const std::uint32_t digests = c.u32("digests.count");
    if (digests != algorithms.size())
      c.fail(Code::unknown_value, "digests.count",
             std::to_string(digests) + "; the log declares " + std::to_string(algorithms.size()) +
                 " algorithms");
    std::map<std::uint16_t, bool> seen;
    for (std::uint32_t i = 0; i < digests && !c.failed(); ++i) {
      const std::uint16_t id = c.u16("digests.hashAlg");
      const auto declared = algorithms.find(id);
      if (declared == algorithms.end() || !seen.emplace(id, true).second) {
        c.fail(Code::unknown_value, "digests.hashAlg",
               "is not declared at the log's start, or stands there twice");
        break;
      }
      const ByteView digest = c.take(declared->second, "digests.digest");
      if (const auto hash = hash_of(id)) event.digests.emplace(*hash, bytes(digest));
    }
    const ByteView data = c.take(c.u32("eventSize"), "event");
    add(log, std::move(event), data);
  }
  SEATLS_CHECK(c.so_far());
  log.size = raw.size();
  return log;
}

std::map<unsigned, Bytes> replay(const EventLog& log, Hash bank) {
  std::map<unsigned, Bytes> pcrs;
  for (const auto& event : log.events) {
    const auto digest = event.digests.find(bank);
    if (digest == event.digests.end()) continue;
    auto& value =
        pcrs.try_emplace(event.pcr, initial_value(event.pcr, bank, log.startup_locality)).first->second;
    value.insert(value.end(), digest->second.begin(), digest->second.end());
    value = crypto::digest(bank, value);
  }
  return pcrs;
}

}  // namespace seatls::tee
