#include "service/api.h"

#include <algorithm>

#include "crypto/hash.h"
#include "service/routes.h"

namespace seatls::service {
namespace {

constexpr Route table[] = {
    {"GET", "/.well-known/veraison/verification", Who::anybody, discover_verification},
    {"GET", "/.well-known/veraison/provisioning", Who::anybody, discover_provisioning},
    {"GET", "/.well-known/jwks.json", Who::anybody, publish_keys},
    {"POST", "/challenge-response/v1/newSession", Who::anybody, new_session},
    {"POST", "/challenge-response/v1/session/{id}", Who::anybody, submit_evidence},
    {"GET", "/challenge-response/v1/session/{id}", Who::anybody, read_session},
    {"DELETE", "/challenge-response/v1/session/{id}", Who::anybody, delete_session},
    {"POST", "/endorsement-provisioning/v1/submit", Who::administrator, submit_endorsement},
    {"GET", "/management/v1/endorsements", Who::administrator, list_endorsements},
    {"POST", "/management/v1/endorsements/{digest}/activate", Who::administrator, activate_endorsement},
    {"POST", "/management/v1/endorsements/{digest}/deactivate", Who::administrator, deactivate_endorsement},
    {"GET", "/management/v1/policies", Who::administrator, list_policies},
    {"POST", "/management/v1/policies/{name}", Who::administrator, add_policy},
    {"GET", "/management/v1/policies/{name}/{version}", Who::administrator, read_policy},
    {"POST", "/management/v1/policies/{name}/{version}/activate", Who::administrator, activate_policy},
    {"POST", "/management/v1/policies/{name}/deactivate", Who::administrator, deactivate_policy},
    {"POST", "/management/v1/policies/{name}/rollback", Who::administrator, roll_back_policy},
    {"GET", "/management/v1/verdicts", Who::administrator, list_verdicts},
};

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  while (true) {
    path.remove_prefix(1);  // the slash
    const auto slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash);
  }
}

// match returns what stands in the places of a pattern, or nothing.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  const auto wanted = segments_of(pattern), given = segments_of(path);
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].starts_with('{')) {
      if (given[i].empty()) return std::nullopt;
      out.emplace_back(given[i]);
    } else if (wanted[i] != given[i]) {
      return std::nullopt;
    }
  }
  return out;
}

// A token is compared by its hash, so that the time it takes tells nothing of it.
bool is_administrator(const Request& request, const std::vector<Bytes>& administrators) {
  const auto header = request.header("authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (!header.starts_with(scheme)) return false;
  const auto digest = crypto::digest(Hash::sha256, view(std::string_view(header).substr(scheme.size())));
  bool known = false;
  for (const auto& one : administrators) known |= constant_time_equal(one, digest);
  return known;
}

}  // namespace

std::span<const Route> routes() { return table; }

void Call::fail(const Error& error) {
  told.note = error.message();
  if (category(error.code) == Category::unavailable || error.code == Code::io) {
    answer(unavailable(503, "the service cannot answer now", 5));
  } else {
    answer(problem(500, "the service has failed"));
  }
}

void Call::answer_json(unsigned status, std::string_view type, codec::json::Object members, Fields headers) {
  auto text = codec::json::write(codec::json::Value(std::move(members)));
  if (!text) return fail(text.error());
  answer({status, std::string(type), std::move(*text), std::move(headers)});
}

codec::json::Value json_texts(const std::vector<std::string>& list) {
  codec::json::Array out;
  for (const auto& text : list) out.emplace_back(text);
  return codec::json::Value(std::move(out));
}

void Api::replace(Parts parts) {
  auto replaced = std::make_shared<const Parts>(std::move(parts));
  const std::scoped_lock lock(mutex_);
  parts_.swap(replaced);
}

std::shared_ptr<const Parts> Api::parts() const {
  const std::scoped_lock lock(mutex_);
  return parts_;
}

void Api::handle(Request request, Done done) const {
  Call call{parts(), std::move(request), {}, {"none", {}, {}}, std::move(done)};
  if (!call.request.path.starts_with('/')) return call.answer(problem(400, "the path is not absolute"));
  std::string allowed;
  for (const auto& route : table) {
    auto arguments = match(route.pattern, call.request.path);
    if (!arguments) continue;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    if (route.method != call.request.method) continue;
    call.told.route = std::string(route.method) + " " + std::string(route.pattern);
    call.arguments = std::move(*arguments);
    if (route.who == Who::administrator &&
        !is_administrator(call.request, call.parts->options.administrators)) {
      auto refusal = problem(401, call.parts->options.administrators.empty()
                                      ? "this service is not administered by network"
                                      : "an administrator's token is needed");
      refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
      return call.answer(std::move(refusal));
    }
    return route.run(std::move(call));
  }
  if (allowed.empty()) return call.answer(problem(404, "there is nothing here"));
  auto refusal = problem(405, "this may be asked with " + allowed);
  refusal.headers.emplace_back("Allow", allowed);
  call.answer(std::move(refusal));
}

}  // namespace seatls::service
