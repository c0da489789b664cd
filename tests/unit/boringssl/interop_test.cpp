// TLS 1.3 between the two stacks: each role, suites, a HelloRetryRequest, the largest evidence.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <tuple>

#include "../stack/fixture.h"
#include "fixture.h"

namespace seatls::boringssl {
namespace {

using fake::TlsEnd;

// Mixed is one end of each stack, over a socket pair.
class Mixed {
 public:
  Mixed(const fake::TlsSetup& of_openssl, Role role_of_openssl, const BoringSetup& of_boringssl) {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) std::abort();
    fd_ = fds[1];
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    openssl_context_ = fake::make_context(role_of_openssl, of_openssl);
    openssl = std::make_unique<TlsEnd>(role_of_openssl, openssl_context_.get(), fds[0], of_openssl);
    auto context = fake::make_boring_context(of_boringssl, nullptr);
    auto made = context ? Connection::create(*context, role_of_openssl == Role::server ? "server.test" : "")
                        : context.error();
    if (!made) std::abort();
    boringssl = std::make_unique<fake::BoringEnd>(std::move(made).value());
  }
  ~Mixed() { ::close(fd_); }
  Mixed(const Mixed&) = delete;
  Mixed& operator=(const Mixed&) = delete;

  void run() {
    for (int i = 0; i < 30; ++i) {
      openssl->step();
      pump();
    }
  }
  void pump() {
    std::array<std::uint8_t, 65'536> buffer;
    for (ssize_t n = 0; (n = ::recv(fd_, buffer.data(), buffer.size(), 0)) > 0;)
      boringssl->connection().receive(ByteView(buffer).first(static_cast<std::size_t>(n)));
    boringssl->step();
    for (const Bytes& bytes : boringssl->connection().take_outgoing())
      unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    const ssize_t sent = ::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent > 0) unsent_.erase(unsent_.begin(), unsent_.begin() + sent);
  }
  [[nodiscard]] std::string why() const {
    return (openssl->error() ? openssl->error()->message() : "OpenSSL open") + " / " +
           (boringssl->error() ? boringssl->error()->message() : "BoringSSL open");
  }
  void expect_traffic() {
    ASSERT_TRUE(openssl->done() && boringssl->done()) << why();
    EXPECT_TRUE(openssl->send("ping"));
    EXPECT_TRUE(boringssl->connection().write(view("pong")).ok());
    pump();
    EXPECT_EQ(boringssl->received(), "ping");
    EXPECT_EQ(openssl->received(), "pong");
    const SessionReport& ours = boringssl->connection().report();
    const SessionReport theirs = openssl->report().value();
    EXPECT_EQ(ours.peer_binder, theirs.self_binder);
    EXPECT_EQ(ours.self_binder, theirs.peer_binder);
  }

  std::unique_ptr<TlsEnd> openssl;
  std::unique_ptr<fake::BoringEnd> boringssl;

 private:
  int fd_ = -1;
  fake::SslCtx openssl_context_;
  Bytes unsent_;
};

using Shape = std::tuple<Role, Hash, bool>;  // OpenSSL's role
class EachWay : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(Interop, EachWay,
                         testing::Combine(testing::Values(Role::client, Role::server),
                                          testing::Values(Hash::sha256, Hash::sha384), testing::Bool()),
                         [](const auto& shape) {
                           return std::string(std::get<0>(shape.param) == Role::client ? "OpensslClient"
                                                                                       : "OpensslServer") +
                                  "_" + std::string(name(std::get<1>(shape.param))) +
                                  (std::get<2>(shape.param) ? "_retry" : "");
                         });

// Both attest, with evidence of the largest size, each trusting the other's machine.
TEST_P(EachWay, BothAttest) {
  const auto [role, hash, retry] = GetParam();
  constexpr std::size_t length = 60'000;
  openssl::Party theirs = role == Role::client ? openssl::client() : openssl::server();
  if (role == Role::client) theirs.identity(fake::certified());
  theirs.config().attester = std::make_shared<PaddingAttester>(theirs.attester, length);
  theirs.demands(Requirement::required);
  theirs.config().require->verifier = std::make_shared<UnpaddingVerifier>(theirs.verifier, length);
  theirs.verifier->trusted = {Party::machine()->machine_key.public_key()};
  theirs.setup.before = [hash = hash, retry = retry, role = role](SSL_CTX* ctx) {
    SSL_CTX_set_ciphersuites(ctx, hash == Hash::sha256 ? "TLS_AES_128_GCM_SHA256" : "TLS_AES_256_GCM_SHA384");
    if (retry) SSL_CTX_set1_groups_list(ctx, role == Role::client ? "P-256:X25519" : "X25519");
  };

  Party ours(other(role));
  ours.over(Carrier::stream).identity(fake::certified()).attests(length);
  ours.demands(Requirement::required, IdentityRule::pki_and_attested, length);
  ours.verifier->trusted = {openssl::Party::machine()->machine_key.public_key()};
  if (retry) ours.setup.groups = role == Role::client ? "X25519" : "P-256:X25519";

  Mixed mixed(theirs.setup, role, ours.setup);
  mixed.run();
  mixed.expect_traffic();
  EXPECT_EQ(mixed.boringssl->connection().report().peer_binder.size(), size(hash));
}

TEST(Interop, ARefusalIsToldAcrossStacks) {
  for (const Role role : {Role::client, Role::server}) {
    openssl::Party theirs =
        role == Role::client ? openssl::client().identity(fake::certified()) : openssl::server();
    theirs.attests().demands(Requirement::optional);
    Party ours(other(role));
    ours.over(Carrier::stream).identity(fake::certified()).attests().demands(Requirement::required);
    ours.verifier->trusted = {};  // the other stack's machine is nobody's
    theirs.verifier->trusted = {Party::machine()->machine_key.public_key()};
    Mixed mixed(theirs.setup, role, ours.setup);
    mixed.run();
    ASSERT_TRUE(mixed.boringssl->error().has_value()) << mixed.why();
    EXPECT_EQ(name(mixed.boringssl->error()->code), name(Code::untrusted_attestation_key));
    EXPECT_FALSE(mixed.boringssl->connection().write(view("data")).ok());
    std::ignore = mixed.openssl->received();
    EXPECT_EQ(mixed.openssl->alert_received, 49);
  }
}

TEST(Interop, APlainPeerOfTheOtherStackIsFineWhereItIsOptional) {
  openssl::Party theirs = openssl::plain_server();
  Party ours = client(Carrier::stream).demands(Requirement::optional);
  Mixed mixed(theirs.setup, Role::server, ours.setup);
  mixed.run();
  ASSERT_TRUE(mixed.openssl->done() && mixed.boringssl->done()) << mixed.why();
  EXPECT_FALSE(mixed.boringssl->connection().report().peer.has_value());
}

}  // namespace
}  // namespace seatls::boringssl
