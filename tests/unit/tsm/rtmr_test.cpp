// Runtime registers of a trust domain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "attest/tsm/attester.h"
#include "crypto/hash.h"
#include "fake/tsm_driver.h"

namespace seatls::attest::tsm {
namespace {

using ::testing::HasSubstr;

// RegisterFiles has the registers where RtmrOptions looks for them.
class RegisterFiles final : public KernelFiles {
 public:
  int make_directory(const std::string&) override { return EPERM; }
  int remove_directory(const std::string&) override { return EPERM; }
  int write(const std::string& path, ByteView content) override {
    if (interruptions != 0) return --interruptions, EINTR;
    return path == place ? registers.extend(3, content) : ENOENT;
  }
  Read read(const std::string& path, std::size_t) override {
    return path == place ? Read{0, registers.value(3)} : Read{ENOENT, {}};
  }
  fake::Registers registers;
  std::string place = "/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384";
  unsigned interruptions = 0;
};

TEST(Rtmr, IsExtended) {
  RegisterFiles files;
  files.interruptions = 3;
  const Bytes digest(48, 0xd1);
  Bytes both(48, 0);
  both.insert(both.end(), digest.begin(), digest.end());
  const auto value = extend_rtmr(files, digest, {});
  ASSERT_TRUE(value) << value.error().message();
  EXPECT_EQ(*value, crypto::digest(Hash::sha384, both)) << "once, whatever was interrupted";
}

TEST(Rtmr, WhatCannotBeExtended) {
  RegisterFiles files;
  for (const unsigned index : {0U, 1U, 4U})
    EXPECT_EQ(extend_rtmr(files, Bytes(48, 1), {.index = index}).error().code, Code::configuration);
  EXPECT_EQ(extend_rtmr(files, Bytes(32, 1), {}).error().code, Code::configuration);
  const auto other = extend_rtmr(files, Bytes(48, 1), {.index = 2});
  EXPECT_EQ(other.error().code, Code::attester_unavailable);
  EXPECT_THAT(other.error().detail, ::testing::AllOf(HasSubstr("rtmr2:sha384"), HasSubstr("6.16")));
  files.interruptions = 1000;
  EXPECT_EQ(extend_rtmr(files, Bytes(48, 1), {}).error().code, Code::attester_unavailable);
  EXPECT_EQ(files.registers.value(3), Bytes(48, 0)) << "nothing was extended";
}

}  // namespace
}  // namespace seatls::attest::tsm
