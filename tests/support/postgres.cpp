#include "support/postgres.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

namespace seatls::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// The server refuses to run as root.
struct User {
  uid_t uid;
  gid_t gid;
};
std::optional<User> other_user() {
  if (geteuid() != 0) return std::nullopt;
  const passwd* nobody = getpwnam("nobody");
  return nobody != nullptr ? User{nobody->pw_uid, nobody->pw_gid} : User{65534, 65534};
}

fs::path find_programs() {
  std::vector<fs::path> places;
  std::error_code none;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
    places.push_back(version.path() / "bin");
  }
  std::ranges::sort(places, std::greater<>());
  std::istringstream path(getenv("PATH") != nullptr ? getenv("PATH") : "");
  for (std::string folder; std::getline(path, folder, ':');) places.emplace_back(folder);
  const auto found = std::ranges::find_if(places, [&](const auto& p) {
    return fs::exists(p / "initdb", none) && fs::exists(p / "postgres", none);
  });
  return found == places.end() ? fs::path() : *found;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  std::ifstream list("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

}  // namespace

PostgresServer* PostgresServer::shared(std::string& why) {
  static std::string missing;
  static const std::unique_ptr<PostgresServer> server = []() -> std::unique_ptr<PostgresServer> {
    const fs::path programs = find_programs();
    if (programs.empty()) {
      missing = "PostgreSQL's server programs (Debian: postgresql) are not installed";
      return nullptr;
    }
    std::string folder = (fs::temp_directory_path() / "seatls-pg-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) {
      missing = "no temporary folder could be made";
      return nullptr;
    }
    auto made = std::unique_ptr<PostgresServer>(new PostgresServer(programs, folder));
    if (made->initialise() && made->start()) return made;
    std::ifstream log(fs::path(folder) / "log");
    std::ostringstream text;
    text << log.rdbuf();
    missing = "PostgreSQL did not start: " + text.str();
    return nullptr;
  }();
  why = missing;
  return server.get();
}

PostgresServer::PostgresServer(fs::path programs, fs::path folder)
    : programs_(std::move(programs)), folder_(std::move(folder)) {
  if (const auto user = other_user()) (void)!chown(folder_.c_str(), user->uid, user->gid);
  fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
}

PostgresServer::~PostgresServer() {
  if (pid_ > 0) {
    resume();
    ::kill(pid_, SIGQUIT);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

pid_t PostgresServer::spawn(const std::vector<std::string>& command) const {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::string log = folder_ / "log";
  const auto user = other_user();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  if (user && (setgroups(0, nullptr) != 0 || setgid(user->gid) != 0 || setuid(user->uid) != 0)) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);  // a test that crashes leaves no server behind
  if (getppid() != parent || chdir(folder_.c_str()) != 0) _exit(126);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, 1);
  dup2(out, 2);
  execv(arguments[0], arguments.data());
  _exit(127);
}

bool PostgresServer::initialise() const {
  const pid_t child = spawn({programs_ / "initdb", "-D", folder_ / "data", "-U", "seatls", "-A", "trust",
                             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"});
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

bool PostgresServer::start() {
  for (int attempt = 0; attempt < 50; ++attempt) {
    // What is killed here is the server, never the machine: what was handed to the kernel survives without
    // fsync.
    pid_ = spawn({programs_ / "postgres", "-D", folder_ / "data", "-k", folder_, "-p", "5432", "-c",
                  "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c",
                  "max_connections=64"});
    if (pid_ < 0) return false;
    while (waitpid(pid_, nullptr, WNOHANG) == 0) {
      if (answers()) return true;
      std::this_thread::sleep_for(20ms);
    }
    // Processes of the one before that was killed may hold its memory for a moment.
    std::this_thread::sleep_for(200ms);
  }
  pid_ = -1;
  return false;
}

bool PostgresServer::answers() const { return PQping(uri("postgres").c_str()) == PQPING_OK; }

void PostgresServer::kill() {
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void PostgresServer::stop() {
  ::kill(pid_, SIGSTOP);
  for (const pid_t child : children_of(pid_)) ::kill(child, SIGSTOP);
}

void PostgresServer::resume() {
  for (const pid_t child : children_of(pid_)) ::kill(child, SIGCONT);
  ::kill(pid_, SIGCONT);
}

std::string PostgresServer::uri(const std::string& database, const fs::path& socket_folder) const {
  return "postgresql:///" + database + "?user=seatls&host=" + socket_folder.string();
}

std::string PostgresServer::make_database() {
  const std::string name = "test" + std::to_string(++databases_);
  const std::string made = execute("postgres", "CREATE DATABASE " + name + " TEMPLATE template0");
  return made.starts_with("ERROR") ? made : name;
}

std::string PostgresServer::execute(const std::string& database, const std::string& sql) const {
  PGconn* connection = PQconnectdb(uri(database).c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  const auto status = PQresultStatus(result);
  std::string answer;
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    answer = std::string("ERROR: ") + PQerrorMessage(connection);
  } else if (PQntuples(result) > 0) {
    answer = PQgetvalue(result, 0, 0);
  }
  PQclear(result);
  PQfinish(connection);
  return answer;
}

}  // namespace seatls::testing
