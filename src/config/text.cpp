#include "config/text.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>

namespace seatls::config {

Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return Error{Code::io, "it is a folder, not a file", path};
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{Code::io, std::strerror(errno), path};
  std::string content;
  std::array<char, 16384> chunk{};
  while (in.read(chunk.data(), chunk.size()) || in.gcount() > 0) {
    content.append(chunk.data(), static_cast<std::size_t>(in.gcount()));
    if (content.size() > limit)
      return Error{Code::io, "the file is larger than " + std::to_string(limit) + " bytes", path};
  }
  if (in.bad()) return Error{Code::io, std::strerror(errno), path};
  return content;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units = {
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  if (error == std::errc() && count >= 0 && count <= 100'000'000)
    for (const auto& [name, factor] : units)
      if (unit == name) return std::chrono::milliseconds(count * factor);
  return Error{
      Code::configuration,
      "'" + std::string(text) + "' is no duration; write a whole number and a unit: 250ms, 10s, 5m, 1h, 30d",
      ""};
}

}  // namespace seatls::config
