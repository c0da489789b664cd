// One report of the guest's kernel, asked for as Documentation/ABI/testing/configfs-tsm-report tells.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "attest/tsm/kernel_files.h"
#include "seatls/error.h"

namespace seatls::attest::tsm {

// Site is where reports are asked for, and how.
struct Site {
  KernelFiles& files;
  std::string path;
  std::function<void(std::chrono::milliseconds)> pause;  // before the kernel is asked again
};

// Driver is which guest this is.
struct Driver {
  std::string provider;                     // "tdx_guest", "sev_guest", "arm_cca_guest"
  std::optional<unsigned> privlevel_floor;  // the lowest level that it takes; nothing: it has no levels
};
// read_driver makes an entry, looks, and removes it. Errors: attester_unavailable.
[[nodiscard]] Result<Driver> read_driver(const Site& site);

inline constexpr std::size_t report_data_size = 64;

struct Report {
  Bytes outblob;
  Bytes auxblob;  // empty: the driver has none
};
// read_report returns a report over exactly `report_data`, 64 bytes, in an entry of its own. Errors:
// attester_unavailable with the path, the kernel's reason and a remedy.
[[nodiscard]] Result<Report> read_report(const Site& site, ByteView report_data,
                                         std::optional<unsigned> privlevel);

}  // namespace seatls::attest::tsm
