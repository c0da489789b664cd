#include "preload/program.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "preload/elf.h"

namespace seatls::preload {
namespace {

constexpr int most_interpreters = 5;
constexpr std::size_t most_libraries = 1024, longest_line = 256;

Error uncoverable(const std::string& path, const std::string& why) {
  return {Code::configuration, path + " cannot be attested by exec: " + why, {}};
}

// Mapped is a file's content; it must not shrink meanwhile.
class Mapped {
 public:
  explicit Mapped(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info {};
    if (fd >= 0 && ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
      length_ = static_cast<std::size_t>(info.st_size);
      data_ = ::mmap(nullptr, length_, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (fd >= 0) ::close(fd);
  }
  ~Mapped() {
    if (there()) ::munmap(data_, length_);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  [[nodiscard]] bool there() const { return data_ != MAP_FAILED; }
  [[nodiscard]] ByteView view() const {
    return there() ? ByteView(static_cast<const std::uint8_t*>(data_), length_) : ByteView();
  }

 private:
  void* data_ = MAP_FAILED;
  std::size_t length_ = 0;
};

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const auto colon = list.find(':');
    parts.emplace_back(colon == 0 ? "." : list.substr(0, colon));
    list = colon == std::string_view::npos ? std::string_view() : list.substr(colon + 1);
  }
  return parts;
}

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

bool is_file(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

Result<std::string> find(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (is_file(name) && ::access(name.c_str(), X_OK) == 0) return name;
  } else {
    for (const auto& folder : split(variable("PATH", "/usr/local/bin:/usr/bin:/bin")))
      if (const auto path = folder + "/" + name; is_file(path) && ::access(path.c_str(), X_OK) == 0)
        return path;
  }
  return Error{Code::usage, "'" + name + "' is no program that can be run", {}};
}

// The loader leaves LD_PRELOAD out where a program gains privileges.
Result<void> check_privileges(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return Error{Code::usage, path + ": " + std::generic_category().message(errno), {}};
  constexpr const char* remedy =
      ", and the loader preloads nothing into such; run `seatls proxy` beside it, or take the bit away";
  if ((info.st_mode & S_ISUID) != 0 && info.st_uid != ::geteuid())
    return uncoverable(path, std::string("it is setuid") + remedy);
  if ((info.st_mode & S_ISGID) != 0 && info.st_gid != ::getegid())
    return uncoverable(path, std::string("it is setgid") + remedy);
  if (::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0)
    return uncoverable(path, std::string("it has file capabilities") + remedy);
  return {};
}

// interpreter_of reads "#!/usr/bin/env python3" and the like.
std::string interpreter_of(ByteView file) {
  const auto head = text(file.first(std::min(file.size(), longest_line)));
  const std::string line = head.substr(2, head.find('\n') - 2);
  std::vector<std::string> words;
  for (std::size_t at = line.find_first_not_of(" \t\r"); at != std::string::npos;) {
    const auto end = line.find_first_of(" \t\r", at);
    words.push_back(line.substr(at, end - at));
    at = end == std::string::npos ? end : line.find_first_not_of(" \t\r", end);
  }
  if (words.empty()) return {};
  if (!words.front().ends_with("/env")) return words.front();
  for (std::size_t i = 1; i < words.size(); ++i)
    if (!words[i].starts_with("-") && words[i].find('=') == std::string::npos) return words[i];
  return words.front();
}

// ---- the libraries of a program, and theirs

std::vector<std::string> folders_of(const ElfFacts& facts, const std::string& path) {
  std::vector<std::string> folders;
  const std::string origin = std::filesystem::path(path).parent_path();
  for (std::string folder : facts.search) {
    for (const std::string_view word : {"$ORIGIN", "${ORIGIN}"})
      if (const auto at = folder.find(word); at != std::string::npos) folder.replace(at, word.size(), origin);
    folders.push_back(folder);
  }
  for (auto& folder : split(variable("LD_LIBRARY_PATH", ""))) folders.push_back(std::move(folder));
  for (const char* folder : {
#ifdef SEATLS_MULTIARCH
           "/lib/" SEATLS_MULTIARCH, "/usr/lib/" SEATLS_MULTIARCH,
#endif
           "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"})
    folders.emplace_back(folder);
  return folders;
}

struct OtherTls {
  std::string_view prefix, name;
};
constexpr std::array others{
    OtherTls{"libgnutls.so", "GnuTLS"},   OtherTls{"libssl3.so", "NSS"},
    OtherTls{"libssl.so.1", "OpenSSL 1"}, OtherTls{"libmbedtls.so", "mbed TLS"},
    OtherTls{"libwolfssl.so", "wolfSSL"}, OtherTls{"libboringssl", "BoringSSL"},
    OtherTls{"libbotan", "Botan"},        OtherTls{"libtls.so", "LibreSSL"},
};

struct Libraries {
  bool openssl = false;
  std::string other;  // TLS libraries, by name
};

// libraries_of follows what the program needs as far as that is found.
Libraries libraries_of(const ElfFacts& program, const std::string& path) {
  Libraries found;
  std::set<std::string> seen;
  std::deque<std::pair<ElfFacts, std::string>> todo{{program, path}};
  while (!todo.empty() && seen.size() < most_libraries) {
    const auto [facts, from] = std::move(todo.front());
    todo.pop_front();
    for (const auto& name : facts.needed) {
      if (!seen.insert(name).second) continue;
      found.openssl = found.openssl || name == "libssl.so.3";
      for (const auto& other : others)
        if (name.starts_with(other.prefix))
          found.other += (found.other.empty() ? "" : ", ") + std::string(other.name);
      for (const auto& folder : folders_of(facts, from)) {
        const auto file = folder + "/" + name;
        const Mapped mapped(file);
        if (!mapped.there()) continue;
        if (auto read = read_elf(mapped.view()); read && read->native) {
          todo.emplace_back(std::move(*read), file);
          break;
        }
      }
    }
  }
  return found;
}

Result<Examined> examine_elf(const std::string& path, ByteView file) {
  const auto facts = read_elf(file);
  if (!facts) return uncoverable(path, facts.error().message());
  if (!facts->native)
    return uncoverable(path, "it is of another machine or word size than the preload library");
  if (!facts->dynamic)
    return uncoverable(path,
                       "it is linked statically, so nothing can be preloaded; run `seatls proxy` beside it");
  const Libraries libraries = libraries_of(*facts, path);
  if (!libraries.openssl && !libraries.other.empty())
    return uncoverable(path, "its TLS library is " + libraries.other +
                                 ", and exec covers OpenSSL 3 (libssl.so.3); run `seatls proxy` beside it");
  return Examined{path, path, libraries.openssl};
}

}  // namespace

Result<Examined> examine(const std::string& name) {
  SEATLS_TRY(const std::string path, find(name));
  std::string at = path;
  for (int i = 0; i < most_interpreters; ++i) {
    SEATLS_CHECK(check_privileges(at));
    const Mapped mapped(at);
    if (!mapped.there()) return Error{Code::usage, at + " cannot be read, so it cannot be judged", {}};
    const ByteView file = mapped.view();
    if (is_elf(file)) {
      SEATLS_TRY(Examined examined, examine_elf(at, file));
      examined.path = path;
      return examined;
    }
    if (file.size() < 2 || file[0] != '#' || file[1] != '!')
      return Error{Code::usage, at + " is neither a program nor a script with #!", {}};
    SEATLS_TRY(at, find(interpreter_of(file)));
  }
  return Error{Code::usage, path + " is a script of scripts", {}};
}

}  // namespace seatls::preload
