#include "fake/swtpm.h"

#include <stdlib.h>

#include <array>
#include <cstdio>

namespace seatls::fake {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "seatls-XXXXXX").string();
  path_ = mkdtemp(name.data()) != nullptr ? name : "";
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

void SwtpmTest::SetUp() {
  if (auto why = attest::tpm2::Simulator::missing(certificates_); !why.empty()) GTEST_SKIP() << why;
  ASSERT_FALSE(folder_.path().empty());
  auto started = attest::tpm2::Simulator::start({folder_.path() / "tpm", certificates_});
  ASSERT_TRUE(started.ok()) << started.error().message();
  simulator_ = std::move(started).value();
}

bool SwtpmTest::have_tool(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null 2>&1").c_str()) == 0;
}

std::string SwtpmTest::tool(const std::string& command_line, bool* ok) {
  const std::string line = "exec 2>/dev/null; cd '" + folder_.path().string() +
                           "' && export TPM2TOOLS_TCTI='" + tcti() + "' && " + command_line;
  std::string out;
  *ok = false;
  FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  *ok = pclose(pipe) == 0;
  return out;
}

}  // namespace seatls::fake
