// Endorsement provisioning: CoRIMs, for every policy whose claims are expected "from-corim".
#include "base/clock.h"
#include "base/encoding.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "rats/media_type.h"
#include "service/routes.h"

namespace seatls::service {
namespace {

namespace json = codec::json;

void set_active(Call& call, bool active) {
  const auto digest = base::from_hex(call.arguments.front());
  if (!digest || digest->size() != size(Hash::sha256))
    return call.answer(problem(404, "an endorsement's name is the SHA-256 of its document"));
  const auto found = call.parts->store->activate_endorsement(*digest, active);
  if (!found) return call.fail(found.error());
  if (!*found) return call.answer(problem(404, "there is no such endorsement"));
  call.parts->judge->drop();
  call.answer({204, {}, {}});
}

// The answer of this API to a document that is no good is 200, and says so.
void answer_submission(Call& call, const std::string& failure) {
  json::Object members{{"status", json::Value(std::string(failure.empty() ? "success" : "failed"))},
                       {"expiry", json::Value(base::to_rfc3339(call.parts->clock()))}};
  if (!failure.empty()) members.emplace_back("failure-reason", json::Value(failure));
  call.answer_json(200, provisioning_type, std::move(members));
}

}  // namespace

void submit_endorsement(Call call) {
  const auto type = rats::parse_media_type(call.request.header("content-type"));
  if (!type || (type->type != "application/rim+cbor" && type->type != "application/rim+cose")) {
    auto refusal = problem(415, "a CoRIM is application/rim+cbor, or application/rim+cose when it is signed");
    refusal.headers.emplace_back("Accept", "application/rim+cbor, application/rim+cose");
    return call.answer(std::move(refusal));
  }
  if (call.request.body.empty()) return call.answer(problem(400, "there is no document in the body"));
  const Endorsement endorsement{crypto::digest(Hash::sha256, call.request.body), type->type,
                                call.request.body, call.parts->clock(), true};
  if (const auto usable = call.parts->judge->check_endorsement(endorsement); !usable) {
    call.told.note = usable.error().message();
    return answer_submission(call, usable.error().message());
  }
  if (const auto kept = call.parts->store->add_endorsement(endorsement); !kept)
    return call.fail(kept.error());
  call.parts->judge->drop();
  answer_submission(call, "");
}

void list_endorsements(Call call) {
  const auto all = call.parts->store->endorsements();
  if (!all) return call.fail(all.error());
  json::Array list;
  for (const auto& one : *all)
    list.emplace_back(json::Object{{"digest", json::Value(base::to_hex(one.digest))},
                                   {"type", json::Value(one.type)},
                                   {"size", json::Value(static_cast<std::int64_t>(one.document.size()))},
                                   {"added", json::Value(base::to_rfc3339(one.added))},
                                   {"active", json::Value(one.active)}});
  call.answer_json(200, json_type, {{"endorsements", json::Value(std::move(list))}});
}

void activate_endorsement(Call call) { set_active(call, true); }
void deactivate_endorsement(Call call) { set_active(call, false); }

}  // namespace seatls::service
