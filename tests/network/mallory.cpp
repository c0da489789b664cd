// mallory: a server in the middle. It can use the genuine server's TLS key, but has no attestation key: it
// shows its clients evidence that the genuine server makes in the same moment, for the connection that
// mallory opens to it. What a client that is taken in sends comes out on stdout.
#include <csignal>
#include <iostream>

#include "base/host_port.h"
#include "cli/demo_world.h"
#include "config/text.h"
#include "net/sockets.h"

namespace {

using namespace seatls;

Result<void> run(const std::string& listen, const std::string& genuine, const std::string& folder,
                 const std::string& name, const std::string& scheme) {
  SEATLS_TRY(const auto here, base::parse_host_port(listen));
  SEATLS_TRY(const auto there, base::parse_host_port(genuine));
  SEATLS_TRY(const auto ca, config::read_text_file(folder + "/ca.pem"));
  SEATLS_TRY(const auto key, config::read_text_file(folder + "/server.key"));
  LoadedConfig loaded;
  loaded.config.role = Role::server;
  loaded.config.attester = cli::demo::make_relay(there, name, ca, scheme);
  SEATLS_TRY(loaded.certificate_pem, config::read_text_file(folder + "/server.pem"));
  loaded.key_pem = Secret(bytes(view(key)));
  SEATLS_TRY(auto* const made, openssl::make_context(loaded));
  const cli::ContextPtr context(made);
  SEATLS_TRY(auto listener, net::listen_tcp(here));
  std::cout << "ready" << std::endl;
  cli::ServerEvents events;
  events.accepted = [](const std::string&, const cli::Stream&) { std::cout << "taken in" << std::endl; };
  events.refused = [](const std::string&, const Error& error) {
    std::cout << "refused: " << error.message() << std::endl;
  };
  return cli::Server(context.get(), loaded, std::move(listener), {}, std::move(events)).run();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) {
    std::cerr << "mallory LISTEN GENUINE FOLDER NAME SCHEME\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto done = run(arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
  if (!done) std::cerr << done.error().message() << "\n";
  return done ? 0 : 1;
}
