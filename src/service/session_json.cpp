#include "service/session_json.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "codec/json.h"
#include "crypto/hash.h"

namespace seatls::service {

namespace json = codec::json;

Result<std::string> write_session(const Session& session, const std::vector<std::string>& accept) {
  json::Array types;
  for (const auto& type : accept) types.emplace_back(type);
  json::Object members{{"status", json::Value(std::string(name(session.status)))},
                       {"nonce", json::Value(base::to_base64(session.nonce))},
                       {"expiry", json::Value(base::to_rfc3339(session.expires))},
                       {"accept", json::Value(std::move(types))}};
  if (!session.evidence.empty())
    members.emplace_back(
        "evidence", json::Value(json::Object{{"type", json::Value(session.evidence_type)},
                                             {"value", json::Value(base::to_base64(session.evidence))}}));
  if (!session.result.empty()) members.emplace_back("result", json::Value(session.result));
  return json::write(json::Value(std::move(members)));
}

Result<Bytes> read_nonce(std::string_view text) {
  auto nonce = base::from_base64(text);
  if (nonce && nonce->size() >= 8 && nonce->size() <= 64) return nonce;
  return Error{Code::malformed, "nonce must be 8 to 64 bytes in base64url", "nonce"};
}

Bytes make_nonce(std::size_t size) {
  // One in four of 32 bytes is; that costs two bits of 256. A short one is found at once, one of 64 bytes
  // soon.
  while (true) {
    Bytes nonce = crypto::random_bytes(size);
    if (base::to_base64url(nonce).find_first_of("-_") == std::string::npos) return nonce;
  }
}

}  // namespace seatls::service
