// Each test forks a child that enters the sandbox and tries: nobody comes out of it again.
#include "sandbox/sandbox.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <semaphore>
#include <thread>

#include "base/descriptor.h"

namespace seatls::sandbox {
namespace {

namespace fs = std::filesystem;
using base::Descriptor;

class Sandbox : public ::testing::Test {
 protected:
  Sandbox() {
    std::string name = (fs::temp_directory_path() / "seatls-sandbox-XXXXXX").string();
    top_ = ::mkdtemp(name.data());
    for (const char* folder : {"read", "write", "sockets", "elsewhere"}) {
      fs::create_directory(top_ / folder);
      std::ofstream(top_ / folder / "file") << "content";
    }
  }
  ~Sandbox() override { fs::remove_all(top_); }

  [[nodiscard]] Files files() const {
    Files out = system_files();
    out.readable.push_back((top_ / "read").string());
    out.writable.push_back((top_ / "write").string());
    out.sockets.push_back((top_ / "sockets").string());
    return out;
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (top_ / name).string(); }

  // inside runs `tries` in a child that has entered, and returns what they say went wrong.
  std::string inside(const std::function<std::string(const Entered&)>& tries) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
    const Descriptor out(ends[0]);
    Descriptor in(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return "no child";
    if (child == 0) {
      const auto entered = enter(files());
      const auto said = entered ? tries(*entered) : entered.error().message();
      (void)base::write_all(in.fd(), view(said));
      ::_exit(0);
    }
    in = Descriptor();
    std::string said;
    char part[512];
    while (const auto n = ::read(out.fd(), part, sizeof part))
      if (n > 0) said.append(part, static_cast<std::size_t>(n));
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? said : said + "; the child died";
  }

  fs::path top_;
};

bool opens(const std::string& path, int flags) {
  return static_cast<bool>(Descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600)));
}

std::string refused_with(int wanted, bool failed, const char* what) {
  if (!failed) return std::string(what) + " is possible; ";
  return errno == wanted ? "" : std::string(what) + ": " + std::strerror(errno) + "; ";
}

bool landlock_is_here() { return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1U) > 0; }

#define NEEDS_LANDLOCK() \
  if (!landlock_is_here()) GTEST_SKIP() << "this kernel has no Landlock, or it is not switched on"

TEST_F(Sandbox, FilesOfConfigurationCanBeRead) {
  EXPECT_EQ(inside([&](const Entered&) -> std::string {
              std::ofstream(at("write/new")) << "x";
              if (!opens(at("read/file"), O_RDONLY)) return "a file that is left cannot be read";
              if (!opens("/proc/self/maps", O_RDONLY)) return "/proc/self/maps";
              if (!opens("/etc/nsswitch.conf", O_RDONLY)) return "/etc/nsswitch.conf";
              if (!opens("/dev/null", O_RDWR) || !opens("/dev/urandom", O_RDONLY)) return "devices";
              return fs::exists(at("write/new")) ? "" : "a file that may be made is not there";
            }),
            "");
}

TEST_F(Sandbox, FilesElsewhereAreClosed) {
  NEEDS_LANDLOCK();
  EXPECT_EQ(inside([&](const Entered& entered) -> std::string {
              if (entered.landlock < 1) return "it says that there is no Landlock";
              std::string wrong;
              for (const char* name : {"elsewhere/file", "sockets/file"})
                if (opens(at(name), O_RDONLY)) wrong += std::string(name) + " can be read; ";
              for (const char* name : {"elsewhere/file", "elsewhere/new", "read/file", "read/new"})
                if (opens(at(name), O_WRONLY | O_CREAT)) wrong += std::string(name) + " can be written; ";
              wrong += refused_with(EACCES, ::unlink(at("read/file").c_str()) != 0, "unlink");
              wrong += refused_with(EACCES, ::mkdir(at("read/folder").c_str(), 0700) != 0, "mkdir");
              wrong += refused_with(EACCES, ::symlink("/etc", at("write/link").c_str()) != 0, "symlink");
              wrong += refused_with(EACCES, ::rename(at("write/file").c_str(), at("read/here").c_str()) != 0,
                                    "rename");
              wrong += refused_with(
                  EXDEV, ::link(at("elsewhere/file").c_str(), at("write/here").c_str()) != 0, "link");
              return wrong;
            }),
            "");
}

TEST_F(Sandbox, WhatALinkMeansCounts) {
  NEEDS_LANDLOCK();
  fs::create_symlink("../elsewhere/file", at("read/link"));
  EXPECT_EQ(inside([&](const Entered&) -> std::string {
              return opens(at("read/link"), O_RDONLY) ? "a link leads out" : "";
            }),
            "");
}

TEST_F(Sandbox, FilesAreReplaced) {
  EXPECT_EQ(inside([&](const Entered&) -> std::string {
              std::ofstream(at("write/.new")) << "x";
              if (::rename(at("write/.new").c_str(), at("write/file").c_str()) != 0) return "rename";
              if (::mkdir(at("write/folder").c_str(), 0700) != 0 || ::rmdir(at("write/folder").c_str()) != 0)
                return "folders";
              return ::unlink(at("write/file").c_str()) == 0 ? "" : "unlink";
            }),
            "");
  EXPECT_FALSE(fs::exists(at("write/file")));
}

