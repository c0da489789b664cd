// The files that a configuration is made of.
#pragma once

#include <string>
#include <vector>

namespace seatls::config {

// files_of returns `path`, and every file that is there and that a text in it names, and in the TOML files
// among those. A text that happens to be the name of a file is one, too: who watches the files for changes
// reads the configuration once too often.
[[nodiscard]] std::vector<std::string> files_of(const std::string& path);

// fingerprint_of is another text once one of the files was written, replaced, made or removed.
[[nodiscard]] std::string fingerprint_of(const std::vector<std::string>& files);

}  // namespace seatls::config
