// [proxy] and [[proxy.listener]]: what `seatls proxy` reads besides the sections of an endpoint.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/proxy_routes.h"
#include "config/text.h"
#include "seatls/config_file.h"
#include "seatls/error.h"

namespace seatls::config {

// SocketAddress is where to listen, or whom to connect to.
struct SocketAddress {
  enum class Kind : std::uint8_t { tcp, unix_path, systemd } kind = Kind::tcp;
  HostPort tcp;
  std::string name;  // of the file, or of the socket that systemd hands over (FileDescriptorName)

  [[nodiscard]] std::string text() const;
  // stays_on_host: nobody outside of this machine can be at the other end.
  [[nodiscard]] bool stays_on_host() const;
};
// parse_socket_address reads "127.0.0.1:8080", "unix:/run/app.sock", "systemd:NAME". Errors: configuration.
[[nodiscard]] Result<SocketAddress> parse_socket_address(std::string_view text);

// matches_name tells whether `pattern` ("a.example", "*.example": one label) stands for a name, in any case.
[[nodiscard]] bool matches_name(std::string_view pattern, std::string_view name);

// Allowed is a target that clients of a SOCKS5 or CONNECT listener may name. A pattern of host names, or an
// address as it is written; port 0: any.
struct Allowed {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] bool allows(const std::vector<Allowed>& list, const std::string& host, std::uint16_t port);

struct ProxyListener {
  enum class Mode : std::uint8_t { tcp, http, socks5, connect };
  SocketAddress listen;
  std::optional<SocketAddress> to;  // not for socks5 and connect: there the client says it
  Mode mode = Mode::tcp;
  std::vector<std::string> sni;  // patterns; empty: any name, and none
  std::vector<Allowed> allow;
  bool proxy_protocol = false;
  std::shared_ptr<const HttpRules> http;   // of Mode::http
  std::shared_ptr<LoadedConfig> endpoint;  // who is played here

  [[nodiscard]] Role role() const { return endpoint->config.role; }
};

struct ProxySettings {
  std::string path;
  std::vector<ProxyListener> listeners;
  std::string operations;     // ADDRESS:PORT; empty: nowhere
  std::uint32_t threads = 0;  // 0: as many as there are processors
  std::uint32_t connections = 10'000, connections_of_client = 0, connections_per_second = 0;  // 0: no limit
  std::chrono::milliseconds handshake{10'000}, connect{5'000}, idle{3'600'000}, drain{30'000};
  std::chrono::milliseconds watch{2'000};  // how often the files are looked at; 0: never
  bool tickets = true;                     // to peers that may come back without a full handshake
  std::vector<std::string> files;          // that the configuration is made of
};

struct ProxyReport {
  std::optional<ProxySettings> settings;
  std::vector<ConfigMistake> mistakes;
};
// check_proxy reads a configuration that has a [proxy], and opens what it names.
[[nodiscard]] ProxyReport check_proxy(const std::string& path);
// load_proxy does the same for a caller that goes on only when all is well.
[[nodiscard]] Result<ProxySettings> load_proxy(const std::string& path);

}  // namespace seatls::config
