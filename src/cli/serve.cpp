// serve: an attested server to try things with.
#include <csignal>

#include "cli/config_errors.h"
#include "cli/files.h"
#include "cli/log.h"
#include "cli/program.h"
#include "cli/server.h"
#include "cli/session_report.h"
#include "cli/tls.h"
#include "net/sockets.h"

namespace seatls::cli {
namespace {

constexpr const char* examples =
    "  seatls serve --config server.toml               echoes what clients send\n"
    "  seatls serve --listen 127.0.0.1:0 --http        a page with the verdict, on a free port\n"
    "  seatls serve --once --json | jq .peer           one connection, then the end: exit 1 when it was "
    "refused\n"
    "'listening on ADDR:PORT' is the first line of stdout (with --json: of stderr).\n";

struct ServeOptions {
  std::string listen;
  bool http = false;
  bool once = false;
  std::string port_file;
};

// The server that SIGINT and SIGTERM end.
Server* running = nullptr;
void on_signal(int) {
  if (running != nullptr) running->stop();
}

// What is wrong with a peer may name it: the log has the code, and more only where that is asked for.
void log_refusal(const std::string& what, const Error& error) {
  log_info(what + ": " + std::string(name(error.code)));
  log_debug(what + ": " + error.message());
}

std::string summary(const LoadedConfig& loaded) {
  std::string shows = "nothing";
  if (loaded.config.attester) shows = scheme_label(loaded.config.attester->schemes().front());
  std::string demands = "nothing";
  if (const auto& r = loaded.config.require)
    demands = r->attestation == Requirement::required   ? "attestation (" + std::string(name(r->timing)) + ")"
              : r->attestation == Requirement::optional ? "nothing, but appraises attestation that comes"
                                                        : "no attestation";
  return "shows " + shows + "; demands " + demands;
}

Exit run(const Console& console, const Program& program, const ServeOptions& options) {
  Exit exit = Exit::ok;
  auto loaded = open_config(console, program.common().config, "server.toml", Role::server, &exit);
  if (!loaded) return exit;
  const auto where = !options.listen.empty()   ? options.listen
                     : !loaded->listen.empty() ? loaded->listen
                                               : std::string("127.0.0.1:8443");
  const auto address = config::parse_host_port(where);
  if (!address) return console.fail(usage_error(address.error().detail));
  const auto context = openssl::make_context(*loaded);
  if (!context) return console.fail(context.error());
  const ContextPtr owned(*context);
  auto listener = net::listen_tcp(*address);
  if (!listener) return console.fail(listener.error());
  const auto bound = local_address(*listener);

  std::optional<Error> last_refusal;
  ServerEvents events;
  const auto tell = [&](const std::string& peer, const Stream& stream, std::string_view event) {
    if (console.json()) {
      auto node = report_node(stream);
      console.json_line(node.set("address", peer).set("event", event));
    } else {
      console.line(peer + "  " + (event == "accepted" ? "" : "attested again: ") + report_line(stream));
    }
  };
  events.accepted = [&](const std::string& peer, const Stream& stream) { tell(peer, stream, "accepted"); };
  events.changed = [&](const std::string& peer, const Stream& stream) { tell(peer, stream, "changed"); };
  const auto tell_end = [&](const std::string& event) {
    return [&, event](const std::string& peer, const Error& error) {
      last_refusal = error;
      if (console.json())
        console.json_line(
            Node::object().set("error", to_node(error)).set("address", peer).set("event", event));
      else
        console.line(peer + "  " + console.styled(Console::Style::bad, event) + ": " + error.message());
      log_refusal(peer + " " + event, error);
    };
  };
  events.refused = tell_end("refused");
  events.lost = tell_end("lost");
  events.noticed = [&](const std::string& peer, const Error& error) { log_refusal(peer, error); };

  Server server(owned.get(), *loaded, std::move(*listener),
                {.http = options.http, .connections = options.once ? 1U : 0U}, std::move(events));
  running = &server;
  (void)std::signal(SIGINT, on_signal);
  (void)std::signal(SIGTERM, on_signal);

  if (!options.port_file.empty())
    if (const auto written = write_output(options.port_file, bound.port + "\n", Mode::shared, true); !written)
      return console.fail(written.error());
  const auto hello = "listening on " + to_text(bound) + "  (" + summary(*loaded) + ")";
  if (console.json())
    console.note(hello);
  else
    console.line(hello);
  const auto done = server.run();
  running = nullptr;
  if (!done) return console.fail(done.error());
  return options.once && last_refusal ? exit_of(*last_refusal) : Exit::ok;
}

}  // namespace

void add_serve(Program& program) {
  auto& verb = program.verb(
      "serve", "an attested server for trying things out: echo, or a page with the verdict", examples);
  auto o = std::make_shared<ServeOptions>();
  verb.add_option("--listen", o->listen,
                  "where to listen; port 0 picks a free one (default: endpoint.listen)")
      ->type_name("ADDR:PORT");
  verb.add_flag("--http", o->http, "answer GET / with a page, /report.json with JSON");
  verb.add_flag("--once", o->once, "end after one connection");
  verb.add_option("--port-file", o->port_file, "write the port here once it is open")->type_name("FILE");
  program.on(verb, [&program, o](const Console& console) { return run(console, program, *o); });
}

}  // namespace seatls::cli
