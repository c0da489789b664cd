// An OpenSSL server and client as you may have them already, and the two calls that make them attested.
// attested_echo FOLDER: server.pem and server.key are there. Software evidence: for development only.
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <fstream>
#include <iostream>
#include <thread>

#include "seatls/attesters.h"
#include "seatls/openssl.h"
#include "seatls/verifiers.h"
using namespace seatls;

template <class T>
T must(Result<T> r) {
  if (!r) std::exit((std::cerr << r.error().message() << "\n", 1));
  return std::move(r).value();
}

Config server_config(const std::string& key_pem) {
  SoftwareAttesterOptions options;
  options.tiks.emplace_back(bytes(key_pem));
  options.swname = "echo";
  options.debug_disabled = true;
  Config config;
  config.role = Role::server;
  config.attester = must(make_software_attester(std::move(options)));
  return config;
}

Config client_config() {
  Policy policy;
  policy.id = "echo";
  policy.schemes = {"software"};
  policy.software.signed_by_tik = true;
  policy.software.swname = expect::Exactly<std::string>{"echo"};
  policy.danger.software_evidence = true;
  Config config;
  config.require = Require{.accept = {Tier::affirming, Tier::warning},  // software: a warning at best
                           .verifier = must(make_local_verifier(policy))};
  return config;
}

int main(int, char** argv) {
  const std::string folder = argv[1], certificate = folder + "/server.pem", key_file = folder + "/server.key";
  std::ifstream in(key_file);
  const std::string key((std::istreambuf_iterator<char>(in)), {});

  SSL_CTX* server = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate_file(server, certificate.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_use_PrivateKey_file(server, key_file.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX* client = SSL_CTX_new(TLS_client_method());
  SSL_CTX_load_verify_locations(client, certificate.c_str(), nullptr);
  must(openssl::attach(server, server_config(key)));  // one
  must(openssl::attach(client, client_config()));     // two

  int fd[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
  std::thread echo([&] {
    SSL* ssl = SSL_new(server);
    SSL_set_fd(ssl, fd[1]);
    char text[64];
    const int n = SSL_accept(ssl) == 1 ? SSL_read(ssl, text, sizeof text) : 0;
    if (n > 0) SSL_write(ssl, text, n);
    SSL_free(ssl);
  });
  SSL* ssl = SSL_new(client);
  SSL_set_fd(ssl, fd[0]);
  SSL_set1_host(ssl, "echo.example");
  char text[64] = "";
  const bool done = SSL_connect(ssl) == 1 && SSL_write(ssl, "hello", 5) == 5 && SSL_read(ssl, text, 63) > 0;
  const AttestedPeer peer = *must(openssl::report(ssl)).peer;  // or why it was refused
  std::cout << "peer:    " << peer.name() << "\nverdict: " << name(peer.result().tier()) << "\n";
  std::cout << "echo:    " << text << "\n";
  for (const auto& danger : peer.result()->dangers) std::cout << "danger:  " << danger << "\n";
  echo.join();
  SSL_free(ssl), SSL_CTX_free(client), SSL_CTX_free(server);
  return done ? 0 : 1;
}
