// The attester of compounds: several pieces of evidence for one peer, in one CMW collection.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "seatls/attester.h"
#include "seatls/error.h"
#include "seatls/scheme.h"

namespace seatls {

// CompoundOptions name the parts by the labels that relying parties know them by (CompoundPolicy).
struct CompoundOptions {
  std::map<std::string, std::shared_ptr<Attester>> parts{};
  // Files with event logs, read anew for each piece of evidence and sent without their padding. On Linux
  // /sys/firmware/acpi/tables/data/CCEL in a TD.
  std::map<std::string, std::string> event_logs{};
  EvidenceType type = ContentFormat{273};  // a CMW collection in CBOR
};

// make_compound_attester asks every part for evidence with the same binder, each for the first scheme that it
// has, and answers when all have; the first one that fails is the answer. It offers nothing while a part
// offers nothing, and holds the shortest binder that a part holds. An attester that is destroyed answers
// (attester_unavailable) what it still owes. Errors: configuration for a label that is empty, reserved or
// given twice, and for parts that show results; io and decode for an event log.
[[nodiscard]] Result<std::shared_ptr<Attester>> make_compound_attester(CompoundOptions options);

}  // namespace seatls
