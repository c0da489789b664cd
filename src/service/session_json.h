// The session as clients see it: application/vnd.veraison.challenge-response-session+json.
//
//   { "status": "waiting|processing|complete|failed", "nonce": base64, "expiry": RFC 3339,
//     "accept": [ media type … ], "evidence": { "type": media type, "value": base64 }, "result": EAR JWT }
#pragma once

#include <string>
#include <vector>

#include "service/store.h"

namespace seatls::service {

// write_session writes base64 with padding, in the standard alphabet: the public clients of this API read
// their nonce so, whichever alphabet the documents name.
[[nodiscard]] Result<std::string> write_session(const Session& session,
                                                const std::vector<std::string>& accept);

// read_nonce reads a nonce of 8 to 64 bytes in either alphabet, padded or not. Errors: malformed.
[[nodiscard]] Result<Bytes> read_nonce(std::string_view text);
// make_nonce makes a random one whose base64 is the same in both alphabets: whoever reads it by the wrong one
// reads it right.
[[nodiscard]] Bytes make_nonce(std::size_t size);

}  // namespace seatls::service