TEST_F(Sandbox, UnixSocketsAreMade) {
  EXPECT_EQ(inside([&](const Entered&) -> std::string {
              sockaddr_un address{};
              address.sun_family = AF_UNIX;
              std::strncpy(address.sun_path, at("sockets/s").c_str(), sizeof address.sun_path - 1);
              const Descriptor listening(::socket(AF_UNIX, SOCK_STREAM, 0));
              if (::bind(listening.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
                return "bind";
              if (::listen(listening.fd(), 1) != 0) return "listen";
              const Descriptor other(::socket(AF_UNIX, SOCK_STREAM, 0));
              if (::connect(other.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
                return "connect";
              return ::unlink(address.sun_path) == 0 ? "" : "unlink";
            }),
            "");
}

TEST_F(Sandbox, NoProgramIsStarted) {
  EXPECT_EQ(inside([&](const Entered& entered) -> std::string {
              if (!entered.seccomp) return "it says that there is no seccomp";
              std::string wrong;
              char name[] = "/bin/true";
              char* arguments[] = {name, nullptr};
              char* environment[] = {nullptr};
              wrong += refused_with(EPERM, ::execve(name, arguments, environment) != 0, "execve");
              wrong += refused_with(
                  EPERM, ::syscall(SYS_execveat, AT_FDCWD, name, arguments, environment, 0) != 0, "execveat");
#ifndef __SANITIZE_ADDRESS__  // which starts a process at the end, and looks into this one
              pid_t child = -1;
              errno = ::posix_spawn(&child, name, nullptr, nullptr, arguments, environment);
              wrong += refused_with(EPERM, errno != 0, "posix_spawn");
              child = ::fork();
              if (child == 0) ::_exit(0);
              wrong += refused_with(EPERM, child < 0, "fork");
              wrong +=
                  refused_with(EPERM, ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr) != 0, "ptrace");
#endif
              return wrong;
            }),
            "");
}

TEST_F(Sandbox, NoWayIntoTheKernelOrOtherProcesses) {
  EXPECT_EQ(inside([&](const Entered&) -> std::string {
              std::string wrong;
              const auto refused = [&](long code, const char* what) {
                wrong += refused_with(EPERM, code < 0, what);
              };
              refused(::syscall(SYS_mount, "none", at("write").c_str(), "tmpfs", 0, nullptr), "mount");
              refused(::syscall(SYS_bpf, 0, nullptr, 0), "bpf");
              refused(::syscall(SYS_keyctl, 0, 0, 0, 0, 0), "keyctl");
              refused(::syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0), "perf_event_open");
              refused(::syscall(SYS_userfaultfd, 0), "userfaultfd");
              refused(::syscall(SYS_io_uring_setup, 1, nullptr), "io_uring_setup");
              refused(::syscall(SYS_init_module, nullptr, 0, ""), "init_module");
              refused(::syscall(SYS_unshare, 0), "unshare");
              refused(::syscall(SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0),
                      "process_vm_readv");
              refused(::kill(::getppid(), 0), "kill");
              refused(::kill(-1, 0), "kill of all");
              refused(::socket(AF_PACKET, SOCK_RAW, 0), "AF_PACKET");
              refused(::socket(38, SOCK_SEQPACKET, 0), "AF_ALG");
              // Of an int the kernel takes the lower half.
              refused(::syscall(SYS_ioctl, 0, 0x100000000UL | TIOCSTI, "x"), "TIOCSTI");
              refused(::chmod(at("elsewhere/file").c_str(), 0777), "chmod");
              refused(::truncate(at("elsewhere/file").c_str(), 0), "truncate");
              refused(::open(at("elsewhere/file").c_str(), O_RDONLY | O_TRUNC | O_CLOEXEC), "O_TRUNC");
              wrong += refused_with(ENOSYS, ::syscall(SYS_clone3, nullptr, 0) < 0, "clone3");
              if (::kill(::getpid(), 0) != 0 || ::raise(SIGCHLD) != 0) wrong += "no signal to itself; ";
              return wrong;
            }),
            "");
  EXPECT_EQ(fs::file_size(at("elsewhere/file")), 7U);
}

TEST_F(Sandbox, ThreadsComeAndAreBoundAsWell) {
  EXPECT_EQ(inside([&](const Entered& entered) -> std::string {
              std::string wrong;
              std::thread([&] {
                if (entered.landlock > 0 && opens(at("elsewhere/file"), O_RDONLY))
                  wrong = "a thread reads elsewhere; ";
                char name[] = "/bin/true";
                char* arguments[] = {name, nullptr};
                wrong += refused_with(EPERM, ::execve(name, arguments, nullptr) != 0, "execve");
              }).join();
              return wrong;
            }),
            "");
}

TEST_F(Sandbox, NamesAreResolvedAndLibrariesLoaded) {
  EXPECT_EQ(inside([&](const Entered&) -> std::string {
              addrinfo* list = nullptr;
              if (::getaddrinfo("localhost", "80", nullptr, &list) != 0) return "localhost is not resolved";
              ::freeaddrinfo(list);
              // TCTIs are loaded when a TPM is reached, and when it is reached again.
              return ::dlopen("libtss2-tcti-swtpm.so.0", RTLD_NOW) != nullptr ? "" : ::dlerror();
            }),
            "");
}

TEST_F(Sandbox, OthersMustNotRunAlready) {
  std::binary_semaphore over(0);
  std::thread other([&] { over.acquire(); });
  // Were it entered, the test would not come back out.
  const auto entered = enter({});
  over.release();
  other.join();
  ASSERT_FALSE(entered.ok());
  EXPECT_EQ(entered.error().code, Code::misuse);
}

TEST_F(Sandbox, CoveredFiles) {
  const auto left = files();
  EXPECT_TRUE(left.covers(at("read/not-there-yet")));
  EXPECT_TRUE(left.covers(at("write/file")));
  EXPECT_FALSE(left.covers(at("elsewhere/file")));
  EXPECT_FALSE(left.covers(at("reader")));
  fs::create_symlink("../elsewhere/file", at("read/link"));
  EXPECT_FALSE(left.covers(at("read/link")));
}

}  // namespace
}  // namespace seatls::sandbox
