#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <mutex>

#include "base/descriptor.h"
#include "cli/background.h"

namespace seatls::cli {
namespace {

bool wants_colour(int fd) {
  const char* term = std::getenv("TERM");
  return isatty(fd) == 1 && std::getenv("NO_COLOR") == nullptr && term != nullptr &&
         std::string_view(term) != "dumb";
}

std::string paint(bool on, Console::Style style, std::string_view text) {
  const char* code = "";
  switch (style) {
    case Console::Style::plain: return std::string(text);
    case Console::Style::bold: code = "\x1b[1m"; break;
    case Console::Style::good: code = "\x1b[32m"; break;
    case Console::Style::bad: code = "\x1b[31m"; break;
    case Console::Style::dim: code = "\x1b[2m"; break;
  }
  return on ? code + std::string(text) + "\x1b[0m" : std::string(text);
}

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 0;
}

// put writes whole lines, from whatever thread. A reader that has gone away or a disk that is full is not an
// error of this program; where half a line went out before it was, the next one begins anew.
void put(int fd, std::string_view text) {
  if (fd == STDOUT_FILENO && print_in_background(text)) return;
  static std::mutex mutex;
  static std::array<bool, 3> half{};
  const std::lock_guard lock(mutex);
  bool& begun = half.at(static_cast<std::size_t>(fd));
  if (begun && base::write_all(fd, view("\n")) != 0) return;
  begun = false;
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
    begun = !text.empty();
  }
}

}  // namespace

Exit exit_of(const Error& error) {
  switch (category(error.code)) {
    case Category::decode:
    case Category::peer_misbehaved:
    case Category::peer_incompatible:
    case Category::appraisal_rejected: return Exit::refused;
    case Category::unavailable: return Exit::unavailable;
    case Category::local:
      return error.code == Code::internal || error.code == Code::crypto ? Exit::internal : Exit::usage;
    case Category::misuse: return error.code == Code::usage ? Exit::usage : Exit::internal;
  }
  return Exit::internal;
}

Console::Console(const CommonOptions& options)
    : options_(options),
      out_terminal_(isatty(STDOUT_FILENO) == 1),
      out_colour_(wants_colour(STDOUT_FILENO)),
      err_colour_(wants_colour(STDERR_FILENO)) {}

void Console::result(const Node& node) const {
  if (options_.json)
    json_line(node);
  else
    put(STDOUT_FILENO, node.tree({.colour = out_colour_, .width = out_terminal_ ? terminal_width() : 0}));
}

void Console::json_line(const Node& node) const {
  if (options_.json) put(STDOUT_FILENO, node.json() + "\n");
}

void Console::line(std::string_view text) const {
  if (!options_.json && !options_.quiet) put(STDOUT_FILENO, std::string(text) + "\n");
}

void Console::raw(std::string_view data) const { put(STDOUT_FILENO, data); }

void Console::note(std::string_view text) const {
  if (!options_.quiet) put(STDERR_FILENO, std::string(text) + "\n");
}

Exit Console::fail(const Error& error, const Node& extra) const {
  std::string text = styled_note(Style::bad, "seatls: ") + std::string(sentence(error.code)) + " [" +
                     std::string(name(error.code)) + "]\n";
  if (!error.path.empty()) text += "  where:  " + error.path + "\n";
  if (!error.detail.empty()) {
    std::string detail = error.detail;
    for (std::size_t at = 0; (at = detail.find('\n', at)) != std::string::npos; at += 11)
      detail.replace(at, 1, "\n          ");
    text += "  detail: " + detail + "\n";
  }
  put(STDERR_FILENO, text);
  if (options_.json) {
    Node out;
    out.set("error", to_node(error));
    if (const auto* members = extra.members())
      for (const auto& [key, value] : *members) out.set(key, value);
    json_line(out);
  }
  return exit_of(error);
}

std::string Console::styled(Style style, std::string_view text) const {
  return paint(out_colour_, style, text);
}
std::string Console::styled_note(Style style, std::string_view text) const {
  return paint(err_colour_, style, text);
}

Node to_node(const Error& error) {
  Node node;
  node.set("code", name(error.code))
      .set("category", name(category(error.code)))
      .set("detail", error.detail)
      .set("path", error.path)
      .set("message", error.message());
  return node;
}

Error usage_error(std::string detail) { return {Code::usage, std::move(detail), {}}; }

}  // namespace seatls::cli
