// What a configuration leaves a sandbox with.
#include "config/sandbox.h"

#include <filesystem>

#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string proxy_section =
    "[proxy]\n[[proxy.listener]]\nlisten = \"127.0.0.1:0\"\nto = \"127.0.0.1:1\"\n";

class SandboxOf : public ::testing::Test {
 protected:
  SandboxSettings of(const std::string& text, std::string_view table = "proxy") {
    files.write("x.toml", text);
    auto out = sandbox_of(files.path("x.toml"), table);
    EXPECT_TRUE(out.ok()) << out.error().message();
    return out.ok() ? *out : SandboxSettings();
  }
  [[nodiscard]] std::string folder() const { return fs::path(files.path("x.toml")).parent_path().string(); }
  Files files;
};

TEST_F(SandboxOf, ReadsTheFoldersOfWhatIsNamed) {
  const auto plain = of(server_text + proxy_section);
  EXPECT_FALSE(plain.off || plain.required);
  EXPECT_THAT(plain.files.readable, Contains(folder()));
  EXPECT_THAT(plain.files.writable, IsEmpty());
  EXPECT_THAT(plain.files.sockets, IsEmpty());
  EXPECT_THAT(plain.files.devices, IsEmpty());
  for (const auto& path : plain.files.readable) EXPECT_NE(path, "/");
}

TEST_F(SandboxOf, FollowsLinksAndOtherFiles) {
  fs::create_directories(folder() + "/other/keys");
  fs::rename(folder() + "/server.key", folder() + "/other/keys/server.key");
  fs::create_symlink("other/keys/server.key", folder() + "/server.key");
  files.write("other/client.toml", "[attest]\nattester = \"configfs-tsm\"\npath = \"tsm\"\n");
  const auto found = of(server_text + proxy_section + "config = \"other/client.toml\"\n");
  EXPECT_THAT(found.files.readable, Contains(fs::canonical(folder() + "/other/keys").string()));
  EXPECT_THAT(found.files.writable, ElementsAre(folder() + "/other/tsm"));
}

TEST_F(SandboxOf, WritesWhereItIsTold) {
  const auto found =
      of("[collateral]\ncache = \"cache/collateral\"\n[attest]\nattester = \"compound\"\n"
         "[attest.parts.a]\nattester = \"tpm2\"\n[attest.parts.b]\nattester = \"configfs-tsm\"\n"
         "[attest.parts.c]\nattester = \"tpm2\"\ntcti = \"device:/dev/tpm1\"\n"
         "[attest.parts.d]\nattester = \"tpm2\"\ntcti = \"swtpm:host=127.0.0.1,port=1\"\n"
         "[proxy]\nreadable = [\"more\", \"/srv/more\"]\n[[proxy.listener]]\nlisten = "
         "\"unix:/run/seatls/x.sock\"\n");
  EXPECT_THAT(found.files.writable, ::testing::UnorderedElementsAre(folder() + "/cache/collateral",
                                                                    "/sys/kernel/config/tsm/report"));
  EXPECT_TRUE(fs::is_directory(folder() + "/cache/collateral"));
  EXPECT_EQ(fs::status(folder() + "/cache/collateral").permissions(), fs::perms::owner_all);
  EXPECT_THAT(found.files.devices, ElementsAre("/dev/tpmrm0", "/dev/tpm1"));
  EXPECT_THAT(found.files.sockets, ElementsAre("/run/seatls"));
  EXPECT_THAT(found.files.readable, Contains(folder() + "/more"));
  EXPECT_THAT(found.files.readable, Contains("/srv/more"));
}

TEST_F(SandboxOf, AServiceHasItsStore) {
  const auto found = of("[service]\nstore = \"sqlite:store/x.db\"\nsandbox = \"required\"\n", "service");
  EXPECT_TRUE(found.required);
  EXPECT_THAT(found.files.writable, ElementsAre(folder() + "/store"));
  EXPECT_THAT(found.files.readable, Contains("/"));
  EXPECT_THAT(of("[service]\n", "service").files.writable, ElementsAre(folder()));
  EXPECT_THAT(of("[service]\nstore = \"memory:\"\n", "service").files.writable, IsEmpty());
}

TEST_F(SandboxOf, IsSwitchedOffInTheFirstFileAlone) {
  files.write("other.toml", "[danger]\nno_sandbox = true\n");
  EXPECT_FALSE(of(proxy_section + "config = \"other.toml\"\n").off);
  EXPECT_TRUE(of(proxy_section + "[danger]\nno_sandbox = true\n").off);
}

TEST_F(SandboxOf, WhatCannotBeReadIsAnError) {
  EXPECT_EQ(sandbox_of(files.path("absent.toml"), "proxy").error().code, Code::io);
  files.write("x.toml", "[proxy\n");
  EXPECT_EQ(sandbox_of(files.path("x.toml"), "proxy").error().code, Code::configuration);
}

}  // namespace
}  // namespace seatls::config
