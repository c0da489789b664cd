#include "config/proxy.h"

#include <algorithm>
#include <charconv>

#include "config/draft.h"
#include "config/files.h"

namespace seatls::config {
namespace {

using namespace std::chrono_literals;
using Mode = ProxyListener::Mode;

// Row reads one [[proxy.listener]].
class Row {
 public:
  Row(Draft& draft, std::size_t index) : d_(draft), name_("proxy.listener[" + std::to_string(index) + "]") {}

  // read returns nothing where something is wrong, which is noted.
  std::optional<ProxyListener> read() {
    ProxyListener out;
    read_endpoint_file();
    const auto mode = d_.file.text(key("mode"));
    out.mode = mode == "http"      ? Mode::http
               : mode == "socks5"  ? Mode::socks5
               : mode == "connect" ? Mode::connect
                                   : Mode::tcp;
    read_listen(out);
    read_to(out);
    if (server())
      read_server_keys(out);
    else
      read_client_keys(out);
    if (out.mode == Mode::http)
      out.http = std::make_shared<const HttpRules>(read_http_rules(d_, name_, own_ ? *own_ : d_.out));
    else
      refuse_http_keys(d_, name_);
    if (!good_) return std::nullopt;
    if (beyond_host_ && own_)
      own_->config.dangers.emplace_back("plain_beyond_host");
    else if (beyond_host_)
      d_.add_danger("plain_beyond_host");
    out.endpoint = std::move(own_);
    return out;
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] std::string key(std::string_view k) const { return name_ + "." + std::string(k); }
  [[nodiscard]] bool server() const { return role_ == Role::server; }
  [[nodiscard]] bool names_target(const ProxyListener& l) const {
    return l.mode == Mode::socks5 || l.mode == Mode::connect;
  }
  void wrong(std::string_view k, std::string what, std::string remedy) {
    good_ = false;
    d_.wrong(key(k), std::move(what), std::move(remedy));
  }
  // missing notes a key that must be there; one that was refused already is told once.
  void missing(std::string_view k, std::string what, std::string remedy) {
    good_ = false;
    if (!d_.file.mentioned(key(k))) d_.wrong(key(k), std::move(what), std::move(remedy));
  }
  void only_for(std::string_view k, bool applies, const std::string& what, std::string remedy) {
    if (!applies && d_.file.mentioned(key(k))) wrong(k, what, std::move(remedy));
  }

  void read_endpoint_file() {
    role_ = d_.out.config.role;
    if (!d_.file.has(key("config"))) {
      good_ = good_ && !d_.file.mentioned(key("config"));
      return;
    }
    auto report = check_file(d_.resolve(d_.file.text(key("config"))).string(), {}, nullptr);
    for (auto& mistake : report.mistakes) d_.mistakes.take_over(std::move(mistake));
    if (!report.loaded) {
      wrong("config", "the configuration that it names cannot be used", "mend what is told of that file");
      return;
    }
    role_ = report.loaded->config.role;
    own_ = std::make_shared<LoadedConfig>(std::move(*report.loaded));
  }

  std::optional<SocketAddress> address(std::string_view k) {
    auto parsed = parse_socket_address(d_.file.text(key(k)));
    if (parsed) return std::move(*parsed);
    wrong(k, "this is no address", parsed.error().detail);
    return std::nullopt;
  }

  void must_stay(std::string_view k, const SocketAddress& where) {
    if (where.stays_on_host()) return;
    beyond_host_ = true;
    if (!d_.file.flag("danger.plain_beyond_host"))
      wrong(k, "what is not encrypted would leave this machine",
            "write an address of this machine (127.0.0.1, [::1], unix:/PATH), or plain_beyond_host = true "
            "below [danger]");
  }

  void read_listen(ProxyListener& out) {
    if (!d_.file.has(key("listen")))
      return missing("listen", "it is not said where to listen", "write listen = \"127.0.0.1:8443\"");
    const auto where = address("listen");
    if (!where) return;
    out.listen = *where;
    if (!server()) must_stay("listen", *where);
  }

