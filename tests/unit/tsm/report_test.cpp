// Reports of the kernel: the whole exchange, what goes wrong in it, and what an operator is told.
#include "attest/tsm/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "fake/tsm_kernel.h"

namespace seatls::attest::tsm {
namespace {

using fake::TsmFiles;
using fake::TsmKernel;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Bytes asked(64, 0xb1);

// Echo is a driver whose report is a header, the request and the level.
TsmKernel::Driver echo(std::optional<unsigned> floor = {}) {
  return {"sev_guest",
          [](ByteView inblob, unsigned level) {
            if (inblob.size() != 64) return TsmKernel::Blobs{EINVAL, {}, {}};
            Bytes out = {0xde, 0xad, static_cast<std::uint8_t>(level)};
            out.insert(out.end(), inblob.begin(), inblob.end());
            return TsmKernel::Blobs{0, std::move(out), Bytes(3, 0xcc)};
          },
          floor, true};
}

struct World {
  explicit World(std::optional<TsmKernel::Driver> driver = echo()) : kernel(std::move(driver)) {}
  [[nodiscard]] Site site() {
    return {files, std::string(TsmFiles::root),
            [this](std::chrono::milliseconds time) { pauses.push_back(time); }};
  }
  [[nodiscard]] Result<Report> report(std::optional<unsigned> level = {}) {
    const Site here = site();
    return read_report(here, asked, level);
  }
  // fail lets calls on paths that end so fail, as often as `times` tells.
  void fail(std::string call, std::string end, int error, unsigned times = 1000) {
    files.before = [=, left = times](std::string_view what,
                                     const std::string& path) mutable -> std::optional<int> {
      if (what != call || !path.ends_with(end) || left == 0) return std::nullopt;
      --left;
      return error;
    };
  }
  // meddle writes to the entry, from outside, whenever its report is about to be read; `times` times.
  void meddle(unsigned times) {
    files.before = [this, left = times](std::string_view call,
                                        const std::string& path) mutable -> std::optional<int> {
      if (call == "read" && path.ends_with("/outblob") && left != 0) {
        --left;
        (void)kernel.store(kernel.entries().front(), "inblob", Bytes(64, 0xee));
      }
      return std::nullopt;
    };
  }

  TsmKernel kernel;
  TsmFiles files{kernel};
  std::vector<std::chrono::milliseconds> pauses;
};

TEST(TsmReport, IsWhatWasAskedFor) {
  World w;
  const auto report = w.report();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->outblob.size(), 67U);
  EXPECT_EQ(Bytes(report->outblob.begin() + 3, report->outblob.end()), asked);
  EXPECT_EQ(report->auxblob, Bytes(3, 0xcc));
  EXPECT_THAT(w.kernel.entries(), IsEmpty()) << "entries are removed";
  EXPECT_THAT(w.pauses, IsEmpty());
}

TEST(TsmReport, ADriverNeedNotHaveAuxblob) {
  auto driver = echo();
  driver.has_auxblob = false;
  World w(driver);
  EXPECT_THAT(w.report()->auxblob, IsEmpty());
}

TEST(TsmReport, EachHasAnEntryOfItsOwn) {
  World w;
  std::vector<std::string> made;
  w.files.before = [&](std::string_view call, const std::string& path) -> std::optional<int> {
    if (call == "mkdir") made.push_back(path);
    return std::nullopt;
  };
  ASSERT_TRUE(w.report());
  ASSERT_TRUE(w.report());
  ASSERT_EQ(made.size(), 2U);
  EXPECT_NE(made[0], made[1]);
}

TEST(TsmReport, HasTheWholeFieldOrIsNotAskedFor) {
  World w;
  const Site here = w.site();
  EXPECT_EQ(read_report(here, Bytes(48, 1), {}).error().code, Code::misuse);
}

// ---- Generations -------------------------------------------------------------------------------

TEST(TsmReport, IsAskedForAgainWhenSomebodyElseWroteMeanwhile) {
  World w;
  w.meddle(2);
  const auto report = w.report();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(Bytes(report->outblob.begin() + 3, report->outblob.end()), asked) << "and never the other's";
  EXPECT_THAT(w.kernel.entries(), IsEmpty());
}

TEST(TsmReport, IsGivenUpWhenSomebodyElseAlwaysWrites) {
  World w;
  w.meddle(1000);
  const auto report = w.report();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::attester_unavailable);
  EXPECT_THAT(report.error().detail, AllOf(HasSubstr("/made-up/tsm/report"), HasSubstr("another program")));
  EXPECT_THAT(w.kernel.entries(), IsEmpty());
}

