#include "base/host_port.h"

#include <charconv>

namespace seatls::base {

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

}  // namespace seatls::base
