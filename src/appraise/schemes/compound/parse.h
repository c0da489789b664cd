// Stage 1 of compound: a CMW collection of records, one per part.
#pragma once

#include <map>
#include <string>

#include "appraise/findings.h"
#include "seatls/cmw.h"

namespace seatls::appraise::compound {

struct Evidence {
  std::string type;                  // of the collection; empty: not stated
  std::map<std::string, Cmw> parts;  // records, by label: an integer by its digits
};

class Parser;
using ParsedEvidence = Minted<Evidence, Parser>;

[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::compound
