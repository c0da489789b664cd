#include "cli/exec.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/clock.h"
#include "cli/config_errors.h"
#include "cli/log.h"
#include "cli/program.h"
#include "config/exec.h"
#include "preload/helper.h"
#include "preload/launch.h"
#include "preload/program.h"

namespace seatls::cli {
namespace {

constexpr const char* examples =
    "  seatls exec --config client.toml -- curl --cacert ca.pem https://localhost:8443/\n"
    "  seatls exec --config server.toml -- nginx -c /etc/nginx/nginx.conf\n"
    "  seatls exec --config server.toml --json -- redis-server redis.conf 2>verdicts\n"
    "A line per connection goes to stderr, or to the file of exec.log; the exit code is the program's.\n";

// ---- what is told of a connection

// What is wrong with a peer may name it: then the log has the code, and more only at level debug.
bool about_peer(Code code) {
  const auto whose = category(code);
  return whose != Category::local && whose != Category::misuse && whose != Category::unavailable &&
         code != Code::protocol_version;
}

Node event_node(const preload::Peer& process, const preload::Event& e, bool details) {
  Node claims = Node::object();
  for (const auto& [claim, value] : e.claims) claims.set(claim, value);
  Node dangers = Node::array();
  for (const auto& d : e.dangers) dangers.add(d);
  Node refused;
  if (e.refused) {
    refused = Node::object().set("code", name(e.refused->code));
    if (details || !about_peer(e.refused->code)) refused.set("detail", e.refused->message());
  }
  const auto text = [](const std::string& t) { return t.empty() ? Node() : Node(t); };
  return Node::object()
      .set("time", base::to_rfc3339(base::system_clock()()))
      .set("pid", static_cast<std::int64_t>(process.pid))
      .set("role", e.role == Role::server ? "server" : "client")
      .set("address", text(e.address))
      .set("refused", std::move(refused))
      .set("peer", Node::object()
                       .set("attested", e.attested)
                       .set("verdict", e.attested ? e.verdict : "none")
                       .set("scheme", text(e.scheme))
                       .set("policy", text(e.policy))
                       .set("claims", std::move(claims))
                       .set("identity", Node::object().set("pki", e.pki_verified).set("name", e.peer_name)))
      .set("self", Node::object().set("attested", !e.self_scheme.empty()).set("scheme", text(e.self_scheme)))
      .set("suite", text(e.suite))
      .set("dangers", std::move(dangers));
}

std::string event_line(const preload::Peer& process, const preload::Event& e, bool details) {
  std::string line = base::to_rfc3339(base::system_clock()()) + " seatls exec[" +
                     std::to_string(process.pid) + "] " + (e.address.empty() ? "" : e.address + "  ");
  if (e.refused) {
    line += "refused: " + std::string(name(e.refused->code));
    if (details || !about_peer(e.refused->code))
      line += ": " + e.refused->message();
    else
      line += " (" + std::string(sentence(e.refused->code)) + ")";
    return line;
  }
  line += e.attested ? "peer attested, " + e.verdict + " (" + e.scheme + ")" : "peer not attested";
  if (e.pki_verified) line += ", name " + e.peer_name;
  line += e.self_scheme.empty() ? "; self not attested" : "; self attested with " + e.self_scheme;
  for (const auto& d : e.dangers) line += "; danger " + d;
  return line;
}

// Peers may choose parts of it: nothing in a line begins another one, or moves a terminal's cursor.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text + "\n";
}

// VerdictLog writes whole lines, each by one call.
class VerdictLog {
 public:
  static Result<VerdictLog> open(const std::string& path) {
    if (path.empty()) return VerdictLog(STDERR_FILENO);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd >= 0) return VerdictLog(fd);
    return Error{Code::io, path + ": " + std::generic_category().message(errno), "exec.log"};
  }
  void write(const std::string& line) const {
    if (::write(fd_, line.data(), line.size()) < 0) log_error("exec.log cannot be written");
  }

 private:
  explicit VerdictLog(int fd) : fd_(fd) {}
  int fd_;  // for as long as the process lives
};

// ---- configuration

preload::Endpoint endpoint_of(LoadedConfig loaded) {
  return {std::move(loaded.config), std::move(loaded.name), std::move(loaded.suites)};
}

std::optional<preload::Endpoints> open_endpoints(const Console& console, const std::string& path,
                                                 config::ExecSettings* settings, Exit* exit) {
  if (path.empty()) {
    *exit = console.fail(usage_error("which configuration? seatls exec --config FILE -- PROGRAM"));
    return {};
  }
  preload::Endpoints endpoints;
  const auto take = [&](const std::string& file, std::optional<Role> role) {
    auto report = check_config(file, role);
    if (!report.loaded) {
      *exit = fail_with_mistakes(console, file, report.mistakes);
      return false;
    }
    const auto exec = config::load_exec(file);
    if (!exec) {
      *exit = console.fail(exec.error());
      return false;
    }
    if (!role) *settings = *exec;
    // A file without [exec] tells of its dangers here.
    warn_of_dangers(report.loaded->config.dangers);
    const Role own = report.loaded->config.role;
    (own == Role::client ? endpoints.client : endpoints.server) = endpoint_of(std::move(*report.loaded));
    return true;
  };
  if (!take(path, {})) return {};
  endpoints.danger_other_plain = settings->danger_other_plain;
  if (!settings->other_config.empty() &&
      !take(settings->other_config, endpoints.client ? Role::server : Role::client))
    return {};
  return endpoints;
}

Exit run(const Console& console, const Program& program, const std::vector<std::string>& command) {
  const preload::HeldSignals signals;  // ahead of every thread
  config::ExecSettings settings;
  Exit exit = Exit::ok;
  auto endpoints = open_endpoints(console, program.common().config, &settings, &exit);
  if (!endpoints) return exit;
  if (command.empty())
    return console.fail(usage_error("which program? seatls exec --config FILE -- PROGRAM"));
  const auto examined = preload::examine(command.front());
  if (!examined) return console.fail(examined.error());
  if (!examined->links_openssl && !settings.loads_openssl_later)
    return console.fail({Code::configuration,
                         examined->judged +
                             " does not link libssl.so.3, so nothing says that it uses OpenSSL 3; "
                             "where it loads it later (Python, a shell's script), write "
                             "loads_openssl_later = true below [exec]",
                         examined->path});
  const auto library = preload::find_library();
  if (!library) return console.fail(library.error());
  const auto log = VerdictLog::open(settings.log);
  if (!log) return console.fail(log.error());

  const bool details = program.common().log_level == "debug" || program.common().log_level == "trace";
  const auto helper = preload::Helper::start(
      std::move(*endpoints), [&](const preload::Peer& process, const preload::Event& event) {
        log->write(console.json() ? event_node(process, event, details).json() + "\n"
                                  : one_line(event_line(process, event, details)));
      });
  if (!helper) return console.fail(helper.error());
  const auto code = preload::launch({examined->path, command, *library, (*helper)->address()}, signals);
  if (!code) return console.fail(code.error());
  if (!(*helper)->asked())
    log_warning("the program made no TLS connection through OpenSSL 3: nothing of it was attested");
  return static_cast<Exit>(*code);
}

}  // namespace

void add_exec(Program& program) {
  auto& verb = program.verb("exec", "an unmodified OpenSSL program, attested (preload)", examples);
  auto command = std::make_shared<std::vector<std::string>>();
  verb.add_option("PROGRAM", *command, "the program and its arguments, behind --")->type_name("PROGRAM ARG…");
  program.on(verb, [&program, command](const Console& console) { return run(console, program, *command); });
}

}  // namespace seatls::cli
