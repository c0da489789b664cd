// The sandbox of a program that serves ([proxy], [service]): whether it has one, and which files a
// configuration leaves it with.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/sandbox.h"
#include "seatls/error.h"

namespace seatls::config {

struct SandboxSettings {
  bool off = false;       // danger.no_sandbox
  bool required = false;  // the program does not start where the kernel lacks a part of it
  sandbox::Files files;   // without those of the system
};

// sandbox_of reads `table`'s settings, and what the whole configuration names. It opens nothing else: the
// sandbox is entered before a key is read. Folders that the configuration has written to are made. Errors:
// io, configuration.
[[nodiscard]] Result<SandboxSettings> sandbox_of(const std::string& path, std::string_view table);

}  // namespace seatls::config
