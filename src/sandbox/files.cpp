// Which files are left: Landlock (landlock(7)), by its system calls, which no library of Debian 12 wraps.
#include <fcntl.h>
#include <link.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/descriptor.h"
#include "sandbox/sandbox.h"

namespace seatls::sandbox {
namespace {

namespace fs = std::filesystem;
using base::Descriptor;
using Rights = std::uint64_t;

// Later than the headers of Debian 12.
constexpr Rights truncate_right = 1ULL << 14U;      // since version 3
constexpr Rights device_ioctl_right = 1ULL << 15U;  // since version 5

constexpr Rights of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                            LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_right | device_ioctl_right;
constexpr Rights reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr Rights writing = reading | LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_right |
                           LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
                           LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR;
constexpr Rights binding = LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE;
constexpr Rights driving =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_right | device_ioctl_right;

// known_rights are all that a version knows: each is refused, but where a rule gives it.
Rights known_rights(int version) {
  Rights rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;
  if (version >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) rights |= truncate_right;
  if (version >= 5) rights |= device_ioctl_right;
  return rights;
}

Error failed(const std::string& what) {
  return {Code::internal, what + ": " + std::strerror(errno), "sandbox"};
}

Result<void> allow(int ruleset, const std::string& path, Rights rights) {
  const Descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  // What cannot be found now gets no rule, and stays closed.
  if (!file || ::fstat(file.fd(), &status) != 0) return {};
  if (!S_ISDIR(status.st_mode)) rights &= of_files;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = file.fd();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return failed("a rule for " + path);
  return {};
}

int folder_of_library(dl_phdr_info* library, std::size_t, void* into) {
  if (library->dlpi_name != nullptr && library->dlpi_name[0] == '/')
    static_cast<Files*>(into)->readable.push_back(fs::path(library->dlpi_name).parent_path().string());
  return 0;
}

bool is_below(const fs::path& file, const std::string& folder) {
  std::error_code ignored;
  const auto top = fs::weakly_canonical(folder, ignored);
  return std::mismatch(top.begin(), top.end(), file.begin(), file.end()).first == top.end();
}

}  // namespace

void Files::add(const Files& more) {
  const auto append = [](std::vector<std::string>& to, const std::vector<std::string>& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(readable, more.readable);
  append(writable, more.writable);
  append(sockets, more.sockets);
  append(devices, more.devices);
}

bool Files::covers(const std::string& file) const {
  std::error_code ignored;
  const auto where = fs::weakly_canonical(file, ignored);
  const auto holds = [&](const std::string& folder) { return is_below(where, folder); };
  return std::ranges::any_of(readable, holds) || std::ranges::any_of(writable, holds);
}

Files system_files() {
  Files out;
  out.readable = {"/etc", "/usr", "/lib", "/lib32", "/lib64", "/proc", "/sys"};
  // Libraries load others from beside them (TCTIs, name services, providers), wherever a system keeps them.
  dl_iterate_phdr(folder_of_library, &out);
  // A link into /run, as systemd-resolved and others have it; its target is replaced, and its folder is not.
  std::error_code unresolved;
  const auto resolver = fs::canonical("/etc/resolv.conf", unresolved);
  if (!unresolved) out.readable.push_back(resolver.parent_path().string());
  for (const char* name : {"OPENSSL_CONF", "OPENSSL_MODULES", "SSL_CERT_FILE", "SSL_CERT_DIR"})
    if (const char* named = std::getenv(name); named != nullptr && *named != '\0')
      out.readable.emplace_back(named);
  out.devices = {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"};
  return out;
}

Result<int> confine_files(const Files& files) {
  const auto version =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  // Not built in, not switched on, or kept from us by the sandbox that we were started in.
  if (version < 1) return 0;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = known_rights(version);
  const Descriptor ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset) return failed("landlock_create_ruleset");
  struct Row {
    const std::vector<std::string>& paths;
    Rights rights;
  };
  for (const auto& row : {Row{files.readable, reading}, Row{files.writable, writing},
                          Row{files.sockets, binding}, Row{files.devices, driving}})
    for (const auto& path : row.paths)
      SEATLS_CHECK(allow(ruleset.fd(), path, row.rights & attributes.handled_access_fs));
  if (::syscall(SYS_landlock_restrict_self, ruleset.fd(), 0) != 0) return failed("landlock_restrict_self");
  return version;
}

}  // namespace seatls::sandbox
