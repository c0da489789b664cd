// The sandbox of the verbs that serve: entered before anything of the configuration is opened.
#pragma once

#include <string>
#include <string_view>

#include "cli/node.h"
#include "config/sandbox.h"

namespace seatls::cli {

class Confinement {
 public:
  // enter binds this process to what the configuration at `path` names, and to what `more` does. What the
  // kernel lacks is logged. Errors: configuration, also for what `table` requires and the kernel lacks; io,
  // internal.
  [[nodiscard]] static Result<Confinement> enter(const std::string& path, std::string_view table,
                                                 const sandbox::Files& more = {});

  // explain says of an error in reading the configuration anew which of its files the sandbox keeps from this
  // process.
  [[nodiscard]] Error explain(Error error) const;
  // check_same: what the configuration says of the sandbox cannot change in a process's life. Errors:
  // configuration.
  [[nodiscard]] Result<void> check_same() const;

  [[nodiscard]] int landlock() const { return entered_.landlock; }  // the version; 0: none
  [[nodiscard]] bool seccomp() const { return entered_.seccomp; }
  [[nodiscard]] Node node() const;         // {"landlock": 7, "seccomp": true}
  [[nodiscard]] std::string text() const;  // "sandbox: landlock 7, seccomp"

 private:
  Confinement(std::string path, std::string_view table) : path_(std::move(path)), table_(table) {}
  std::string path_, table_;
  config::SandboxSettings settings_;
  sandbox::Entered entered_;
};

}  // namespace seatls::cli
