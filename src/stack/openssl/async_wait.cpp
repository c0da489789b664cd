#include "stack/openssl/async_wait.h"

#include <openssl/async.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "seatls/openssl.h"

namespace seatls::openssl {
namespace {

// Set while abandon() resumes a job. A job is only ever resumed on the thread that started it, so a
// flag of the thread reaches whatever waits inside, a signing key included.
thread_local bool abandoning = false;

// A timerfd serves both ends: it fires at the deadline, and ring() lets it fire at once.
void arm(int fd, std::chrono::nanoseconds left) {
  using namespace std::chrono;
  left = std::max(left, nanoseconds(1));  // zero would disarm it
  itimerspec when{};
  when.it_value.tv_sec = duration_cast<seconds>(left).count();
  when.it_value.tv_nsec = (left % seconds(1)).count();
  ::timerfd_settime(fd, 0, &when, nullptr);
}

// The wait context holds on to the Wakeup, since it may outlive the job (SSL_free of a paused one).
void release(ASYNC_WAIT_CTX*, const void*, int, void* held) {
  delete static_cast<std::shared_ptr<Wakeup>*>(held);
}

// Registration shows the Wakeup's descriptor to whoever polls for this job.
class Registration {
 public:
  Registration(ASYNC_WAIT_CTX* context, const std::shared_ptr<Wakeup>& wakeup, int fd)
      : context_(context), key_(wakeup.get()), held_(std::make_unique<std::shared_ptr<Wakeup>>(wakeup)) {
    registered_ = ASYNC_WAIT_CTX_set_wait_fd(context_, key_, fd, held_.get(), release) == 1;
    if (registered_) std::ignore = held_.release();
  }
  ~Registration() {
    OSSL_ASYNC_FD fd{};
    void* held = nullptr;
    // clear_fd does not call the release function.
    if (registered_ && ASYNC_WAIT_CTX_get_fd(context_, key_, &fd, &held) == 1) {
      ASYNC_WAIT_CTX_clear_fd(context_, key_);
      release(context_, key_, fd, held);
    }
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  [[nodiscard]] bool ok() const { return registered_; }

 private:
  ASYNC_WAIT_CTX* context_;
  const void* key_;
  std::unique_ptr<std::shared_ptr<Wakeup>> held_;
  bool registered_ = false;
};

Result<void> pause_until_over(ASYNC_JOB* job, const std::shared_ptr<Wakeup>& wakeup) {
  SEATLS_TRY(const int fd, wakeup->fd());
  const Registration registration(ASYNC_get_wait_ctx(job), wakeup, fd);
  if (!registration.ok()) return Error{Code::internal, "ASYNC_WAIT_CTX_set_wait_fd failed", {}};
  while (!wakeup->over()) SEATLS_CHECK(park());
  return {};
}

}  // namespace

Wakeup::~Wakeup() {
  if (fd_ >= 0) ::close(fd_);
}

void Wakeup::ring() noexcept {
  const std::lock_guard lock(mutex_);
  if (rung_) return;
  rung_ = true;
  if (fd_ >= 0) arm(fd_, {});
  changed_.notify_all();
}

bool Wakeup::rung() const {
  const std::lock_guard lock(mutex_);
  return rung_;
}

bool Wakeup::over() const { return rung() || Clock::now() >= deadline_; }

Result<int> Wakeup::fd() {
  const std::lock_guard lock(mutex_);
  if (fd_ < 0) {
    fd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd_ < 0) {
      return Error{Code::io, "timerfd_create: " + std::generic_category().message(errno), {}};
    }
    arm(fd_, rung_ ? Clock::duration{} : deadline_ - Clock::now());
  }
  return fd_;
}

void Wakeup::block() {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline_, [this] { return rung_; });
}

Result<void> wait_for(const std::shared_ptr<Wakeup>& wakeup) {
  if (ASYNC_JOB* job = ASYNC_get_current_job(); job != nullptr && !wakeup->over()) {
    SEATLS_CHECK(pause_until_over(job, wakeup));
  } else {
    wakeup->block();
  }
  if (wakeup->rung()) return {};
  return Error{Code::timed_out, "no answer within the time limit", {}};
}

Result<void> park() {
  ASYNC_pause_job();
  if (abandoning) return Error{Code::closed, "the connection was given up while it waited", {}};
  return {};
}

void abandon(ssl_st* ssl) {
  if (SSL_waiting_for_async(ssl) == 0) return;
  // The owner may have closed the descriptor already, and its number may be another connection's.
  SSL_set0_rbio(ssl, BIO_new(BIO_s_null()));
  SSL_set0_wbio(ssl, BIO_new(BIO_s_null()));
  SSL_set_mode(ssl, SSL_MODE_ASYNC);  // or SSL_do_handshake would start anew instead of resuming
  abandoning = true;
  // Whatever waits in here gives up at once. An engine's own wait may not: leave that job to leak.
  for (int i = 0; i < 8 && SSL_waiting_for_async(ssl) != 0; ++i) SSL_do_handshake(ssl);
  abandoning = false;
  ERR_clear_error();
}

}  // namespace seatls::openssl
