#include "stack/openssl/async_wait.h"

#include <gtest/gtest.h>
#include <openssl/async.h>
#include <poll.h>

#include <memory>
#include <string>
#include <thread>

namespace seatls::openssl {
namespace {

using namespace std::chrono_literals;
using Text = std::shared_ptr<Answer<std::string>>;

Text answer(std::chrono::milliseconds limit = 1h) { return std::make_shared<Answer<std::string>>(limit); }

bool readable(int fd, int milliseconds = 0) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, milliseconds) == 1;
}

// Job runs one wait in an ASYNC job, as OpenSSL runs a handshake.
struct Job {
  explicit Job(Text a) : text(std::move(a)) {}
  ~Job() { ASYNC_WAIT_CTX_free(context); }

  int step() {
    Job* self = this;
    return ASYNC_start_job(
        &job, context, &ret,
        [](void* arg) {
          Job& me = **static_cast<Job**>(arg);
          me.result.emplace(me.text->wait());
          return 1;
        },
        &self, sizeof self);
  }
  int fd() const {
    OSSL_ASYNC_FD fds[2];
    std::size_t n = 0;
    ASYNC_WAIT_CTX_get_all_fds(context, nullptr, &n);
    if (n != 1) return -1;
    ASYNC_WAIT_CTX_get_all_fds(context, fds, &n);
    return fds[0];
  }

  Text text;
  ASYNC_JOB* job = nullptr;
  ASYNC_WAIT_CTX* context = ASYNC_WAIT_CTX_new();
  int ret = 0;
  std::optional<Result<std::string>> result;
};

TEST(AsyncWait, OutsideOfAJobItBlocksUntilTheAnswer) {
  auto text = answer();
  std::thread worker([text] { text->put(std::string("made")); });
  EXPECT_EQ(text->wait().value(), "made");
  worker.join();
}

TEST(AsyncWait, OutsideOfAJobTheTimeLimitEndsTheWait) {
  EXPECT_EQ(answer(1ms)->wait().error().code, Code::timed_out);
}

TEST(AsyncWait, TheFirstAnswerCounts) {
  auto text = answer();
  text->put(std::string("first"));
  text->put(std::string("second"));
  EXPECT_EQ(text->wait().value(), "first");
}

TEST(AsyncWait, AnAnswerThatIsThereDoesNotPause) {
  Job job(answer());
  job.text->put(Error{Code::tpm, "busy", {}});
  ASSERT_EQ(job.step(), ASYNC_FINISH);
  EXPECT_EQ(job.result->error().code, Code::tpm);
}

TEST(AsyncWait, AJobIsPausedAndItsDescriptorTellsOfTheAnswer) {
  Job job(answer());
  ASSERT_EQ(job.step(), ASYNC_PAUSE);
  const int fd = job.fd();
  ASSERT_GE(fd, 0);
  EXPECT_FALSE(readable(fd));
  ASSERT_EQ(job.step(), ASYNC_PAUSE) << "resumed for nothing, it goes on waiting";

  std::thread worker([text = job.text] { text->put(std::string("made")); });
  EXPECT_TRUE(readable(fd, -1));
  worker.join();
  ASSERT_EQ(job.step(), ASYNC_FINISH);
  EXPECT_EQ(job.result->value(), "made");
  EXPECT_EQ(job.fd(), -1) << "the descriptor is no longer shown";
}

TEST(AsyncWait, TheDescriptorAlsoTellsOfTheTimeLimit) {
  Job job(answer(1ms));
  if (job.step() == ASYNC_PAUSE) {
    EXPECT_TRUE(readable(job.fd(), -1));
    ASSERT_EQ(job.step(), ASYNC_FINISH);
  }
  EXPECT_EQ(job.result->error().code, Code::timed_out);
}

TEST(AsyncWait, AnAnswerAfterTheTimeLimitHurtsNobody) {
  auto text = answer(1ms);
  EXPECT_EQ(text->wait().error().code, Code::timed_out);
  text->put(std::string("late"));
}

}  // namespace
}  // namespace seatls::openssl
