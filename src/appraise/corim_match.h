// "from-corim": what a policy leaves to CoRIM documents instead of listing it itself.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "appraise/context.h"
#include "appraise/findings.h"
#include "rats/comid.h"
#include "seatls/bytes.h"
#include "seatls/corim_policy.h"
#include "seatls/expect.h"
#include "seatls/keys.h"

namespace seatls::appraise {

// CorimState is an attester as a CoMID describes one: where profiles spell its environment in several ways,
// all of them.
struct CorimState {
  std::vector<rats::comid::Environment> environments;
  std::vector<rats::comid::Measurement> measurements;
};

// CorimClaim is a value that the policy expects under `key`, and the place where a CoMID speaks of it.
struct CorimClaim {
  Expect<Bytes>* expected;  // in a copy of the policy's section
  std::string key;
  Bytes value;
  std::size_t measurement;                                         // of the state
  std::function<bool(const rats::comid::Values&)> is_mentioned{};  // in the values of a condition
};

// take_from_corim replaces each expectation that is "from-corim" by the attester's own value, where the
// documents vouch for it: one reference triple (a record is one whole state of its environment; several are
// alternatives) is about this environment, every measurement in it is satisfied, and it speaks of every such
// claim. Where none does, findings say what each lacked, and the expectations stay as they are, which accepts
// nothing.
void take_from_corim(const CorimState& state, const std::vector<CorimClaim>& claims, const Context& context,
                     const std::string& path, Findings& findings);

// attestation_keys returns the keys that documents name for this very instance (attest-key triples).
[[nodiscard]] std::vector<Spki> attestation_keys(const CorimState& state, const Context& context);

// known_profile tells whether the rules of a CoRIM's profile are known: what one may not misread is not read.
[[nodiscard]] bool known_profile(const std::string& profile);

// Makers of what states consist of.
namespace corim_state {
[[nodiscard]] rats::comid::Encoded tagged_bytes(ByteView value);  // #6.560
[[nodiscard]] rats::comid::Encoded ueid(ByteView value);          // #6.550
[[nodiscard]] rats::comid::Digests digest(ByteView value);        // SHA-2, by its length
[[nodiscard]] rats::comid::Measurement measurement(codec::cbor::Value key);
}  // namespace corim_state

}  // namespace seatls::appraise
