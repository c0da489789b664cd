#include "service/postgres_listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace seatls::service {

using namespace std::chrono_literals;

PostgresListener::PostgresListener(const PostgresAddress& address, std::chrono::milliseconds answer)
    : address_(address), answer_(answer), wake_(eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread([this] { loop(); });
}

PostgresListener::~PostgresListener() {
  ending_ = true;
  eventfd_write(wake_, 1);
  thread_.join();
  close(wake_);
}

void PostgresListener::add(std::function<void()> changed) { watchers_.add(std::move(changed)); }

void PostgresListener::loop() {
  while (!ending_) {
    listen();
    pause(500ms);
  }
}

void PostgresListener::listen() {
  auto opened = PostgresConnection::open(address_, answer_, std::chrono::steady_clock::now() + answer_);
  if (!opened) return;
  PostgresConnection& connection = **opened;
  if (!connection.listen()) return;
  // Nobody told us what happened while there was no connection.
  watchers_.call();
  while (!ending_) {
    const auto noticed = connection.wait_for_notice(wake_, 15s);
    if (!noticed) return;
    if (*noticed) {
      watchers_.call();
    } else if (!ending_) {
      // Silence may also mean that the server is gone without having said so.
      connection.begin(std::chrono::steady_clock::now() + answer_);
      if (!connection.run("SELECT 1")) return;
    }
  }
}

void PostgresListener::pause(std::chrono::milliseconds time) const {
  pollfd waiting{wake_, POLLIN, 0};
  (void)poll(&waiting, 1, static_cast<int>(time.count()));
}

}  // namespace seatls::service