  void read_to(ProxyListener& out) {
    if (names_target(out))
      return only_for("to", false, "here the client says where to",
                      "leave it out, and name targets in allow");
    if (!d_.file.has(key("to")))
      return missing("to", "it is not said where to",
                     server() ? "write to = \"127.0.0.1:8080\" or to = \"unix:/run/app.sock\""
                              : "write to = \"server.example:8443\"");
    const auto where = address("to");
    if (!where) return;
    if (where->kind == SocketAddress::Kind::systemd)
      return wrong("to", "systemd hands over sockets to listen on", "write ADDRESS:PORT or unix:/PATH");
    if (where->kind == SocketAddress::Kind::tcp && (where->tcp.host.empty() || where->tcp.port == "0"))
      return wrong("to", "nobody can be reached there", "write a host and a port, \"127.0.0.1:8080\"");
    if (server())
      must_stay("to", *where);
    else if (where->kind != SocketAddress::Kind::tcp)
      return wrong("to", "an attested server is reached by its name", "write to = \"server.example:8443\"");
    out.to = *where;
  }

  void read_server_keys(ProxyListener& out) {
    if (names_target(out))
      wrong("mode", "a server does not connect to where its peer says",
            "write \"tcp\" or \"http\"; \"socks5\" and \"connect\" are for role = \"client\"");
    only_for("allow", false, "a server does not connect to where its peer says", "leave it out");
    out.proxy_protocol = d_.file.flag(key("proxy_protocol"));
    out.sni = d_.file.texts(key("sni"));
    for (const auto& name : out.sni)
      if (name.empty() || name.find_first_of(" /:") != std::string::npos ||
          name.find('*') != (name.starts_with("*.") && name.size() > 2 ? 0 : std::string::npos))
        wrong("sni", "\"" + name + "\" is no name of a host", "write \"a.example\", or \"*.example\"");
    if (d_.file.has(key("sni")) && out.sni.empty())
      wrong("sni", "no name is left", "name at least one, or leave the key out for any");
  }

  void read_client_keys(ProxyListener& out) {
    if (out.mode == Mode::http)
      wrong("mode", "the rules for requests are the attested server's",
            "write \"tcp\": HTTP passes as it is; or \"connect\" for programs that use a proxy");
    only_for("sni", false, "the programs behind a client's listener do not speak TLS with it",
             "leave it out");
    only_for("proxy_protocol", false, "an attested server is told nothing in front of TLS", "leave it out");
    only_for("allow", names_target(out), "the target is written in `to`",
             "leave it out, or write mode = \"socks5\" or mode = \"connect\"");
    if (!names_target(out)) return;
    for (const auto& text : d_.file.texts(key("allow"))) read_allowed(out, text);
    if (out.allow.empty() && good_)
      missing("allow", "no target is allowed",
              "write allow = [\"server.example:8443\"]; \"*.example:8443\" is every host below it");
  }

  void read_allowed(ProxyListener& out, const std::string& text) {
    const auto colon = text.rfind(':');
    const bool any_port = text.ends_with(":*");
    const auto parsed = parse_host_port(any_port ? text.substr(0, colon) + ":0" : text);
    const bool star = parsed && parsed->host.find('*') != std::string::npos;
    if (!parsed || parsed->host.empty() || (parsed->port == "0" && !any_port) ||
        (star &&
         (!parsed->host.starts_with("*.") || parsed->host.rfind('*') != 0 || parsed->host.size() < 3)))
      return wrong("allow", "\"" + text + "\" is no target",
                   "write HOST:PORT, \"*.example:8443\", or \"server.example:*\"");
    std::uint16_t port = 0;
    std::from_chars(parsed->port.data(), parsed->port.data() + parsed->port.size(), port);
    out.allow.push_back({parsed->host, port});
  }