// The kernel takes inblob at close(), and its refusal reaches nobody: the generation alone tells.
TEST(TsmReport, AWriteThatWasDroppedIsNoticed) {
  World w;
  unsigned dropped = 0;
  w.files.before = [&](std::string_view call, const std::string&) -> std::optional<int> {
    const auto entries = w.kernel.entries();
    if (call == "read" && dropped < 2 &&
        w.kernel.show(entries.front(), "generation").content == Bytes{'0', '\n'})
      (void)w.kernel.store(entries.front(), "inblob",
                           asked);  // what the report would be about is there already
    if (call != "write" || dropped == 2) return std::nullopt;
    ++dropped;
    return 0;
  };
  EXPECT_TRUE(w.report());
  EXPECT_EQ(dropped, 2U) << "reports that rest on no write of ours are not used";
}

TEST(TsmReport, OneThatIsAboutSomethingElseIsNone) {
  auto driver = echo();
  driver.report_new = [](ByteView, unsigned) { return TsmKernel::Blobs{0, Bytes(67, 0xee), {}}; };
  World w(driver);
  const auto report = w.report();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::attester_unavailable);
  EXPECT_THAT(report.error().detail, HasSubstr("not about what was asked"));
}

// ---- Errors ------------------------------------------------------------------------------------

TEST(TsmReport, WhatIsInterruptedIsRepeatedAtOnce) {
  for (const auto& [call, end] :
       {std::pair{"mkdir", ""}, {"write", "inblob"}, {"read", "outblob"}, {"read", "generation"}}) {
    World w;
    w.fail(call, end, EINTR, 5);
    EXPECT_TRUE(w.report()) << call << " " << end;
    EXPECT_THAT(w.pauses, IsEmpty());
  }
}

TEST(TsmReport, WhatIsBusyIsRepeatedAfterPausesThatGrow) {
  using std::chrono::milliseconds;
  for (const int error : {EBUSY, EAGAIN}) {
    World w;
    w.fail("read", "outblob", error, 3);
    EXPECT_TRUE(w.report());
    EXPECT_THAT(w.pauses, ElementsAre(milliseconds(10), milliseconds(20), milliseconds(40)));
  }
}

TEST(TsmReport, NothingIsRepeatedForEver) {
  for (const int error : {EINTR, EBUSY}) {
    World w;
    w.fail("read", "outblob", error);
    const auto report = w.report();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Code::attester_unavailable);
    EXPECT_LE(w.pauses.size(), 8U);
    EXPECT_THAT(w.kernel.entries(), IsEmpty());
  }
}

TEST(TsmReport, ErrorsTellThePathTheReasonAndTheRemedy) {
  struct Row {
    const char *call, *end;
    int error;
    const char* remedy;
  };
  for (const auto& [call, end, error, remedy] :
       {Row{"mkdir", "", ENOENT, "mount -t configfs"}, Row{"mkdir", "", ENXIO, "modprobe"},
        Row{"mkdir", "", EACCES, "root"}, Row{"mkdir", "", EROFS, "writable"},
        Row{"write", "inblob", EPERM, "root"}, Row{"write", "privlevel", EINVAL, "attest.privlevel"},
        Row{"read", "outblob", EINVAL, "request"}, Row{"read", "outblob", ETIMEDOUT, "quoting service"},
        Row{"read", "outblob", EIO, "firmware"}, Row{"read", "outblob", ENOTTY, "modprobe"},
        Row{"read", "outblob", ENOENT, "removed"}, Row{"read", "auxblob", EFBIG, "larger"},
        Row{"read", "generation", ENOENT, "removed"}, Row{"read", "outblob", ENOMEM, "log"}}) {
    World w(echo(0U));
    w.fail(call, end, error);
    const auto report = w.report(1U);
    ASSERT_FALSE(report) << call << " " << end;
    EXPECT_EQ(report.error().code, Code::attester_unavailable);
    EXPECT_EQ(report.error().path, "configfs-tsm");
    EXPECT_THAT(report.error().detail,
                AllOf(HasSubstr("/made-up/tsm/report"), HasSubstr(end),
                      HasSubstr(std::generic_category().message(error)), HasSubstr(remedy)));
    EXPECT_THAT(w.kernel.entries(), IsEmpty());
  }
}

