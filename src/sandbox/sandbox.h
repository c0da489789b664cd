// The sandbox of a program that serves strangers: what it gives up before it reads a byte of theirs, so that
// whoever takes it over finds little. The kernel holds it to that: Landlock for files, seccomp for system
// calls.
#pragma once

#include <string>
#include <vector>

#include "seatls/error.h"

namespace seatls::sandbox {

// Files is what is left of the file system: files, and folders with all that is below them, now and later. A
// rule is about what a name means when the sandbox is entered; names that mean nothing then are left out.
struct Files {
  std::vector<std::string> readable;
  std::vector<std::string>
      writable;                      // folders: files and folders are made, written, renamed and removed, too
  std::vector<std::string> sockets;  // folders: Unix sockets are made and removed
  std::vector<std::string> devices;  // opened for reading and writing

  void add(const Files& more);
  // covers tells whether a file may be read.
  [[nodiscard]] bool covers(const std::string& file) const;
};

// system_files are what libraries read whenever they come to need it: other libraries, the resolver's and
// libcrypto's configuration, certificates of the system, time zones, /proc.
[[nodiscard]] Files system_files();

struct Entered {
  int landlock = 0;      // the version of its interface; 0: the kernel has none, and files are not confined
  bool seccomp = false;  // false: the kernel has none
};

// enter binds this thread and all that come after it, for good. It must be the only one. Errors: misuse where
// it is not, internal for what no kernel should answer.
[[nodiscard]] Result<Entered> enter(const Files& files);

// The two halves of it.
[[nodiscard]] Result<int> confine_files(const Files& files);
[[nodiscard]] Result<bool> refuse_system_calls();

}  // namespace seatls::sandbox
