// A relay between a client and a PostgreSQL server that breaks a connection just when it commits.
#pragma once

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

namespace seatls::testing {

class PostgresRelay {
 public:
  enum class Break {
    none,
    before_commit,  // COMMIT never reaches the server
    after_commit,   // the server commits, and its answer never reaches the client
    late_commit,    // the client is cut off, and COMMIT reaches the server a while later
  };
  // It listens in `folder`, as PostgreSQL would.
  PostgresRelay(std::filesystem::path folder, std::filesystem::path server);
  ~PostgresRelay();
  PostgresRelay(const PostgresRelay&) = delete;
  PostgresRelay& operator=(const PostgresRelay&) = delete;

  // The next COMMIT, and that one alone, breaks.
  void break_next(Break how) { next_ = how; }
  [[nodiscard]] int broken() const { return broken_; }

 private:
  void serve();
  void relay(int client);
  bool forward_commit(int client, int server, const std::vector<char>& message);

  const std::filesystem::path server_;
  std::atomic<Break> next_ = Break::none;
  std::atomic<int> broken_ = 0;
  std::atomic<bool> ending_ = false;
  int listener_ = -1;
  std::vector<std::thread> relays_;  // of the acceptor's, until it has ended
  std::thread acceptor_;
};

}  // namespace seatls::testing
