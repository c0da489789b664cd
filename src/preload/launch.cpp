#include "preload/launch.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <tuple>

#include "preload/environment.h"

namespace seatls::preload {
namespace {

constexpr std::array forwarded{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
constexpr const char* library_name = "libseatls-preload.so";

std::string reason(int why) { return std::generic_category().message(why); }

class Attributes {
 public:
  Attributes(const sigset_t& mask) {
    ::posix_spawnattr_init(&value_);
    ::posix_spawnattr_setsigmask(&value_, &mask);
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);  // which this process ignores
    ::posix_spawnattr_setsigdefault(&value_, &defaults);
    ::posix_spawnattr_setflags(&value_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&value_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const { return &value_; }

 private:
  posix_spawnattr_t value_{};
};

// A preload library that is there already stays the first one: it may have to be.
Attested variables_of(const Launch& what) {
  const char* before = std::getenv(preload_variable);
  std::string preload = std::string(preload_variable) + "=";
  if (before != nullptr && *before != '\0') preload += std::string(before) + ":";
  return {preload + what.library, std::string(helper_variable) + "=" + what.helper.text()};
}

Result<pid_t> start(const Launch& what, const HeldSignals& signals) {
  const Attested variables = variables_of(what);
  std::vector<char*> environment(length_of(environ) + 3);
  complete(environ, variables, environment.data());
  std::vector<char*> arguments;
  for (const auto& a : what.arguments) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  const Attributes attributes(signals.before());
  pid_t pid = 0;
  const int why =
      ::posix_spawn(&pid, what.path.c_str(), nullptr, attributes.get(), arguments.data(), environment.data());
  if (why == 0) return pid;
  return Error{Code::usage, what.path + " cannot be started: " + reason(why), {}};
}

// children are those of every thread of this process: the kernel gives orphans to any of them.
std::vector<pid_t> children() {
  std::vector<pid_t> list;
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    const int fd = ::open((task.path() / "children").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    std::array<char, 4096> buffer{};
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    ::close(fd);
    std::istringstream in(std::string(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0));
    for (pid_t pid = 0; in >> pid;) list.push_back(pid);
  }
  return list;
}

// What a terminal sends it sends to the program, too.
void forward(const siginfo_t& signal, pid_t program, bool ended) {
  if (signal.si_code == SI_KERNEL) return;
  if (!ended) {
    std::ignore = ::kill(program, signal.si_signo);
    return;
  }
  for (const pid_t child : children()) std::ignore = ::kill(child, signal.si_signo);
}

}  // namespace

HeldSignals::HeldSignals() {
  ::sigemptyset(&held_);
  for (const int signal : forwarded) ::sigaddset(&held_, signal);
  ::sigaddset(&held_, SIGCHLD);
  ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
}

namespace {

// A program that changes its user, and then starts another one, would lose the library without a word.
bool everybody_reaches(const std::filesystem::path& library) {
  using std::filesystem::perms;
  std::error_code error;
  const auto allows = [&](const std::filesystem::path& path, perms bit) {
    return (std::filesystem::status(path, error).permissions() & bit) != perms::none;
  };
  if (!allows(library, perms::others_read)) return false;
  for (auto folder = library.parent_path(); folder != folder.root_path(); folder = folder.parent_path())
    if (!allows(folder, perms::others_exec)) return false;
  return true;
}

Result<std::string> check_place(const std::filesystem::path& library) {
  const std::string& path = library.native();
  if (path.find_first_of(": \t\n") != std::string::npos)
    return Error{Code::configuration,
                 "LD_PRELOAD cannot hold \"" + path + "\": install seatls where no blank or colon is",
                 {}};
  if (::geteuid() == 0 && !everybody_reaches(library))
    return Error{Code::configuration,
                 path +
                     " cannot be read by every user, and programs that root starts may change theirs; "
                     "install seatls where they can",
                 {}};
  return path;
}

}  // namespace

Result<std::string> find_library() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  std::vector<std::filesystem::path> places{self / library_name, self / "../lib/seatls" / library_name,
                                            self / "../lib64/seatls" / library_name};
#ifdef SEATLS_MULTIARCH
  places.push_back(self / "../lib/" SEATLS_MULTIARCH "/seatls" / library_name);
#endif
  for (const auto& place : places) {
    const auto path = std::filesystem::canonical(place, error);
    if (!error) return check_place(path);
  }
  return Error{Code::io, std::string(library_name) + " is neither beside this program nor installed", {}};
}

Result<int> launch(const Launch& what, const HeldSignals& signals) {
  SEATLS_TRY(const pid_t program, start(what, signals));
  bool ended = false;
  int code = 0;
  while (true) {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) != 0;) {
      if (pid < 0 && errno == ECHILD) return code;
      if (pid != program) continue;
      ended = true;
      code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    siginfo_t signal{};
    if (::sigwaitinfo(&signals.held(), &signal) > 0 && signal.si_signo != SIGCHLD)
      forward(signal, program, ended);
  }
}

}  // namespace seatls::preload
