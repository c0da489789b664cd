// Mailbox: where attesters, verifiers and signers leave their answers, from whatever thread, for the one
// thread that steps the channel. It may outlive the channel.
#pragma once

#include <sys/eventfd.h>

#include <algorithm>
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
  // expect says that an answer will be put here; false: no descriptor is left. These are for the thread that
  // steps the channel, as is all but put().
  [[nodiscard]] bool expect() {
    const std::lock_guard lock(mutex_);
    if (!event_) event_ = base::Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (event_) ++expected_;
    unwatched_ = false;
    return static_cast<bool>(event_);
  }
  // watch returns what can be read once an answer is there, and -1 while none is expected: most connections
  // are idle, and need no descriptor for that.
  [[nodiscard]] int watch() {
    unwatched_ = expected_ == 0;
    return unwatched_ ? -1 : event_.fd();
  }
  void put(Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
    const std::uint64_t one = 1;
    (void)!::write(event_.fd(), &one, sizeof one);
  }
  [[nodiscard]] std::vector<Answer> take() {
    const std::lock_guard lock(mutex_);
    if (expected_ == 0) {
      // Closed only after who steps the channel has heard that there is nothing to watch.
      if (unwatched_) event_ = base::Descriptor();
      return {};
    }
    std::uint64_t count = 0;
    (void)!::read(event_.fd(), &count, sizeof count);
    expected_ -= std::min(expected_, answers_.size());
    return std::exchange(answers_, {});
  }

 private:
  std::size_t expected_ = 0;
  bool unwatched_ = false;
  std::mutex mutex_;  // of the next two
  base::Descriptor event_;
  std::vector<Answer> answers_;
};

}  // namespace seatls::channel
