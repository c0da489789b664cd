// What a supervisor (systemd) is told by the process that it started: sd_notify(3), whose protocol is one
// datagram.
#pragma once

#include <string_view>

namespace seatls::cli {

// tell_supervisor sends a state ("READY=1", "RELOADING=1", "STOPPING=1"). Without a supervisor it does
// nothing.
void tell_supervisor(std::string_view state);

}  // namespace seatls::cli
