// [proxy] and [[proxy.listener]].
#include "config/proxy.h"

#include "config/files.h"
#include "config/toml_file.h"
#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = SocketAddress::Kind;

TEST(TomlFile, TablesInAListAreNumbered) {
  Mistakes mistakes("x.toml");
  const TomlFile file(
      "[proxy]\nthreads = 2\n[[proxy.listener]]\nlisten = \"a:1\"\n[[proxy.listener]]\nlisten = \"b:2\"\n"
      "sni = \"c\"\n",
      "x.toml", mistakes);
  EXPECT_TRUE(mistakes.empty());
  EXPECT_EQ(file.rows("proxy.listener"), 2U);
  EXPECT_EQ(file.text("proxy.listener[1].listen"), "b:2");
  EXPECT_THAT(file.texts("proxy.listener[1].sni"), ElementsAre("c"));
  EXPECT_EQ(file.line("proxy.listener[0].listen"), 4U);
  EXPECT_EQ(file.line("proxy.listener[1].to"), 5U) << "the table of a key that is absent";
}

TEST(TomlFile, MistakesInAListAreNamedByTheirNumber) {
  const auto only = [](const std::string& text) {
    Mistakes mistakes("x.toml");
    const TomlFile file(text, "x.toml", mistakes);
    const auto found = mistakes.sorted();
    EXPECT_EQ(found.size(), 1U) << text;
    return found.empty() ? ConfigMistake{} : found.front();
  };
  const auto unknown = only("[[proxy.listener]]\nlisen = \"a:1\"\n");
  EXPECT_EQ(unknown.key, "proxy.listener[0].lisen");
  EXPECT_THAT(unknown.remedy, HasSubstr("listen"));
  EXPECT_THAT(only("[proxy]\nlisten = \"a:1\"\n").remedy, HasSubstr("[endpoint]"));
  EXPECT_THAT(only("[proxy]\nsni = \"a\"\n").remedy, HasSubstr("[[proxy.listener]]"));
  EXPECT_THAT(only("[proxy]\nlistener = 1\n").remedy, HasSubstr("[[proxy.listener]]"));
  EXPECT_THAT(only("[proxy.listener]\nlisten = \"a:1\"\n").remedy, HasSubstr("[[proxy.listener]]"));
  EXPECT_THAT(only("[\"proxy.listener\"]\nlisten = \"a:1\"\n").what, HasSubstr("no table"));
}

TEST(SocketAddress, IsReadStrictly) {
  const auto tcp = parse_socket_address("[::1]:80");
  ASSERT_TRUE(tcp.ok());
  EXPECT_TRUE(tcp->kind == Kind::tcp && tcp->tcp.host == "::1");
  EXPECT_EQ(tcp->text(), "[::1]:80");
  const auto path = parse_socket_address("unix:/run/a.sock");
  ASSERT_TRUE(path.ok());
  EXPECT_TRUE(path->kind == Kind::unix_path && path->name == "/run/a.sock");
  const auto inherited = parse_socket_address("systemd:front");
  ASSERT_TRUE(inherited.ok());
  EXPECT_TRUE(inherited->kind == Kind::systemd && inherited->name == "front");
  for (const auto& bad :
       {std::string("unix:a.sock"), std::string("unix:"), std::string("systemd:"), std::string("systemd:a:b"),
        std::string("a"), std::string("a:b"), "unix:/" + std::string(108, 'a')})
    EXPECT_FALSE(parse_socket_address(bad).ok()) << bad;
}

TEST(SocketAddress, StaysOnTheHostOrDoesNot) {
  for (const auto* here : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/a", "systemd:a"})
    EXPECT_TRUE(parse_socket_address(here)->stays_on_host()) << here;
  for (const auto* there : {"0.0.0.0:1", ":1", "[::]:1", "10.0.0.1:1", "a.example:1", "[::ffff:127.0.0.1]:1"})
    EXPECT_FALSE(parse_socket_address(there)->stays_on_host()) << there;
}

TEST(Files, AreThoseThatAConfigurationNames) {
  const auto folder = std::filesystem::temp_directory_path() / ("seatls-files-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& name, const std::string& content) {
    std::ofstream(folder / name) << content;
  };
  write("a.toml", "[x]\nkey = \"k.pem\"\nlist = [\"b.toml\", \"absent.pem\"]\n");
  write("b.toml", "again = \"a.toml\"\ncorim = \"c.cbor\"\n");
  write("k.pem", "1");
  write("c.cbor", "2");
  write("other", "3");
  const auto files = files_of((folder / "a.toml").string());
  EXPECT_EQ(files.size(), 4U) << "each once";
  const auto before = fingerprint_of(files);
  EXPECT_EQ(fingerprint_of(files), before);
  write("other", "33");
  EXPECT_EQ(fingerprint_of(files), before);
  write("c.cbor", "22");
  const auto after = fingerprint_of(files);
  EXPECT_NE(after, before);
  std::filesystem::remove(folder / "k.pem");
  EXPECT_NE(fingerprint_of(files), after);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace seatls::config
