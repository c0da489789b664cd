#include "appraise/schemes/software/parse.h"

#include "crypto/x509.h"

namespace seatls::appraise::software {

class Parser {
 public:
  static ParsedEvidence mint(Token token) { return ParsedEvidence(std::move(token)); }
};

namespace {

// The policy pins the key that signs; the token's x5chain brings it. Nothing else in the certificate counts.
Result<std::optional<crypto::PublicKey>> signer_of(const codec::cose::Sign1& message) {
  std::optional<crypto::PublicKey> signer;
  SEATLS_TRY(const auto chain, message.x5chain());
  if (chain.empty()) return signer;
  SEATLS_TRY(const auto leaf, crypto::Certificate::from_der(chain.front()));
  SEATLS_TRY(signer, leaf.public_key());
  return signer;
}

}  // namespace

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
  auto signer = signer_of(*message);
  if (!signer) return std::move(signer).error().in("eat > x5chain");
  return Parser::mint({std::move(*message), std::move(*claims), std::move(*signer)});
}

}  // namespace seatls::appraise::software
