#include "appraise/schemes/software/parse.h"

namespace seatls::appraise::software {

class Parser {
 public:
  static ParsedEvidence mint(Token token) { return ParsedEvidence(std::move(token)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr)
    return Error{Code::malformed, "software evidence is a CMW record", "cmw"};
  auto message = codec::cose::parse_sign1(credential.record()->value);
  if (!message) return std::move(message).error().in("eat");
  auto claims = rats::read_eat(message->payload);
  if (!claims) return std::move(claims).error().in("eat");
  // The content format of an EAT stands for every profile: this one is part of the type.
  if (claims->profile != profile)
    return Error{
        Code::credential_type_mismatch,
        "is " + claims->profile.value_or("not stated") + "; " + std::string(profile) + " was negotiated",
        "eat > eat_profile"};
  return Parser::mint({std::move(*message), std::move(*claims)});
}

}  // namespace seatls::appraise::software
