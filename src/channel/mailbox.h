// Mailbox: where attesters, verifiers and signers leave their answers, from whatever thread, for the one
// thread that steps the channel. It may outlive the channel.
#pragma once

#include <sys/eventfd.h>

#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "base/descriptor.h"
#include "seatls/post_handshake.h"

namespace seatls::channel {

using Answer = std::variant<post::event::CredentialMade, post::event::Signed, post::event::Appraised>;

class Mailbox {
 public:
  [[nodiscard]] int fd() const { return event_.fd(); }
  void put(Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
    const std::uint64_t one = 1;
    (void)!::write(event_.fd(), &one, sizeof one);
  }
  [[nodiscard]] std::vector<Answer> take() {
    const std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    (void)!::read(event_.fd(), &count, sizeof count);
    return std::exchange(answers_, {});
  }

 private:
  const base::Descriptor event_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  std::mutex mutex_;
  std::vector<Answer> answers_;
};

}  // namespace seatls::channel
