// The firmware's event log in crypto-agile form: TCG PC Client Platform Firmware Profile, section 10, and the
// CCEL of confidential VMs, whose registers are those of the TEE. A log is hearsay until its replay gives the
// values that a TPM or a TEE has signed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::tee {

// hash_of returns the hash that a TPM_ALG_ID means; empty for one that seatls does not know.
[[nodiscard]] std::optional<Hash> hash_of(std::uint16_t tpm_alg_id);

struct Event {
  unsigned pcr = 0;
  std::uint32_t type = 0;
  std::map<Hash, Bytes> digests;  // banks with a hash that seatls does not know are left out
};

struct EventLog {
  std::vector<Event> events;  // without those of type EV_NO_ACTION, which extend nothing
  std::uint8_t startup_locality = 0;
  std::size_t size = 0;  // bytes of the log itself, without its padding
};

// parse_event_log reads the whole log (TCG_PCR_EVENT, then TCG_PCR_EVENT2 up to the end or to padding
// of 0xFF bytes, or of zeros). Errors: category decode.
[[nodiscard]] Result<EventLog> parse_event_log(ByteView bytes);

// replay extends the log's events into fresh PCRs of `bank` and returns those that an event touched.
[[nodiscard]] std::map<unsigned, Bytes> replay(const EventLog& log, Hash bank);

}  // namespace seatls::tee
