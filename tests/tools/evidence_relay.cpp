// evidence_relay: an attacker between a client and a server who holds the keys of both, and lacks their
// attesters. She ends both connections at herself, and shows on one the evidence that was made for the other.
//
//     evidence_relay server|client SERVER.toml CLIENT.toml PORT [postgres]
//
// `server`: clients are shown the evidence of the genuine server at PORT. `client`: the server at PORT is
// shown the evidence of clients that come. `postgres`: clients ask for TLS first, as PostgreSQL's do. She
// says on which port she listens, and goes on until she is ended.
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>

#include "seatls/config_file.h"
#include "seatls/openssl.h"

namespace {

using namespace seatls;

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* ctx) const { SSL_CTX_free(ctx); }
};
using Context = std::unique_ptr<SSL_CTX, Free>;
using Tls = std::unique_ptr<SSL, Free>;

template <class T>
T need(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << result.error().message() << "\n";
  std::exit(2);
}

class Shown final : public Attester {
 public:
  Shown(std::vector<AttestationScheme> schemes, std::function<std::optional<Cmw>()> fetch)
      : schemes_(std::move(schemes)), fetch_(std::move(fetch)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return schemes_; }
  void attest(EvidenceRequest, Done done) override {
    auto credential = fetch_();
    if (credential) return done(std::move(*credential));
    done(Error{Code::attester_unavailable, "there is nothing to relay", {}});
  }

 private:
  std::vector<AttestationScheme> schemes_;
  std::function<std::optional<Cmw>()> fetch_;
};

class Taken final : public Verifier {
 public:
  Taken(std::vector<AttestationScheme> schemes, std::function<void(Cmw)> take)
      : schemes_(std::move(schemes)), take_(std::move(take)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return schemes_; }
  void appraise(AppraisalRequest request, Done done) override {
    take_(std::move(request.credential));
    done(Error{Code::verifier_unavailable, "she has what she came for", {}});
  }

 private:
  std::vector<AttestationScheme> schemes_;
  std::function<void(Cmw)> take_;
};

sockaddr_in loopback(int port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

const LoadedConfig& with(LoadedConfig& loaded) {
  loaded.framing = Framing::none;
  return loaded;
}

// PostgreSQL's SSLRequest, and the server's consent.
bool ask_for_tls(int fd) {
  constexpr std::array<unsigned char, 8> request{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
  char consent = 0;
  return ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == std::ssize(request) &&
         ::recv(fd, &consent, 1, 0) == 1 && consent == 'S';
}
bool consent_to_tls(int fd) {
  std::array<unsigned char, 8> request;
  return ::recv(fd, request.data(), request.size(), MSG_WAITALL) == std::ssize(request) &&
         ::send(fd, "S", 1, MSG_NOSIGNAL) == 1;
}

// visit connects to the genuine server and talks until that ends.
void visit(LoadedConfig& client, int port, bool postgres) {
  const Context ctx(need(openssl::make_context(with(client))));
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in at = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
      (!postgres || ask_for_tls(fd))) {
    const Tls tls(SSL_new(ctx.get()));
    SSL_set_fd(tls.get(), fd);
    SSL_set1_host(tls.get(), "localhost");
    SSL_set_tlsext_host_name(tls.get(), "localhost");
    char byte = 0;
    if (SSL_connect(tls.get()) == 1 && SSL_read(tls.get(), &byte, 1) == 1)
      std::cout << "the genuine server talks" << std::endl;
  }
  ::close(fd);
}

void receive(SSL_CTX* ctx, int fd, bool postgres) {
  const Tls tls(SSL_new(ctx));
  SSL_set_fd(tls.get(), fd);
  char buffer[4096];
  if ((!postgres || consent_to_tls(fd)) && SSL_accept(tls.get()) == 1 &&
      SSL_read(tls.get(), buffer, sizeof buffer) > 0)
    std::cout << "the genuine client talks" << std::endl;
  ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) return 2;
  (void)std::signal(SIGPIPE, SIG_IGN);
  const bool of_server = std::string_view(argv[1]) == "server";
  LoadedConfig server = need(load_config(argv[2], Role::server));
  LoadedConfig client = need(load_config(argv[3], Role::client));
  const int genuine = std::atoi(argv[4]);
  const bool postgres = argc == 6;
  const auto schemes = server.config.attester->schemes();

  std::optional<Cmw> taken;
  const auto take = [&](Cmw credential) { taken = std::move(credential); };
  if (of_server) {
    client.config.require->verifier = std::make_shared<Taken>(schemes, take);
    server.config.require.reset();
    server.config.attester = std::make_shared<Shown>(schemes, [&] {
      visit(client, genuine, postgres);
      return taken;
    });
  } else {
    client.config.attester = std::make_shared<Shown>(schemes, [&] { return taken; });
    server.config.require->verifier = std::make_shared<Taken>(schemes, [&](Cmw credential) {
      take(std::move(credential));
      visit(client, genuine, postgres);
    });
  }
  const Context ctx(need(openssl::make_context(with(server))));

  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = loopback(0);
  socklen_t length = sizeof at;
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&at), length) != 0 || ::listen(listener, 8) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length) != 0)
    return 2;
  std::cout << ntohs(at.sin_port) << std::endl;
  for (int fd = 0; (fd = ::accept(listener, nullptr, nullptr)) >= 0;) receive(ctx.get(), fd, postgres);
  return 0;
}
