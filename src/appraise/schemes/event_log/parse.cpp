#include "appraise/schemes/event_log/parse.h"

#include "crypto/hash.h"

namespace seatls::appraise::event_log {

class Parser {
 public:
  static ParsedEvidence mint(Evidence evidence) { return ParsedEvidence(std::move(evidence)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  const auto* record = credential.record();
  if (record == nullptr) return Error{Code::malformed, "an event log is a CMW record", "cmw"};
  auto log = tee::parse_event_log(record->value);
  if (!log) return std::move(log).error().in("event log");
  auto digest = crypto::digest(Hash::sha256, ByteView(record->value).first(log->size));
  return Parser::mint({std::move(*log), std::move(digest)});
}

}  // namespace seatls::appraise::event_log