TEST(TsmReport, ANameThatIsTakenIsNotUsed) {
  World w;
  w.fail("mkdir", "", EEXIST, 2);
  EXPECT_TRUE(w.report());
  w.fail("mkdir", "", EEXIST);
  EXPECT_FALSE(w.report());
}

TEST(TsmReport, AnEntryThatStaysBreaksNothing) {
  World w;
  w.fail("rmdir", "", EIO);
  EXPECT_TRUE(w.report());
  EXPECT_TRUE(w.report());
}

// ---- Drivers -----------------------------------------------------------------------------------

TEST(TsmDriver, IsLookedAt) {
  World levels(echo(2U)), none;
  const Site here = levels.site(), there = none.site();
  EXPECT_EQ(read_driver(here)->privlevel_floor, 2U);
  EXPECT_EQ(read_driver(there)->privlevel_floor, std::nullopt);
  EXPECT_THAT(levels.kernel.entries(), IsEmpty());
}

TEST(TsmDriver, IsNotThere) {
  World w(std::nullopt);
  const Site here = w.site();
  const auto driver = read_driver(here);
  ASSERT_FALSE(driver);
  EXPECT_THAT(driver.error().detail, HasSubstr("modprobe"));
}

TEST(TsmDriver, GoesAwayUnderWay) {
  World w;
  w.files.before = [&](std::string_view call, const std::string&) -> std::optional<int> {
    if (call == "write") w.kernel.set_driver(std::nullopt);
    return std::nullopt;
  };
  const auto report = w.report();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::attester_unavailable);
}

TEST(TsmReport, LevelsAreWrittenBeforeTheRequest) {
  World w(echo(1U));
  EXPECT_EQ(w.report(2U)->outblob[2], 2);
  const auto below = w.report(0U);
  ASSERT_FALSE(below);
  EXPECT_THAT(below.error().detail, HasSubstr("privlevel"));
}

// ---- The system's files ------------------------------------------------------------------------

TEST(TsmKernelFiles, AreOfTheSystem) {
  auto& files = KernelFiles::of_system();
  const auto folder = std::filesystem::temp_directory_path() / ("seatls-tsm-" + std::to_string(::getpid()));
  const auto path = folder.string();
  ASSERT_EQ(files.make_directory(path), 0);
  EXPECT_EQ(files.make_directory(path), EEXIST);
  EXPECT_EQ(files.make_directory(path + "/none/below"), ENOENT);
  EXPECT_EQ(files.write(path + "/inblob", asked), ENOENT) << "attributes are the kernel's: none is made";
  EXPECT_EQ(files.read(path + "/outblob", 10).error, ENOENT);
  { std::ofstream(path + "/file") << "twelve bytes"; }
  EXPECT_EQ(text(files.read(path + "/file", 12).content), "twelve bytes");
  EXPECT_EQ(files.read(path + "/file", 11).error, EFBIG);
  EXPECT_EQ(files.read(path, 11).error, EISDIR);
  EXPECT_EQ(files.write(path + "/file", Bytes(3, 'x')), 0);
  EXPECT_EQ(files.remove_directory(path), ENOTEMPTY);
  std::filesystem::remove(folder / "file");
  EXPECT_EQ(files.remove_directory(path), 0);
}

}  // namespace
}  // namespace seatls::attest::tsm
