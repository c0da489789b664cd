// Stage 1 of software: an EAT as a CWT in COSE_Sign1, profile tag:seatls,2026:software (docs/protocol,
// Decision 16). Evidence that any program can make: for development.
#pragma once

#include "appraise/findings.h"
#include "codec/cose.h"
#include "crypto/signature.h"
#include "rats/eat.h"
#include "seatls/cmw.h"

namespace seatls::appraise::software {

inline constexpr std::string_view profile = "tag:seatls,2026:software";

struct Token {
  codec::cose::Sign1 message;
  rats::EatClaims claims;
  std::optional<crypto::PublicKey> signer;  // of the first certificate in x5chain: what it says, no more
};

class Parser;
using ParsedEvidence = Minted<Token, Parser>;

[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::software
