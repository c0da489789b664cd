#include "support/source_dir.h"

namespace seatls::testing {

const std::filesystem::path& source_dir() {
  static const std::filesystem::path dir = SEATLS_SOURCE_DIR;
  return dir;
}

}  // namespace seatls::testing
