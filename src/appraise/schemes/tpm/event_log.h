// The firmware's event log in crypto-agile form: TCG PC Client Platform Firmware Profile, section 10.
// A log is hearsay until its replay gives the PCR values that a TPM has signed.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::appraise::tpm {

struct Event {
  unsigned pcr = 0;
  std::uint32_t type = 0;
  std::map<Hash, Bytes> digests;  // banks with a hash that seatls does not know are left out
};

struct EventLog {
  std::vector<Event> events;  // without those of type EV_NO_ACTION, which extend nothing
  std::uint8_t startup_locality = 0;
};

// parse_event_log reads the whole log (TCG_PCR_EVENT, then TCG_PCR_EVENT2 up to the end or to padding
// of 0xFF bytes). Errors: category decode.
[[nodiscard]] Result<EventLog> parse_event_log(ByteView bytes);

// replay extends the log's events into fresh PCRs of `bank` and returns those that an event touched.
[[nodiscard]] std::map<unsigned, Bytes> replay(const EventLog& log, Hash bank);

}  // namespace seatls::appraise::tpm