  Draft& d_;
  const std::string name_;
  std::shared_ptr<LoadedConfig> own_;  // of `config`
  Role role_ = Role::server;
  bool good_ = true, beyond_host_ = false;
};

// check_shared: listeners of one address are told apart by SNI.
void check_shared(Draft& d, const std::vector<std::pair<std::string, ProxyListener>>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const auto& [name, a] = rows[i];
      const auto& b = rows[j].second;
      // Port 0 is another one each time.
      if (a.listen.text() != b.listen.text() ||
          (a.listen.kind == SocketAddress::Kind::tcp && a.listen.tcp.port == "0"))
        continue;
      const bool both_any = a.sni.empty() && b.sni.empty();
      const auto twice = std::ranges::find_if(
          a.sni, [&](const auto& n) { return std::ranges::find(b.sni, n) != b.sni.end(); });
      if (both_any)
        d.wrong(name + ".listen", "another listener has the same address",
                "give it another one, or tell them apart with sni = [\"a.example\"]");
      else if (twice != a.sni.end())
        d.wrong(name + ".sni", "\"" + *twice + "\" is another listener's at the same address",
                "name each host once");
    }
}

void read_limits(Draft& d, ProxySettings& s) {
  d.count("proxy.threads", 0, 256, &s.threads);
  d.count("proxy.connections", 1, 1'000'000, &s.connections);
  d.count("proxy.connections_of_client", 0, 1'000'000, &s.connections_of_client);
  d.count("proxy.connections_per_second", 0, 1'000'000, &s.connections_per_second);
  const auto time = [&d](std::string_view key, const Draft::Between& limits,
                         std::chrono::milliseconds* into) {
    if (const auto value = d.duration(key, limits)) *into = *value;
  };
  time("proxy.handshake", {100ms, 10min, "100ms to 10m"}, &s.handshake);
  time("proxy.connect", {100ms, 10min, "100ms to 10m"}, &s.connect);
  time("proxy.idle", {1s, 24h * 30, "1s to 30d"}, &s.idle);
  time("proxy.drain", {0s, 24h, "0s to 24h"}, &s.drain);
  time("proxy.watch", {0s, 24h, "0s to 24h"}, &s.watch);
  if (d.file.has("proxy.tickets")) s.tickets = d.file.flag("proxy.tickets");
  d.address("proxy.operations", &s.operations);
}

}  // namespace

void read_proxy(Draft& d, ProxySettings& s) {
  if (!d.file.has_table("proxy")) return;
  read_limits(d, s);
  const auto count = d.file.rows("proxy.listener");
  if (count == 0 && !d.file.mentioned("proxy.listener"))
    d.wrong("proxy", "there is no listener", "write [[proxy.listener]] with listen and to");
  std::vector<std::pair<std::string, ProxyListener>> rows;
  for (std::size_t i = 0; i < count; ++i) {
    Row row(d, i);
    auto listener = row.read();
    if (!listener) continue;
    rows.emplace_back(row.name(), std::move(*listener));
  }
  check_shared(d, rows);
  for (auto& row : rows) s.listeners.push_back(std::move(row.second));
}

ProxyReport check_proxy(const std::string& path) {
  ProxySettings settings;
  auto report = check_file(path, {}, &settings);
  if (!report.loaded) return {{}, std::move(report.mistakes)};
  if (settings.listeners.empty())
    return {{},
            {{path, 0, "proxy", "the section [proxy] is missing",
              "write [proxy] and [[proxy.listener]] with listen and to"}}};
  const auto own = std::make_shared<LoadedConfig>(std::move(*report.loaded));
  const bool open = std::ranges::count(own->config.dangers, "no_sandbox") != 0;
  for (auto& listener : settings.listeners) {
    if (!listener.endpoint) listener.endpoint = own;
    // It is the process that has none, whoever is played here.
    auto& dangers = listener.endpoint->config.dangers;
    if (open && std::ranges::count(dangers, "no_sandbox") == 0) dangers.emplace_back("no_sandbox");
  }
  settings.path = path;
  settings.files = files_of(path);
  return {std::move(settings), {}};
}

Result<ProxySettings> load_proxy(const std::string& path) {
  auto report = check_proxy(path);
  if (report.settings) return std::move(*report.settings);
  return error_of(report.mistakes, path);
}

}  // namespace seatls::config
