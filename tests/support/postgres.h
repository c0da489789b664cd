// A PostgreSQL of a test's own: in a temporary folder, on a socket there and no port, ended by its pid.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace seatls::testing {

class PostgresServer {
 public:
  // shared returns the one server of this test program, started when it is first asked for, or nullptr;
  // `why` then says what is missing.
  [[nodiscard]] static PostgresServer* shared(std::string& why);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // make_database makes an empty one and returns its name.
  [[nodiscard]] std::string make_database();
  [[nodiscard]] std::string uri(const std::string& database) const { return uri(database, folder_); }
  [[nodiscard]] std::string uri(const std::string& database,
                                const std::filesystem::path& socket_folder) const;
  [[nodiscard]] std::filesystem::path socket() const { return folder_ / ".s.PGSQL.5432"; }
  // execute runs SQL beside the store. It returns the first column of the first row, or "ERROR: …".
  std::string execute(const std::string& database, const std::string& sql) const;

  void kill();  // SIGKILL: as if the machine's memory were gone, but not its disk
  [[nodiscard]] bool start();
  void stop();    // SIGSTOP for the server and all its processes: it is there, and does not answer
  void resume();  // what stop() stopped

 private:
  PostgresServer(std::filesystem::path programs, std::filesystem::path folder);
  [[nodiscard]] bool initialise() const;
  [[nodiscard]] pid_t spawn(const std::vector<std::string>& command) const;
  [[nodiscard]] bool answers() const;

  std::filesystem::path programs_;
  std::filesystem::path folder_;
  pid_t pid_ = -1;
  int databases_ = 0;
};

}  // namespace seatls::testing
