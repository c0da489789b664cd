// One attested endpoint in a process of its own, for interop_test.py.
//
//   interop_peer server [--port N] …    prints {"port":N}, then what it learnt of its one connection
//   interop_peer client --port N …      sends "attested hello" and prints what came back
//   … --key p256|p384|ed25519|rsa-pss  --suite NAME  --groups LIST  --evidence BYTES  --credentials DIR
//   … --mutual    both attest and demand    --offers    attests and appraises, and demands nothing
//
// --credentials DIR holds ca.pem and, for each role and kind of key, ROLE-KEY.pem (certificate) and
// ROLE-KEY.key. Its evidence is the binder and padding of the wanted size: what is tested is the protocol and
// the transport, so the verdict is a comparison.
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <map>

#include "base/encoding.h"
#include "seatls/openssl.h"

namespace seatls {
namespace {

constexpr std::string_view kMarker = "EVIDENCE-IN-CLEAR-TEXT";
constexpr std::string_view kGreeting = "attested hello";

const AttestationScheme& scheme() {
  static const AttestationScheme s{EvidenceType{MediaType{"application/vnd.seatls.test.padded"}}};
  return s;
}

[[noreturn]] void fail(const std::string& what) {
  std::cerr << what << "\n";
  std::exit(1);
}
template <class T>
T must(Result<T> r) {
  if (!r) fail(r.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(r).value();
}

class PaddedAttester final : public Attester {
 public:
  explicit PaddedAttester(std::size_t size) : size_(size) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {scheme()}; }
  void attest(EvidenceRequest request, Done done) override {
    Bytes value = bytes(request.binder.bytes());
    while (value.size() < size_) value.insert(value.end(), kMarker.begin(), kMarker.end());
    done(
        Cmw(CmwRecord{std::get<EvidenceType>(scheme().argument), std::move(value), cmw_indicator::evidence}));
  }

 private:
  std::size_t size_;
};

class PaddedVerifier final : public Verifier {
 public:
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {scheme()}; }
  void appraise(AppraisalRequest request, Done done) override {
    const auto binder = request.binder.bytes();
    const auto* record = request.credential.record();
    const bool bound = record != nullptr && record->value.size() >= binder.size() &&
                       std::equal(binder.begin(), binder.end(), record->value.begin());
    ResultParts parts;
    parts.tier = bound ? Tier::affirming : Tier::contraindicated;
    if (!bound)
      parts.reasons = {
          {Code::binder_mismatch, "the padded evidence starts with another binder", "test", true}};
    parts.scheme = "padded";
    parts.key = KeyProvenance::proven;
    parts.binder = bytes(binder);
    parts.evidence_digest = std::move(request.credential_digest);
    done(danger::result_from_parts(std::move(parts)));
  }
};

struct Arguments {
  Role role = Role::client;
  std::map<std::string, std::string> named;
  [[nodiscard]] std::string get(const std::string& name, const std::string& otherwise) const {
    const auto it = named.find(name);
    return it == named.end() ? otherwise : it->second;
  }
  [[nodiscard]] bool offers() const { return named.contains("offers"); }
  [[nodiscard]] bool mutual() const { return named.contains("mutual") || offers(); }
};

Arguments parse(int argc, char** argv) {
  if (argc < 2) fail("usage: interop_peer server|client [--NAME VALUE]…");
  Arguments out;
  out.role = std::string_view(argv[1]) == "server" ? Role::server : Role::client;
  for (int i = 2; i < argc; ++i) {
    const std::string name = std::string(argv[i]).substr(2);
    out.named[name] = name == "mutual" || name == "offers" ? "" : i + 1 < argc ? argv[++i] : "";
  }
  return out;
}

bool retried = false;
void on_message(int, int, int type, const void* data, std::size_t size, SSL*, void*) {
  static constexpr std::array<std::uint8_t, 4> kRetryRandom{0xcf, 0x21, 0xad, 0x74};
  const auto* p = static_cast<const std::uint8_t*>(data);
  if (type == SSL3_RT_HANDSHAKE && size > 10 && p[0] == 2)
    retried = retried || std::equal(kRetryRandom.begin(), kRetryRandom.end(), p + 6);
}

struct FreeContext {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

Context make_context(const Arguments& a) {
  const bool server = a.role == Role::server;
  Context ctx(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  const std::string folder = a.get("credentials", ".") + "/",
                    key = (server ? "server-" : "client-") + a.get("key", "p256");
  SSL_CTX_set_min_proto_version(ctx.get(), TLS1_3_VERSION);
  if (SSL_CTX_set_ciphersuites(ctx.get(), a.get("suite", "TLS_AES_128_GCM_SHA256").c_str()) != 1 ||
      SSL_CTX_set1_groups_list(ctx.get(), a.get("groups", "X25519").c_str()) != 1 ||
      SSL_CTX_load_verify_locations(ctx.get(), (folder + "ca.pem").c_str(), nullptr) != 1)
    fail("suite, groups or CA");
  if (server || a.mutual())
    if (SSL_CTX_use_certificate_file(ctx.get(), (folder + key + ".pem").c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx.get(), (folder + key + ".key").c_str(), SSL_FILETYPE_PEM) != 1)
      fail("certificate or key of " + key);
  SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);

  Config config;
  config.role = a.role;
  if (server || a.mutual())
    config.attester = std::make_shared<PaddedAttester>(std::stoul(a.get("evidence", "100")));
  if (!server || a.mutual()) {
    config.require.emplace();
    config.require->verifier = std::make_shared<PaddedVerifier>();
    if (a.offers()) config.require->attestation = Requirement::optional;
    if (a.offers() && server) SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
  } else {
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_NONE, nullptr);
  }
  openssl::AttachOptions options;
  options.message_callback = on_message;
  must(openssl::attach(ctx.get(), std::move(config), options));
  return ctx;
}

int listen_and_accept(const Arguments& a) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(a.get("port", "0"))));
  socklen_t length = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    fail("cannot listen");
  std::cout << "{\"port\":" << ntohs(address.sin_port) << "}" << std::endl;
  const int fd = accept(listener, nullptr, nullptr);
  close(listener);
  return fd;
}

