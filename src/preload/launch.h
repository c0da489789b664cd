// Starting the attested program, and standing in its place towards whoever started us: signals go on to it,
// and its exit status comes back.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "preload/socket.h"
#include "seatls/error.h"

namespace seatls::preload {

// HeldSignals keeps signals that are the program's from ending this process. It is made before the first
// thread, which inherits it.
class HeldSignals {
 public:
  HeldSignals();
  [[nodiscard]] const sigset_t& held() const { return held_; }
  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t held_{}, before_{};
};

struct Launch {
  std::string path;                    // of the program
  std::vector<std::string> arguments;  // its name first
  std::string library;                 // libseatls-preload.so
  Address helper;
};

// find_library looks for the preload library beside this program, and where it is installed. Errors: io;
// configuration for a path that LD_PRELOAD cannot hold.
[[nodiscard]] Result<std::string> find_library();

// launch starts the program and returns once neither it nor anything that it has left behind runs: its exit
// code, or 128 and the signal that ended it, as a shell tells it. Errors: usage when it cannot be started.
[[nodiscard]] Result<int> launch(const Launch& what, const HeldSignals& signals);

}  // namespace seatls::preload
