// What clients find out by themselves: endpoints, media types, and the keys that sign results.
#include "codec/json.h"
#include "service/routes.h"

namespace seatls::service {
namespace {

namespace json = codec::json;

// Shorter than results live: who refreshes by this finds a new key before the first result that it signs
// ends.
void answer_for_a_minute(Call& call, json::Object members, std::string_view type) {
  call.answer_json(200, type, std::move(members), {{"Cache-Control", "max-age=60"}});
}

}  // namespace

void discover_verification(Call call) {
  const auto& parts = *call.parts;
  const auto key = json::parse(parts.signer->jwk());
  if (!key) return call.fail(key.error());
  const auto bench = parts.judge->bench();
  std::vector<std::string> types, schemes;
  if (bench && !(*bench)->seats.empty()) {
    types = (*bench)->media_types();
    for (const auto& seat : (*bench)->seats) schemes.push_back(seat.name);
  }
  answer_for_a_minute(
      call,
      {{"ear-verification-key", *key},
       {"media-types", json_texts(types)},
       {"attestation-schemes", json_texts(schemes)},
       {"version", json::Value(parts.options.version)},
       {"service-state", json::Value(std::string(types.empty() ? "DOWN" : "READY"))},
       {"api-endpoints",
        json::Value(json::Object{{"newChallengeResponseSession", "/challenge-response/v1/newSession"}})}},
      discovery_type);
}

void discover_provisioning(Call call) {
  const auto& parts = *call.parts;
  answer_for_a_minute(
      call,
      {{"media-types", json_texts({"application/rim+cbor", "application/rim+cose"})},
       {"version", json::Value(parts.options.version)},
       {"service-state", json::Value(std::string(parts.options.administrators.empty() ? "DOWN" : "READY"))},
       {"api-endpoints",
        json::Value(json::Object{{"provisioningSubmit", "/endorsement-provisioning/v1/submit"}})}},
      discovery_type);
}

void publish_keys(Call call) {
  const auto published = call.parts->store->keys(call.parts->clock());
  if (!published) return call.fail(published.error());
  json::Array keys;
  // The key that will sign the next result is there, whether or not it has signed one lately.
  auto texts_of_keys = std::vector<std::string>{call.parts->signer->jwk()};
  for (const auto& key : *published)
    if (key.jwk != texts_of_keys.front()) texts_of_keys.push_back(key.jwk);
  for (const auto& key : texts_of_keys) {
    auto jwk = json::parse(key);
    if (!jwk) return call.fail(jwk.error());
    keys.push_back(std::move(*jwk));
  }
  answer_for_a_minute(call, {{"keys", json::Value(std::move(keys))}}, "application/jwk-set+json");
}

}  // namespace seatls::service
