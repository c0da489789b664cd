// Whether a program can be covered by the preload library, found out before it is started.
#pragma once

#include <string>

#include "seatls/error.h"

namespace seatls::preload {

struct Examined {
  std::string path;            // of the program
  std::string judged;          // what was judged: the program, or the interpreter of a script
  bool links_openssl = false;  // libssl.so.3 is among its libraries, or theirs
};

// examine finds `name` as a shell does, and follows scripts to their interpreters. Errors: usage when it is
// no program; configuration when it cannot be covered (static, setuid, another TLS library), with what can be
// done.
[[nodiscard]] Result<Examined> examine(const std::string& name);

}  // namespace seatls::preload
