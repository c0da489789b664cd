#include "sandbox/sandbox.h"

#include <sys/prctl.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace seatls::sandbox {
namespace {

namespace fs = std::filesystem;

// Landlock binds one thread. Another one would go on as before, and do what this one may not.
Result<void> check_alone() {
#ifndef __SANITIZE_THREAD__  // whose own thread is there before main()
  std::error_code failed;
  std::size_t threads = 0;
  for (fs::directory_iterator at("/proc/self/task", failed), end; !failed && at != end; at.increment(failed))
    ++threads;
  if (failed) return Error{Code::internal, "/proc cannot be read: " + failed.message(), "sandbox"};
  if (threads != 1) return Error{Code::misuse, "other threads run already", "sandbox"};
#endif
  return {};
}

}  // namespace

Result<Entered> enter(const Files& files) {
  SEATLS_CHECK(check_alone());
  // What both ask for: no program that is started may give back what was given up.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return Error{Code::internal, std::string("no_new_privs: ") + std::strerror(errno), "sandbox"};
  Entered out;
  SEATLS_TRY(out.landlock, confine_files(files));
  SEATLS_TRY(out.seccomp, refuse_system_calls());
  return out;
}

}  // namespace seatls::sandbox
