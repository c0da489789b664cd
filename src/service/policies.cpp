// Management: policies, whose versions never change, and the audit log.
#include <charconv>
#include <optional>

#include "base/clock.h"
#include "base/encoding.h"
#include "codec/json.h"
#include "rats/media_type.h"
#include "service/identifiers.h"
#include "service/routes.h"

namespace seatls::service {
namespace {

namespace json = codec::json;

constexpr std::size_t most_verdicts = 1000;

json::Value number(unsigned n) { return json::Value(std::int64_t{n}); }

std::optional<unsigned> version_of(const std::string& text) {
  unsigned version = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (failed != std::errc{} || end != text.data() + text.size() || version == 0) return std::nullopt;
  return version;
}

void answer_active(Call& call, const std::string& name, unsigned version) {
  call.parts->judge->drop();
  call.told.note = "policy " + name + ": version " + std::to_string(version) + " judges now";
  call.answer_json(200, json_type, {{"name", json::Value(name)}, {"active", number(version)}});
}

Result<std::optional<PolicyVersion>> find(const Call& call, const std::string& name, unsigned version) {
  SEATLS_TRY(auto all, call.parts->store->policies());
  for (auto& one : all)
    if (one.name == name && one.version == version) return std::optional(std::move(one));
  return std::optional<PolicyVersion>();
}

}  // namespace

void add_policy(Call call) {
  const std::string name = call.arguments.front();
  if (!is_policy_name(name))
    return call.answer(problem(400, "a policy's name is 1 to 64 of a-z, 0-9, - and _, a letter first"));
  const auto type = rats::parse_media_type(call.request.header("content-type"));
  if (!type || type->type != policy_type) {
    auto refusal = problem(415, "a policy is " + std::string(policy_type));
    refusal.headers.emplace_back("Accept", policy_type);
    return call.answer(std::move(refusal));
  }
  const std::string text(seatls::text(call.request.body));
  // What cannot judge is never kept.
  if (const auto policy = Judge::check_policy(text, name); !policy)
    return call.answer(problem(422, policy.error().detail));
  const auto version = call.parts->store->add_policy(name, text, call.parts->clock());
  if (!version) return call.fail(version.error());
  call.answer_json(201, json_type, {{"name", json::Value(name)}, {"version", number(*version)}});
}

void list_policies(Call call) {
  const auto all = call.parts->store->policies();
  if (!all) return call.fail(all.error());
  json::Array list;
  for (const auto& one : *all)
    list.emplace_back(json::Object{{"name", json::Value(one.name)},
                                   {"version", number(one.version)},
                                   {"added", json::Value(base::to_rfc3339(one.added))},
                                   {"active", json::Value(one.active)}});
  call.answer_json(200, json_type, {{"policies", json::Value(std::move(list))}});
}

void read_policy(Call call) {
  const auto version = version_of(call.arguments.at(1));
  const auto found = find(call, call.arguments.front(), version.value_or(0));
  if (!found) return call.fail(found.error());
  if (!*found) return call.answer(problem(404, "there is no such version"));
  call.answer({200, std::string(policy_type), (*found)->text});
}

void activate_policy(Call call) {
  const std::string name = call.arguments.front();
  const auto version = version_of(call.arguments.at(1));
  if (!version) return call.answer(problem(404, "there is no such version"));
  const auto done = call.parts->store->activate_policy(name, *version, call.parts->clock());
  if (!done) return call.fail(done.error());
  if (!*done) return call.answer(problem(404, "there is no such version"));
  answer_active(call, name, *version);
}

void deactivate_policy(Call call) {
  const std::string name = call.arguments.front();
  const auto done = call.parts->store->activate_policy(name, 0, call.parts->clock());
  if (!done) return call.fail(done.error());
  if (!*done) return call.answer(problem(404, "there is no such policy"));
  answer_active(call, name, 0);
}

void roll_back_policy(Call call) {
  const std::string name = call.arguments.front();
  const auto version = call.parts->store->roll_back_policy(name, call.parts->clock());
  if (!version) return call.fail(version.error());
  if (!*version) return call.answer(problem(409, "no version was active before this one"));
  answer_active(call, name, **version);
}

void list_verdicts(Call call) {
  const auto all = call.parts->store->verdicts(most_verdicts);
  if (!all) return call.fail(all.error());
  json::Array list;
  for (const auto& one : *all)
    list.emplace_back(json::Object{{"at", json::Value(base::to_rfc3339(one.at))},
                                   {"session", json::Value(base::to_hex(one.session_digest))},
                                   {"evidence", json::Value(base::to_hex(one.evidence_digest))},
                                   {"scheme", json::Value(one.scheme)},
                                   {"tier", json::Value(std::string(seatls::name(one.tier)))},
                                   {"policies", json_texts(one.policies)},
                                   {"reasons", json_texts(one.codes)},
                                   {"key", json::Value(one.key_id)}});
  call.answer_json(200, json_type, {{"verdicts", json::Value(std::move(list))}});
}

}  // namespace seatls::service
