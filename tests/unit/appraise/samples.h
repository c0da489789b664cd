// Evidence that was made by others, read in place: see docs on SEATLS_SAMPLES in CONTRIBUTING.md.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "seatls/bytes.h"
#include "support/source_dir.h"

namespace seatls::appraise::testing {

inline std::filesystem::path sample(const std::string& name) {
  const char* folder = std::getenv("SEATLS_SAMPLES");
  return (folder != nullptr ? folder : seatls::testing::source_dir() / "../shared/samples") / name;
}

inline Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace seatls::appraise::testing

#define SEATLS_NEED_SAMPLE(name)                                           \
  if (!std::filesystem::exists(::seatls::appraise::testing::sample(name))) \
  GTEST_SKIP() << "the sample " << name << " is not there: set SEATLS_SAMPLES"
