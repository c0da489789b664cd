// Documents of real enclaves, as the samples' manifest lists them, and policies that fit them.
#pragma once

#include "support/manifest.h"
#include "support/verdict.h"

namespace seatls::testing::nitro {

struct Case {
  std::string name;
  Bytes document;
  nlohmann::json expected;
};

inline std::vector<Case> cases() {
  std::vector<Case> list;
  for (const auto& group : groups_of("nitro/", "documents")) {
    const auto id = group["id"].get<std::string>();
    for (const auto& [file, expected] : group["expected"]["documents"].items())
      list.push_back({id + "/" + file, sample(id + "/" + file), expected});
  }
  return list;
}

inline Policy policy_for(const nlohmann::json& e) {
  Policy p;
  p.id = "samples";
  p.schemes = {"nitro"};
  for (const auto& [index, value] : e["pcrs"].items())
    p.nitro.pcrs[static_cast<unsigned>(std::stoul(index))] = expect::Exactly<Bytes>{hex(value)};
  if (!hex(e["user_data"]).empty()) p.nitro.user_data = expect::Exactly<Bytes>{hex(e["user_data"])};
  return p;
}

inline Verdict judge(const Bytes& document, const Policy& policy, const Bytes& nonce, std::int64_t at) {
  return testing::judge("nitro", document, {policy, nonce, nullptr, "", Time(std::chrono::seconds(at))});
}

inline std::int64_t time_of(const Case& c) { return c.expected["verify_at_unix"].get<std::int64_t>(); }

}  // namespace seatls::testing::nitro
