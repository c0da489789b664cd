// Stage 2 of event-log: what is cryptographic fact. Nobody signs a log: its replay must give the registers
// that another part of the compound, which verified, has signed.
#pragma once

#include <map>
#include <optional>

#include "appraise/context.h"
#include "appraise/schemes/event_log/parse.h"

namespace seatls::appraise::event_log {

// Claims are the events of those registers that the replay explains.
struct Claims {
  tee::EventLog log;
  std::map<Hash, std::map<unsigned, Bytes>> explained;  // by bank, without SHA-1: values that were signed
  TrustVector vouched;                                  // what the part that signed the registers asserts
  Bytes fingerprint;
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);

}  // namespace seatls::appraise::event_log
