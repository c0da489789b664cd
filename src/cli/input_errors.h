// A file or an argument of this user's that cannot be read is a mistake (exit 2), and no refusal.
#pragma once

#include "cli/console.h"

namespace seatls::cli {

// fail_input tells the error as Console::fail does, and gives the exit code that fits an input.
inline Exit fail_input(const Console& console, const Error& error) {
  const Exit exit = console.fail(error);
  return category(error.code) == Category::decode ? Exit::usage : exit;
}

}  // namespace seatls::cli
