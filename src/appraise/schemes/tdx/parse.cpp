#include "appraise/schemes/tdx/parse.h"

namespace seatls::appraise::tdx {

class Parser {
 public:
  static ParsedEvidence mint(Evidence evidence) { return ParsedEvidence(std::move(evidence)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr) return Error{Code::malformed, "tdx evidence is a CMW record", "cmw"};
  SEATLS_TRY(auto quote, intel::parse_quote(credential.record()->value));
  if (quote.td() == nullptr)
    return Error{Code::unknown_value, "this quote is about an SGX enclave", "quote > tee_type"};
  return Parser::mint({std::move(quote)});
}

}  // namespace seatls::appraise::tdx
