// The man page of the program.
#pragma once

#include <string>

#include "cli/program.h"

namespace seatls::cli {

// manual returns seatls(1) in roff, made from the command line itself.
[[nodiscard]] std::string manual(const CLI::App& root);

}  // namespace seatls::cli
