// The small texts of [[proxy.listener]]: addresses, names, and who is allowed.
#include <arpa/inet.h>
#include <strings.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

#include "config/proxy.h"

namespace seatls::config {
namespace {

constexpr std::string_view unix_prefix = "unix:", systemd_prefix = "systemd:";

Error bad(std::string_view text, const std::string& why) {
  return {Code::configuration,
          "'" + std::string(text) + "' " + why +
              "; write ADDRESS:PORT, unix:/PATH, or, to listen, systemd:NAME as its .socket unit says",
          ""};
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string SocketAddress::text() const {
  switch (kind) {
    case Kind::tcp: return to_text(tcp);
    case Kind::unix_path: return std::string(unix_prefix) + name;
    case Kind::systemd: return std::string(systemd_prefix) + name;
  }
  return "";
}

bool SocketAddress::stays_on_host() const {
  // What systemd listens on is the unit's to say.
  if (kind != Kind::tcp || tcp.host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, tcp.host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, tcp.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<SocketAddress> parse_socket_address(std::string_view text) {
  SocketAddress out;
  if (text.starts_with(unix_prefix)) {
    out.kind = SocketAddress::Kind::unix_path;
    out.name = text.substr(unix_prefix.size());
    if (!out.name.starts_with('/')) return bad(text, "is no absolute path");
    if (out.name.size() >= sizeof(sockaddr_un::sun_path)) return bad(text, "is too long for a socket's name");
    return out;
  }
  if (text.starts_with(systemd_prefix)) {
    out.kind = SocketAddress::Kind::systemd;
    out.name = text.substr(systemd_prefix.size());
    if (out.name.empty() || out.name.find(':') != std::string::npos) return bad(text, "names no socket");
    return out;
  }
  SEATLS_TRY(out.tcp, parse_host_port(text));
  return out;
}

bool matches_name(std::string_view pattern, std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (!pattern.starts_with("*.")) return same_name(pattern, name);
  const auto dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && same_name(pattern.substr(1), name.substr(dot));
}

bool allows(const std::vector<Allowed>& list, const std::string& host, std::uint16_t port) {
  return std::ranges::any_of(list, [&](const Allowed& allowed) {
    return (allowed.port == 0 || allowed.port == port) && matches_name(allowed.host, host);
  });
}

}  // namespace seatls::config
