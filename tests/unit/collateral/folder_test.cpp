// The cache on disk: whole files, the owner's alone, and nothing but these.
#include "collateral/folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "seatls/collateral.h"

namespace seatls::collateral {
namespace {

namespace fs = std::filesystem;

struct Place : ::testing::Test {
  Place() {
    std::string name = (fs::temp_directory_path() / "seatls-collateral-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Place() override {
    std::error_code ignored;
    fs::permissions(path, fs::perms::owner_all, ignored);
    fs::remove_all(path, ignored);
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path / name) << content;
  }
  fs::path path;
};

TEST_F(Place, WhatIsWrittenIsRead) {
  const Folder folder(path / "new" / "cache");
  EXPECT_FALSE(*folder.read("a"));
  ASSERT_TRUE(folder.write("tcb-info.tdx.00", "one"));
  ASSERT_TRUE(folder.write("tcb-info.tdx.00", "two"));
  EXPECT_EQ(**folder.read("tcb-info.tdx.00"), "two");
  EXPECT_EQ(*folder.names(), std::vector<std::string>{"tcb-info.tdx.00"});
  struct stat about {};
  ASSERT_EQ(::stat(folder.path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((folder.path() / "tcb-info.tdx.00.collateral").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "nothing is left beside it";
}

TEST_F(Place, NamesDoNotLeaveTheFolder) {
  const Folder folder(path);
  for (const char* name : {"", "..", "../a", "a/b", ".a", "A", "a b", "a\nb"}) {
    EXPECT_FALSE(folder.write(name, "x")) << name;
    EXPECT_FALSE(*folder.read(name)) << name;
  }
  EXPECT_FALSE(folder.write(std::string(201, 'a'), "x"));
}

TEST_F(Place, WhatIsNoPlainFileIsNotWaitedFor) {
  const Folder folder(path);
  ASSERT_EQ(::mkfifo((path / "pipe.collateral").c_str(), 0600), 0);
  EXPECT_EQ(folder.read("pipe").error().code, Code::io);
  fs::create_directory(path / "folder.collateral");
  EXPECT_EQ(folder.read("folder").error().code, Code::io);
  write("big.collateral", std::string(Folder::largest_file + 1, 'x'));
  EXPECT_EQ(folder.read("big").error().code, Code::io);
}

TEST_F(Place, AFolderThatCannotBeWrittenIsTold) {
  write("file", "x");
  EXPECT_EQ(Folder(path / "file").write("a", "x").error().code, Code::io);
  EXPECT_EQ(Folder(path / "file" / "below").write("a", "x").error().code, Code::io);
  EXPECT_EQ(Folder(path / "none").names().error().code, Code::io);
}

TEST_F(Place, AFolderOfOthersIsTold) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(Folder(path).write("a", "x").error().code, Code::io);
}

TEST_F(Place, TheOldestGoWhenThereAreTooMany) {
  const Folder folder(path);
  for (std::size_t i = 0; i < Folder::most_files; ++i) write(std::to_string(i) + ".collateral", "x");
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(path / "17.collateral", old);
  ASSERT_TRUE(folder.write("new", "x"));
  EXPECT_EQ(folder.names()->size(), Folder::most_files);
  EXPECT_FALSE(*folder.read("17"));
  EXPECT_TRUE(*folder.read("new"));
}

TEST_F(Place, FilesOfEveryKindAreToldApart) {
  write("rubbish.json", "rubbish");
  write("mark.json", R"({"fetched":true})");
  write("empty.pem", "");
  write("odd.collateral", "{}");
  write(".hidden", "x");
  fs::create_directory(path / "below");
  const auto read = read_collateral_folder(path.string());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ignored.size(), 3U);
  ASSERT_EQ(read->entries.size(), 1U);
  EXPECT_TRUE(read->entries[0].error);
  EXPECT_TRUE(read->intel.empty());
  EXPECT_EQ(read_collateral_folder((path / "none").string()).error().code, Code::io);
}

}  // namespace
}  // namespace seatls::collateral
