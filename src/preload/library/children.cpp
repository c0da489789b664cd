// Programs that start other programs give them what environment they like (nginx hands on next to nothing to
// its successor at an upgrade). What is started under `seatls exec` stays attested: the variables come along.
// These functions run between fork and exec, so they take neither memory nor locks.
#include <alloca.h>
#include <spawn.h>
#include <unistd.h>
#include <cerrno>
#include <cstdarg>

#include "preload/environment.h"
#include "preload/library/ours.h"

#define SEATLS_EXPORT extern "C" __attribute__((visibility("default")))

using seatls::preload::Attested;
using seatls::preload::complete;
using seatls::preload::length_of;

namespace {

// As it was when the library was loaded.
const Attested attested = Attested::of_process();

// Found before any fork.
const auto next_execve = seatls::preload::next<decltype(execve)>("execve");
const auto next_execvpe = seatls::preload::next<decltype(execvpe)>("execvpe");
const auto next_fexecve = seatls::preload::next<decltype(fexecve)>("fexecve");
const auto next_execveat = seatls::preload::next<decltype(execveat)>("execveat");
const auto next_posix_spawn = seatls::preload::next<decltype(posix_spawn)>("posix_spawn");
const auto next_posix_spawnp = seatls::preload::next<decltype(posix_spawnp)>("posix_spawnp");

// An environment may fill the stack.
constexpr std::size_t longest = 65'536;

}  // namespace

// The completed environment lives in the caller's frame.
#define SEATLS_COMPLETE(name, environment, too_long)                              \
  const std::size_t name##_length = length_of(environment);                       \
  if (name##_length > longest) {                                                  \
    too_long;                                                                     \
  }                                                                               \
  auto** name = static_cast<char**>(alloca((name##_length + 3) * sizeof(char*))); \
  complete(environment, attested, name)

SEATLS_EXPORT int execve(const char* path, char* const argv[], char* const envp[]) {
  SEATLS_COMPLETE(all, envp, errno = E2BIG; return -1);
  return next_execve(path, argv, all);
}

SEATLS_EXPORT int execv(const char* path, char* const argv[]) { return execve(path, argv, environ); }

SEATLS_EXPORT int execvpe(const char* file, char* const argv[], char* const envp[]) {
  SEATLS_COMPLETE(all, envp, errno = E2BIG; return -1);
  return next_execvpe(file, argv, all);
}

SEATLS_EXPORT int execvp(const char* file, char* const argv[]) { return execvpe(file, argv, environ); }

SEATLS_EXPORT int fexecve(int fd, char* const argv[], char* const envp[]) {
  SEATLS_COMPLETE(all, envp, errno = E2BIG; return -1);
  return next_fexecve(fd, argv, all);
}

SEATLS_EXPORT int execveat(int folder, const char* path, char* const argv[], char* const envp[], int flags) {
  SEATLS_COMPLETE(all, envp, errno = E2BIG; return -1);
  return next_execveat(folder, path, argv, all, flags);
}

SEATLS_EXPORT int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                              const posix_spawnattr_t* attributes, char* const argv[], char* const envp[]) {
  SEATLS_COMPLETE(all, envp, return E2BIG);
  return next_posix_spawn(pid, path, actions, attributes, argv, all);
}

SEATLS_EXPORT int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                               const posix_spawnattr_t* attributes, char* const argv[], char* const envp[]) {
  SEATLS_COMPLETE(all, envp, return E2BIG);
  return next_posix_spawnp(pid, file, actions, attributes, argv, all);
}

// The arguments of execl and its like, up to their null, as an array in the caller's frame.
#define SEATLS_ARGUMENTS(name, first)                                                             \
  va_list name##_list;                                                                            \
  va_start(name##_list, first);                                                                   \
  std::size_t name##_count = 1;                                                                   \
  for (const char* a = first; a != nullptr; a = va_arg(name##_list, const char*)) ++name##_count; \
  va_end(name##_list);                                                                            \
  if (name##_count > longest) {                                                                   \
    errno = E2BIG;                                                                                \
    return -1;                                                                                    \
  }                                                                                               \
  auto** name = static_cast<char**>(alloca(name##_count * sizeof(char*)));                        \
  va_start(name##_list, first);                                                                   \
  name[0] = const_cast<char*>(first);                                                             \
  for (std::size_t i = 1; i < name##_count; ++i) name[i] = va_arg(name##_list, char*)

SEATLS_EXPORT int execl(const char* path, const char* first, ...) {
  SEATLS_ARGUMENTS(argv, first);
  va_end(argv_list);
  return execve(path, argv, environ);
}

SEATLS_EXPORT int execlp(const char* file, const char* first, ...) {
  SEATLS_ARGUMENTS(argv, first);
  va_end(argv_list);
  return execvpe(file, argv, environ);
}

SEATLS_EXPORT int execle(const char* path, const char* first, ...) {
  SEATLS_ARGUMENTS(argv, first);
  char* const* envp = va_arg(argv_list, char* const*);
  va_end(argv_list);
  return execve(path, argv, envp);
}
