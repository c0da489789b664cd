// MANIFEST.json of the samples: what is there, where it came from, and what others found in it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "base/clock.h"
#include "base/encoding.h"
#include "support/samples.h"

namespace seatls::testing {

inline const nlohmann::json& manifest() {
  static const auto whole = nlohmann::json::parse(sample_text("MANIFEST.json"));
  return whole;
}

// groups_of are the samples below a folder ("snp/") that the manifest expects something of.
inline std::vector<nlohmann::json> groups_of(const std::string& folder, const char* expecting) {
  std::vector<nlohmann::json> list;
  for (const auto& group : manifest()["samples"])
    if (group["id"].get<std::string>().starts_with(folder) && group["expected"].contains(expecting))
      list.push_back(group);
  return list;
}

inline Bytes hex(const nlohmann::json& value) { return base::from_hex(value.get<std::string>()).value(); }
inline Time unix_time(const nlohmann::json& seconds) {
  return Time(std::chrono::seconds(seconds.get<std::int64_t>()));
}
// moment reads "2026-02-24T15:10:10+00:00", fractions of a second left out.
inline Time moment(const nlohmann::json& rfc3339) {
  return base::from_rfc3339(rfc3339.get<std::string>().substr(0, 19) + "Z").value();
}

// Of one verifier's recorded verdict: the files that it judged, and the time, where they are told.
inline std::string files_of(const nlohmann::json& says) {
  const auto found = says.find("file");
  return found != says.end() && found->is_string() ? found->get<std::string>() : "";
}
inline std::optional<std::int64_t> recorded_time(const nlohmann::json& says) {
  const auto found = says.find("unix");
  return found != says.end() && found->is_number() ? std::optional(found->get<std::int64_t>()) : std::nullopt;
}
// who_of is the verifier's name without its version.
inline std::string who_of(const nlohmann::json& says) {
  const auto who = says["verifier"].get<std::string>();
  return who.substr(0, who.find(' '));
}

}  // namespace seatls::testing
