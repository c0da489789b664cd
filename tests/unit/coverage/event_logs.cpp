// Event logs: their replay against what others got.
#include "support/manifest.h"
#include "tee/event_log.h"
#include "unit/coverage/table.h"

namespace seatls::testing::coverage {
namespace {

constexpr std::array banks = {std::pair{"sha1", Hash::sha1}, std::pair{"sha256", Hash::sha256},
                              std::pair{"sha384", Hash::sha384}};

std::string replayed(const tee::EventLog& log, const nlohmann::json& pcrs) {
  std::string out;
  for (const auto& [name, hash] : banks) {
    if (!pcrs.contains(name)) continue;
    const auto ours = tee::replay(log, hash);
    std::size_t equal = 0;
    for (const auto& [index, value] : pcrs[name].items()) {
      const auto found = ours.find(static_cast<unsigned>(std::stoul(index)));
      equal += found != ours.end() && found->second == hex(value) ? 1 : 0;
    }
    out += (out.empty() ? "" : "; ") + std::string(name) + ": " + std::to_string(equal) + " of " +
           std::to_string(pcrs[name].size()) + " registers equal";
  }
  return out.empty() ? "no bank in common" : out;
}

}  // namespace

void cover_event_logs(Table& table) {
  for (const auto& group : groups_of("eventlog/", "replay")) {
    const auto id = group["id"].get<std::string>() + "/";
    for (const auto& [file, expected] : group["expected"]["replay"].items()) {
      const auto log = tee::parse_event_log(sample(id + file));
      const auto kind = expected.value("kind", std::string("not readable"));
      std::string wanted;
      if (expected.contains("pcrs"))
        for (const auto& [name, hash] : banks)
          if (expected["pcrs"].contains(name))
            wanted += (wanted.empty() ? "" : "; ") + std::string(name) + ": " +
                      std::to_string(expected["pcrs"][name].size()) + " of " +
                      std::to_string(expected["pcrs"][name].size()) + " registers equal";
      const auto given = log ? replayed(*log, expected.value("pcrs", nlohmann::json::object()))
                             : std::string(name(log.error().code)) + " at " + log.error().path;
      const bool unread = !expected.contains("kind") || expected["kind"].is_null();
      table.verdict({id + file, "replay", kind, given, unread ? !log.ok() : given == wanted});
    }
  }
}

}  // namespace seatls::testing::coverage