int connect_to(const Arguments& a) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(a.get("port", "0"))));
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("cannot connect");
  return fd;
}

using openssl::Connection;

void wait_for(const Connection& c, int fd, Connection::Want want) {
  pollfd p{want == Connection::Want::credential ? c.credential_fd() : fd,
           static_cast<short>(want == Connection::Want::write ? POLLOUT : POLLIN), 0};
  if (poll(&p, 1, 30'000) != 1) fail("nothing happened for 30 s");
}

void handshake(Connection& c, int fd) {
  for (;;) {
    const auto want = must(c.handshake());
    if (want == Connection::Want::nothing) return;
    wait_for(c, fd, want);
  }
}

std::string receive(Connection& c, int fd, std::size_t n) {
  std::string out;
  while (out.size() < n) {
    std::array<std::uint8_t, 256> piece{};
    auto want = Connection::Want::nothing;
    const auto got = must(c.read(piece, &want));
    out.append(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
    if (got == 0) wait_for(c, fd, want);
  }
  return out;
}

void send(Connection& c, int fd, std::string_view text) {
  for (ByteView rest = view(text); !rest.empty();) {
    auto want = Connection::Want::nothing;
    const auto sent = must(c.write(rest, &want));
    rest = rest.subspan(sent);
    if (sent == 0) wait_for(c, fd, want);
  }
}

int run(const Arguments& a) {
  const Context ctx = make_context(a);
  const int fd = a.role == Role::server ? listen_and_accept(a) : connect_to(a);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  Connection c = must(Connection::create(ctx.get(), fd, a.role == Role::client ? "interop.test" : ""));
  handshake(c, fd);
  std::string echo;
  if (a.role == Role::server) {
    echo = receive(c, fd, kGreeting.size());
    send(c, fd, echo);
  } else {
    send(c, fd, kGreeting);
    echo = receive(c, fd, kGreeting.size());
  }
  const auto& r = c.report();
  std::cout << "{\"self_binder\":\"" << base::to_hex(r.self_binder) << "\",\"peer_binder\":\""
            << base::to_hex(r.peer_binder) << "\",\"attested\":" << (r.peer ? "true" : "false")
            << ",\"self_attested\":" << (r.self_attested ? "true" : "false")
            << ",\"hello_retry_request\":" << (retried ? "true" : "false") << ",\"echo\":\"" << echo << "\"}"
            << std::endl;
  c.shutdown();
  close(fd);
  return 0;
}

}  // namespace
}  // namespace seatls

int main(int argc, char** argv) { return seatls::run(seatls::parse(argc, argv)); }
