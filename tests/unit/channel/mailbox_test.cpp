#include "channel/mailbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>

namespace seatls::channel {
namespace {

Answer an_answer() { return post::event::Signed{{}, Error{Code::internal, "a test", ""}}; }
bool can_be_read(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, 0) == 1;
}

TEST(Mailbox, ADescriptorIsThereWhileAnAnswerIsExpected) {
  Mailbox mailbox;
  EXPECT_EQ(mailbox.watch(), -1);
  ASSERT_TRUE(mailbox.expect());
  ASSERT_TRUE(mailbox.expect());
  const int fd = mailbox.watch();
  ASSERT_GE(fd, 0);
  EXPECT_FALSE(can_be_read(fd));
  mailbox.put(an_answer());
  EXPECT_TRUE(can_be_read(fd));
  EXPECT_EQ(mailbox.take().size(), 1U);
  EXPECT_FALSE(can_be_read(fd));
  EXPECT_EQ(mailbox.watch(), fd) << "another one is to come";
  mailbox.put(an_answer());
  EXPECT_EQ(mailbox.take().size(), 1U);
  EXPECT_TRUE(mailbox.take().empty());
  EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC) << "who watches it has not heard yet that it may go";
  EXPECT_EQ(mailbox.watch(), -1);
  EXPECT_TRUE(mailbox.take().empty());
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
  EXPECT_TRUE(mailbox.expect());
}

TEST(Mailbox, NothingIsExpectedWithoutADescriptor) {
  Mailbox mailbox;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool expected = mailbox.expect();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(expected);
  EXPECT_EQ(mailbox.watch(), -1);
  EXPECT_TRUE(mailbox.expect());
}

}  // namespace
}  // namespace seatls::channel
