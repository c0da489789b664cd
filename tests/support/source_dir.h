// Where this checkout lies. One file alone is compiled with that path, so that all the others are the same
// bytes to the compiler's cache in every clone.
#pragma once

#include <filesystem>

namespace seatls::testing {

const std::filesystem::path& source_dir();

}  // namespace seatls::testing
