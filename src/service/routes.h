// The routes of the service. Inside of this module, and for the test that holds docs/verifier-api.yaml
// against them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "service/api.h"

namespace seatls::service {

// Call is one request on its way: what its path holds in the places of {…}, in their order.
struct Call {
  std::shared_ptr<const Parts> parts;
  Request request;
  std::vector<std::string> arguments;
  Told told;
  Api::Done done;

  void answer(Response response) { done(std::move(response), std::move(told)); }
  void answer_json(unsigned status, std::string_view type, codec::json::Object members, Fields headers = {});
  // fail answers for an error of the store's, or of ours: the client learns no more than that it failed.
  void fail(const Error& error);
};

enum class Who : std::uint8_t { anybody, administrator };
struct Route {
  std::string_view method;
  std::string_view pattern;  // "/challenge-response/v1/session/{id}"
  Who who = Who::anybody;
  void (*run)(Call) = nullptr;
};
[[nodiscard]] std::span<const Route> routes();

[[nodiscard]] codec::json::Value json_texts(const std::vector<std::string>& list);

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view session_type = "application/vnd.veraison.challenge-response-session+json";
inline constexpr std::string_view discovery_type = "application/vnd.veraison.discovery+json";
inline constexpr std::string_view provisioning_type = "application/vnd.veraison.provisioning-session+json";
inline constexpr std::string_view policy_type = "application/vnd.seatls.policy+toml";

// challenge.cpp
void new_session(Call call);
void submit_evidence(Call call);
void read_session(Call call);
void delete_session(Call call);
// discovery.cpp
void discover_verification(Call call);
void discover_provisioning(Call call);
void publish_keys(Call call);
// endorsements.cpp
void submit_endorsement(Call call);
void list_endorsements(Call call);
void activate_endorsement(Call call);
void deactivate_endorsement(Call call);
// policies.cpp
void add_policy(Call call);
void list_policies(Call call);
void read_policy(Call call);
void activate_policy(Call call);
void deactivate_policy(Call call);
void roll_back_policy(Call call);
void list_verdicts(Call call);

}  // namespace seatls::service
