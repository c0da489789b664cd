#include "appraise/schemes/compound/parse.h"

namespace seatls::appraise::compound {

class Parser {
 public:
  static ParsedEvidence mint(Evidence evidence) { return ParsedEvidence(std::move(evidence)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  const auto* collection = credential.collection();
  if (collection == nullptr) return Error{Code::malformed, "a compound is a CMW collection", "cmw"};
  Evidence evidence{collection->type, {}};
  for (const auto& [label, part] : collection->entries) {
    const auto* number = std::get_if<std::int64_t>(&label);
    std::string text = number == nullptr ? std::get<std::string>(label) : std::to_string(*number);
    // The policy says what belongs together: a part of parts would be a judgement of its own within it.
    if (part.record() == nullptr)
      return Error{Code::malformed, "a part is a record, and not a collection itself", text};
    if (!evidence.parts.emplace(text, part).second)
      return Error{Code::malformed, "the label stands there as a number and as text", text};
  }
  return Parser::mint(std::move(evidence));
}

}  // namespace seatls::appraise::compound
