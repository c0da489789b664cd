// TCB statuses: Intel's, and those that an evaluation comes to by itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace seatls::appraise::intel {

enum class TcbStatus : std::uint8_t {
  up_to_date,
  sw_hardening_needed,
  configuration_needed,
  configuration_and_sw_hardening_needed,
  td_relaunch_advised,
  td_relaunch_advised_configuration_needed,
  out_of_date,
  out_of_date_configuration_needed,
  revoked,
};

struct TcbStatusRow {
  TcbStatus status;
  std::string_view name;
  bool in_collateral;  // otherwise computed
};
inline constexpr std::array tcb_statuses = {
    TcbStatusRow{TcbStatus::up_to_date, "UpToDate", true},
    TcbStatusRow{TcbStatus::sw_hardening_needed, "SWHardeningNeeded", true},
    TcbStatusRow{TcbStatus::configuration_needed, "ConfigurationNeeded", true},
    TcbStatusRow{TcbStatus::configuration_and_sw_hardening_needed, "ConfigurationAndSWHardeningNeeded", true},
    TcbStatusRow{TcbStatus::td_relaunch_advised, "TDRelaunchAdvised", false},
    TcbStatusRow{TcbStatus::td_relaunch_advised_configuration_needed, "TDRelaunchAdvisedConfigurationNeeded",
                 false},
    TcbStatusRow{TcbStatus::out_of_date, "OutOfDate", true},
    TcbStatusRow{TcbStatus::out_of_date_configuration_needed, "OutOfDateConfigurationNeeded", true},
    TcbStatusRow{TcbStatus::revoked, "Revoked", true},
};

[[nodiscard]] constexpr std::string_view name(TcbStatus status) {
  for (const auto& row : tcb_statuses)
    if (row.status == status) return row.name;
  return "?";
}
[[nodiscard]] constexpr std::optional<TcbStatus> tcb_status_from_name(std::string_view name) {
  for (const auto& row : tcb_statuses)
    if (row.name == name) return row.status;
  return std::nullopt;
}

}  // namespace seatls::appraise::intel
