// The thread that waits for the database to tell of changes.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "service/postgres_connection.h"
#include "service/watchers.h"

namespace seatls::service {

class PostgresListener {
 public:
  PostgresListener(const PostgresAddress& address, std::chrono::milliseconds answer);
  ~PostgresListener();
  PostgresListener(const PostgresListener&) = delete;
  PostgresListener& operator=(const PostgresListener&) = delete;
  void add(std::function<void()> changed);

 private:
  void loop();
  void listen();
  void pause(std::chrono::milliseconds time) const;

  const PostgresAddress& address_;
  const std::chrono::milliseconds answer_;
  Watchers watchers_;
  int wake_ = -1;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace seatls::service
