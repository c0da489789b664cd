// Which system calls are refused: a list of what no program of ours has a use for once it runs, and what
// those who take a program over use first.
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "sandbox/sandbox.h"

namespace seatls::sandbox {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool looks_for_leaks = true;  // at the end, from a process of its own that traces this one
#else
constexpr bool looks_for_leaks = false;
#endif

constexpr std::array refused = {
    // other programs, and what is in other processes
    "execve", "execveat", "fork", "vfork", "process_vm_readv", "process_vm_writev", "process_madvise",
    "pidfd_getfd", "pidfd_send_signal", "tkill", "kcmp", "move_pages", "migrate_pages",
    // the kernel itself, and interfaces to it that much is found wrong with
    "init_module", "finit_module", "delete_module", "create_module", "kexec_load", "kexec_file_load", "bpf",
    "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "add_key",
    "request_key", "keyctl", "syslog", "lookup_dcookie", "fanotify_init", "iopl", "ioperm", "modify_ldt",
    "personality", "vm86", "vm86old", "uselib", "nfsservctl", "_sysctl",
    // the machine, and the view of it
    "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "open_by_handle_at", "name_to_handle_at", "setns", "unshare",
    "reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "sethostname", "setdomainname",
    "settimeofday", "stime", "clock_settime", "clock_settime64", "adjtimex", "clock_adjtime",
    "clock_adjtime64", "vhangup",
    // who it is
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
    "setuid32", "setgid32", "setreuid32", "setregid32", "setresuid32", "setresgid32", "setfsuid32",
    "setfsgid32", "setgroups32", "capset",
    // what Landlock does not know: files by their names
    "chmod", "fchmodat", "fchmodat2", "chown", "chown32", "lchown", "lchown32", "fchownat", "setxattr",
    "lsetxattr", "removexattr", "lremovexattr", "truncate", "truncate64"};

struct FreeFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FreeFilter>;

Error failed(int code, const std::string& what) {
  return {Code::internal, what + ": " + std::strerror(-code), "sandbox"};
}

// What is refused by its arguments. libseccomp drops what this processor does not have.
struct Rule {
  const char* call;
  scmp_arg_cmp when;
};

std::array<Rule, 10> rules() {
  const auto own = static_cast<scmp_datum_t>(::getpid());
  constexpr auto last_family = static_cast<scmp_datum_t>(AF_NETLINK);
#ifdef __s390x__
  constexpr unsigned clone_flags = 1;
#else
  constexpr unsigned clone_flags = 0;
#endif
  // The kernel looks at 32 bits of an int, and a filter at 64: the upper ones must not make two of one.
  constexpr scmp_datum_t whole = 0xFFFFFFFF;
  // Landlock before version 3 lets a file be emptied that is opened for reading.
  constexpr scmp_datum_t how = O_ACCMODE | O_TRUNC;
  return {{{"clone", SCMP_CMP64(clone_flags, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)},
           {"kill", SCMP_CMP64(0, SCMP_CMP_NE, own)},
           {"tgkill", SCMP_CMP64(0, SCMP_CMP_NE, own)},
           {"rt_sigqueueinfo", SCMP_CMP64(0, SCMP_CMP_NE, own)},
           {"rt_tgsigqueueinfo", SCMP_CMP64(0, SCMP_CMP_NE, own)},
           // Left are AF_UNIX, AF_INET, AF_INET6 and what the resolver asks the kernel by.
           {"socket", SCMP_CMP64(0, SCMP_CMP_GT, last_family)},
           {"ioctl", SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, whole, TIOCSTI)},
           {"ioctl", SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, whole, TIOCLINUX)},
           {"open", SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, how, O_RDONLY | O_TRUNC)},
           {"openat", SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, how, O_RDONLY | O_TRUNC)}}};
}

Result<void> refuse(const Filter& filter, const char* call, int error, const scmp_arg_cmp* when = nullptr) {
  const int number = seccomp_syscall_resolve_name(call);
  if (number == __NR_SCMP_ERROR) return {};  // this libseccomp has not heard of it
  const int code = seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)), number,
                                          when != nullptr ? 1 : 0, when);
  if (code != 0) return failed(code, call);
  return {};
}

Result<Filter> filter_of(bool logged) {
  Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (filter == nullptr) return failed(-ENOMEM, "seccomp_init");
  // These are for the kernel's log and for speed: it may be too old for either.
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_LOG, logged ? 1 : 0);
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  return filter;
}

Result<void> load(const Filter& filter) {
  if (const int code = seccomp_load(filter.get()); code != 0) return failed(code, "seccomp");
  return {};
}

}  // namespace

Result<bool> refuse_system_calls() {
  if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) return false;
  // What asks for these finds another way, by a call that can be looked into: the C library, and quietly.
  SEATLS_TRY(const auto quiet, filter_of(false));
  for (const char* call : {"clone3", "openat2"}) SEATLS_CHECK(refuse(quiet, call, ENOSYS));
  SEATLS_TRY(const auto loud, filter_of(true));
  for (const char* call : refused) SEATLS_CHECK(refuse(loud, call, EPERM));
  if (!looks_for_leaks) SEATLS_CHECK(refuse(loud, "ptrace", EPERM));
  for (const auto& rule : rules())
    if (!looks_for_leaks || std::string_view(rule.call) != "clone")
      SEATLS_CHECK(refuse(loud, rule.call, EPERM, &rule.when));
  SEATLS_CHECK(load(quiet));
  SEATLS_CHECK(load(loud));
  return true;
}

}  // namespace seatls::sandbox
