// [exec]: what `seatls exec` reads besides the sections that any endpoint has.
#pragma once

#include <string>

#include "seatls/error.h"

namespace seatls::config {

struct ExecSettings {
  std::string log;           // a file that a line per connection is added to; empty: stderr
  std::string other_config;  // the configuration of the other role; empty: that role is refused
  bool danger_other_plain = false;
  bool loads_openssl_later = false;
};

// load_exec reads [exec], which may be absent, of a file that check_config has found right, and refuses what
// a program that drives its own connections cannot do. Errors: io, configuration.
[[nodiscard]] Result<ExecSettings> load_exec(const std::string& path);

}  // namespace seatls::config
