// Mailbox: where attesters, verifiers and signers leave their answers, from whatever thread, for the one
// thread that steps the channel. It may outlive the channel.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "seatls/post_handshake.h"

namespace seatls::channel {

using Answer = std::variant<post::event::CredentialMade, post::event::Signed, post::event::Appraised>;

class Mailbox {
 public:
  Mailbox() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~Mailbox() {
    if (fd_ >= 0) ::close(fd_);
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  void put(Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
    const std::uint64_t one = 1;
    (void)!::write(fd_, &one, sizeof one);
  }
  [[nodiscard]] std::vector<Answer> take() {
    const std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    (void)!::read(fd_, &count, sizeof count);
    return std::exchange(answers_, {});
  }

 private:
  int fd_;
  std::mutex mutex_;
  std::vector<Answer> answers_;
};

}  // namespace seatls::channel
