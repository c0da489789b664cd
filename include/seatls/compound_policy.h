// CompoundPolicy: which pieces of evidence one peer must bring together. Part of a Policy;
// docs/usage/policy.md tells every key.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/expect.h"

namespace seatls {

// CompoundPart is one member of the collection. Each is judged by its scheme's own section, and holds the
// binder itself, or is chained to one that does.
struct CompoundPart {
  std::vector<std::string> schemes;  // accepted; one must be set
  // The part that vouches for this one: an event log is true when its replay gives the registers that the
  // other part signed. Must be set for "event-log", and for nothing else.
  std::optional<std::string> of;
};

struct CompoundPolicy {
  std::map<std::string, CompoundPart> parts;  // by label: all must be there, and no others
};

// EventLogPolicy judges the events of a log (CCEL) that a compound's other part vouches for.
struct EventLogPolicy {
  // Digests that events of each measurement register may have; a register that is not named may hold
  // whatever the other part's section accepts as its value.
  std::map<unsigned, Expect<Bytes>> events;
};

}  // namespace seatls
