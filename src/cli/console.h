// What every verb shares: where its output goes, how it fails, and the exit codes.
#pragma once

#include <string>
#include <string_view>

#include "cli/node.h"
#include "seatls/error.h"

namespace seatls::cli {

// The exit codes are a contract with scripts.
enum class Exit : int {
  ok = 0,
  refused = 1,      // by policy or by the peer
  usage = 2,        // command line or configuration
  unavailable = 3,  // network, TPM, verifier
  internal = 4,
};
[[nodiscard]] Exit exit_of(const Error& error);

// The options that every verb takes.
struct CommonOptions {
  bool json = false;
  bool quiet = false;
  std::string config;
  std::string log_level;
};

// Console prints results to stdout and everything else to stderr.
class Console {
 public:
  explicit Console(const CommonOptions& options);

  [[nodiscard]] bool json() const { return options_.json; }
  [[nodiscard]] bool quiet() const { return options_.quiet; }
  [[nodiscard]] bool out_is_terminal() const { return out_terminal_; }

  // result prints the verb's result: one line of JSON, or the tree for people.
  void result(const Node& node) const;
  // json_line prints one object as a line with --json, and nothing without.
  void json_line(const Node& node) const;
  // line prints text to stdout, and nothing with --json or -q.
  void line(std::string_view text) const;
  // raw writes bytes to stdout as they are.
  void raw(std::string_view data) const;
  // note prints text to stderr, and nothing with -q.
  void note(std::string_view text) const;

  // fail tells the error (stderr; with --json also stdout) and returns the exit code for it. `extra`
  // is put beside "error" in the JSON object.
  Exit fail(const Error& error, const Node& extra = {}) const;

  enum class Style : std::uint8_t { plain, bold, good, bad, dim };
  [[nodiscard]] std::string styled(Style style, std::string_view text) const;       // for stdout
  [[nodiscard]] std::string styled_note(Style style, std::string_view text) const;  // for stderr

 private:
  const CommonOptions& options_;
  bool out_terminal_;
  bool out_colour_;
  bool err_colour_;
};

[[nodiscard]] Node to_node(const Error& error);  // {"code","category","detail","path","message"}
// usage_error is a mistake on the command line, told with its remedy.
[[nodiscard]] Error usage_error(std::string detail);

}  // namespace seatls::cli
