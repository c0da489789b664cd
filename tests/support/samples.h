// Real evidence and tokens that others made. They are read in place and are no part of the repository: from
// the directory that SEATLS_SAMPLES names, else from ../shared/samples beside the source root.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "seatls/bytes.h"
#include "support/source_dir.h"

namespace seatls::testing {

inline std::filesystem::path samples() {
  const char* named = std::getenv("SEATLS_SAMPLES");
  return named != nullptr ? named : source_dir() / "../shared/samples";
}

// read_file returns a file's bytes; a file that is not there fails the test.
inline Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path << " cannot be read";
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
inline Bytes sample(const std::string& name) { return read_file(samples() / name); }
inline std::string sample_text(const std::string& name) { return text(sample(name)); }

// SEATLS_NEEDS_SAMPLES skips a test where the samples are not at hand.
#define SEATLS_NEEDS_SAMPLES()                                                  \
  if (!std::filesystem::exists(::seatls::testing::samples() / "MANIFEST.json")) \
  GTEST_SKIP() << "no samples in " << ::seatls::testing::samples() << "; set SEATLS_SAMPLES"

}  // namespace seatls::testing
