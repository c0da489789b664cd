#include "appraise/schemes/result/parse.h"

namespace seatls::appraise::result {

class Parser {
 public:
  static ParsedResult mint(rats::UnverifiedEar ear) { return ParsedResult(std::move(ear)); }
};

Result<ParsedResult> parse(const Cmw& credential) {
  const auto* record = credential.record();
  const auto form = record == nullptr ? std::nullopt : rats::token_form_of(record->type);
  if (!form)
    return Error{Code::credential_type_mismatch, "a result is a CMW record with a token", "cmw > type"};
  SEATLS_TRY(auto ear, rats::parse_ear(record->value, *form));
  return Parser::mint(std::move(ear));
}

}  // namespace seatls::appraise::result
