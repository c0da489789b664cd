#include "appraise/schemes/sgx/parse.h"

namespace seatls::appraise::sgx {

class Parser {
 public:
  static ParsedEvidence mint(Evidence evidence) { return ParsedEvidence(std::move(evidence)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr) return Error{Code::malformed, "sgx evidence is a CMW record", "cmw"};
  SEATLS_TRY(auto quote, intel::parse_quote(credential.record()->value));
  if (quote.enclave() == nullptr)
    return Error{Code::unknown_value, "this quote is about a TDX trust domain", "quote > tee_type"};
  return Parser::mint({std::move(quote)});
}

}  // namespace seatls::appraise::sgx
