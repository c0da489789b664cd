// ResultFile keeps a Result between runs of a program.
#pragma once

#include <string>

#include "seatls/error.h"

namespace seatls::remote {

// Errors of both: io. What is read proves nothing: whoever can write the file chose it.
[[nodiscard]] Result<std::string> read_result_file(const std::string& path);
// write_result_file replaces the file at once, or not at all; nobody but its owner may read it.
[[nodiscard]] Result<void> write_result_file(const std::string& path, const std::string& token);

}  // namespace seatls::remote
