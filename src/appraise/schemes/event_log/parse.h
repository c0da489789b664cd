// Stage 1 of event-log: a log in crypto-agile form (TCG2, CCEL), raw in a CMW record.
#pragma once

#include "appraise/findings.h"
#include "seatls/cmw.h"
#include "tee/event_log.h"

namespace seatls::appraise::event_log {

struct Evidence {
  tee::EventLog log;
  Bytes digest;  // SHA-256 of the log without its padding
};

class Parser;
using ParsedEvidence = Minted<Evidence, Parser>;

[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::event_log
