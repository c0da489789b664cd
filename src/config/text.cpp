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

Result<HostPort> parse_host_port(std::string_view text) {
  const auto bad = [&](const std::string& why) {
    return Error{
        Code::configuration,
        "'" + std::string(text) + "' " + why + "; write HOST:PORT, as in localhost:8443 or [::1]:8443", ""};
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("has no port");
  HostPort out{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  if (out.host.size() >= 2 && out.host.front() == '[' && out.host.back() == ']')
    out.host = out.host.substr(1, out.host.size() - 2);
  else if (out.host.find(':') != std::string::npos)
    return bad("holds an IPv6 address without brackets");
  unsigned port = 0;
  const auto [end, error] = std::from_chars(out.port.data(), out.port.data() + out.port.size(), port);
  if (error != std::errc() || end != out.port.data() + out.port.size() || port > 65535)
    return bad("has a port that is no number from 0 to 65535");
  return out;
}

std::string to_text(const HostPort& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + address.port;
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
