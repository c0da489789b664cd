// A TPM in software for a test: in a temporary folder, on free ports, gone with the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "attest/tpm2/simulator.h"

namespace seatls::fake {

// TemporaryFolder is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// SwtpmTest starts a TPM for each test, and skips the test where none is installed.
class SwtpmTest : public ::testing::Test {
 protected:
  explicit SwtpmTest(bool certificates = false) : certificates_(certificates) {}
  void SetUp() override;
  [[nodiscard]] attest::tpm2::Simulator& tpm() { return *simulator_; }
  [[nodiscard]] const std::string& tcti() const { return simulator_->tcti(); }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  // tool runs one of tpm2-tools against the TPM and returns its standard output; `ok` tells whether
  // it ended with 0. `have_tool` says whether it is installed.
  [[nodiscard]] static bool have_tool(const std::string& name);
  std::string tool(const std::string& command_line, bool* ok);

 private:
  bool certificates_;
  TemporaryFolder folder_;
  std::unique_ptr<attest::tpm2::Simulator> simulator_;
};

// WithCertificates has endorsement key certificates too (needs swtpm-tools).
class SwtpmWithCertificatesTest : public SwtpmTest {
 protected:
  SwtpmWithCertificatesTest() : SwtpmTest(true) {}
};

}  // namespace seatls::fake
