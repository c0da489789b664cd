#include "fake/tls_pair.h"

#include <fcntl.h>
#include <openssl/async.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <utility>

namespace seatls::fake {
namespace {

struct Ca {
  crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  crypto::Certificate certificate =
      crypto::make_self_signed({.common_name = "seatls test CA", .is_ca = true}, key).value();
};
const Ca& ca() {
  static const Ca value;
  return value;
}

// RSA keys take long to make: two are enough for the two ends of a connection.
crypto::PrivateKey new_key(crypto::KeyType type) {
  const auto generate = [type] { return crypto::PrivateKey::generate(type).value(); };
  if (type != crypto::KeyType::rsa) return generate();
  static const std::array keys{generate(), generate()};
  static std::size_t next = 0;
  return keys[next++ % keys.size()];
}

crypto::CertificateSpec spec() {
  return {.common_name = "seatls test",
          .dns_names = {"server.test", "client.test"},
          .ip_addresses = {"127.0.0.1"}};
}

X509* to_x509(const crypto::Certificate& certificate) {
  const unsigned char* der = certificate.der().data();
  return d2i_X509(nullptr, &der, static_cast<long>(certificate.der().size()));
}

[[noreturn]] void die(const std::string& why) {
  std::cerr << "tls_pair: " << why << '\n';
  ERR_print_errors_fp(stderr);
  std::abort();
}

void use(SSL_CTX* ctx, const TlsIdentity& identity) {
  X509* certificate = to_x509(identity.certificate);
  const Secret pem = identity.key.to_pem().value();
  BIO* in = BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  if (SSL_CTX_use_certificate(ctx, certificate) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)
    die("use identity");
  EVP_PKEY_free(key);
  BIO_free(in);
  X509_free(certificate);
}

std::string queue_text() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  return text.data();
}

}  // namespace

const crypto::Certificate& test_ca() { return ca().certificate; }

crypto::Certificate certify(const crypto::PublicKey& key) {
  return crypto::make_certificate(spec(), key, {ca().certificate, ca().key}).value();
}

TlsIdentity certified(crypto::KeyType type) {
  auto key = new_key(type);
  auto certificate = certify(key.public_key());
  return {std::move(key), std::move(certificate)};
}

TlsIdentity self_signed(crypto::KeyType type) {
  auto key = new_key(type);
  auto certificate = crypto::make_self_signed(spec(), key).value();
  return {std::move(key), std::move(certificate)};
}

SslCtx make_context(Role role, const TlsSetup& setup) {
  SslCtx ctx(SSL_CTX_new(role == Role::client ? TLS_client_method() : TLS_server_method()));
  X509* anchor = to_x509(ca().certificate);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx.get()), anchor);
  X509_free(anchor);
  if (role == Role::client) SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
  if (setup.identity) use(ctx.get(), *setup.identity);
  if (setup.before) setup.before(ctx.get());
  if (setup.config) {
    openssl::AttachOptions options = setup.options;
    if (options.message_callback == nullptr) options.message_callback = TlsEnd::on_message;
    auto attached = openssl::attach(ctx.get(), *setup.config, options);
    if (!attached) die(attached.error().message());
  }
  if (setup.after) setup.after(ctx.get());
  return ctx;
}

void speak_seatls_1(SSL_CTX* ctx) {
  static constexpr unsigned char offered[] = {8, 's', 'e', 'a', 't', 'l', 's', '/', '1'};
  SSL_CTX_set_alpn_protos(ctx, offered, sizeof offered);
  SSL_CTX_set_alpn_select_cb(
      ctx,
      [](SSL*, const unsigned char** out, unsigned char* length, const unsigned char*, unsigned, void*) {
        *out = offered + 1;
        *length = 8;
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
}

TlsEnd::TlsEnd(Role role, SSL_CTX* ctx, int fd, const TlsSetup& setup)
    : role_(role), fd_(fd), attached_(setup.config.has_value()) {
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  if (setup.drive == Drive::connection && attached_) {
    auto made = openssl::Connection::create(ctx, fd, role == Role::client ? setup.server_name : "");
    if (!made) die(made.error().message());
    connection_.emplace(std::move(made).value());
  } else {
    ssl_ = SSL_new(ctx);
    SSL_set_fd(ssl_, fd);
    if (setup.drive == Drive::async) SSL_set_mode(ssl_, SSL_MODE_ASYNC);
    if (role == Role::client) {
      if (!setup.server_name.empty()) SSL_set1_host(ssl_, setup.server_name.c_str());
      if (!setup.server_name.empty()) SSL_set_tlsext_host_name(ssl_, setup.server_name.c_str());
      SSL_set_connect_state(ssl_);
    } else {
      SSL_set_accept_state(ssl_);
    }
  }
  if (setup.on_ssl) setup.on_ssl(ssl());
  if (!attached_) SSL_set_msg_callback(ssl(), on_message);
  SSL_set_msg_callback_arg(ssl(), this);
}

TlsEnd::~TlsEnd() { give_up(); }

void TlsEnd::give_up() {
  if (ssl_ != nullptr && attached_) openssl::abandon(ssl_);
  connection_.reset();
  SSL_free(std::exchange(ssl_, nullptr));
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

SSL* TlsEnd::ssl() const { return connection_ ? connection_->native() : ssl_; }

void TlsEnd::on_message(int sent, int, int type, const void* data, size_t length, SSL*, void* arg) {
  if (arg == nullptr) return;
  auto* end = static_cast<TlsEnd*>(arg);
  if (type == SSL3_RT_HANDSHAKE && sent == 0 && length > 0)
    end->read_last = static_cast<MessageType>(*static_cast<const unsigned char*>(data));
  if (type != SSL3_RT_ALERT || length != 2) return;
  (sent != 0 ? end->alert_sent : end->alert_received) = static_cast<const unsigned char*>(data)[1];
}

int TlsEnd::credential_fd() const {
  if (connection_) return connection_->credential_fd();
  std::array<OSSL_ASYNC_FD, 4> fds{};
  std::size_t count = 0;
  SSL_get_all_async_fds(ssl_, nullptr, &count);
  if (count == 0 || count > fds.size()) return -1;
  SSL_get_all_async_fds(ssl_, fds.data(), &count);
  return fds[0];
}

TlsEnd::Step TlsEnd::settle(int result) {
  if (result == 1 && (!attached_ || openssl::report(ssl_).ok())) {
    done_ = true;
    return Step::done;
  }
  switch (result == 1 ? SSL_ERROR_SSL : SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Step::io;
    case SSL_ERROR_WANT_ASYNC: return Step::credential;
    default: break;
  }
  error_ = Error{Code::tls_failed, queue_text(), {}};
  if (attached_) {
    if (auto why = openssl::report(ssl_); !why && why.error().code != Code::not_attested)
      error_ = why.error();
  }
  return Step::failed;
}

TlsEnd::Step TlsEnd::step() {
  if (done_) return Step::done;
  if (error_) return Step::failed;
  if (!connection_) {
    ERR_clear_error();
    return settle(SSL_do_handshake(ssl_));
  }
  auto want = connection_->handshake();
  if (!want) {
    error_ = want.error();
    return Step::failed;
  }
  switch (*want) {
    case openssl::Connection::Want::nothing: done_ = true; return Step::done;
    case openssl::Connection::Want::credential: return Step::credential;
    default: return Step::io;
  }
}

std::optional<SessionReport> TlsEnd::report() const {
  if (!attached_ || ssl() == nullptr) return std::nullopt;
  auto report = openssl::report(ssl());
  if (!report) return std::nullopt;
  return *report;
}

bool TlsEnd::send(const std::string& text) {
  ERR_clear_error();
  return SSL_write(ssl(), text.data(), static_cast<int>(text.size())) > 0;
}

std::string TlsEnd::received() {
  std::string all;
  std::array<char, 4096> buffer;
  ERR_clear_error();
  for (int n = 0; (n = SSL_read(ssl(), buffer.data(), static_cast<int>(buffer.size()))) > 0;) {
    all.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return all;
}

TlsPair::TlsPair(const TlsSetup& client_setup, const TlsSetup& server_setup, TlsMitm* mitm)
    : client_context(make_context(Role::client, client_setup)),
      server_context(make_context(Role::server, server_setup)),
      mitm_(mitm) {
  std::signal(SIGPIPE, SIG_IGN);  // as every program does that writes to sockets through OpenSSL
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) die("socketpair");
  if (mitm_ != nullptr) {
    std::array<int, 2> far{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, far.data()) != 0) die("socketpair");
    mitm_->between(std::exchange(fds[1], far[0]), far[1], client_context.get(), server_context.get());
  }
  client = std::make_unique<TlsEnd>(Role::client, client_context.get(), fds[0], client_setup);
  server = std::make_unique<TlsEnd>(Role::server, server_context.get(), fds[1], server_setup);
}

void TlsPair::pump() {
  if (mitm_ != nullptr) mitm_->pump();
}

void TlsPair::run() {
  // Twenty rounds are more than any handshake takes, a HelloRetryRequest and 64 KB included.
  for (int i = 0; i < 20; ++i) {
    client->step();
    pump();
    server->step();
    pump();
  }
  // A refusal after one's own last message is read with the first application data.
  if (client->done() && server->error()) std::ignore = client->received();
}

void TlsPair::run_until_settled() {
  const auto settled = [](const TlsEnd& end) { return end.done() || end.error(); };
  // A credential that came in the last of its rounds leaves nothing to wait for, and a handshake to finish.
  for (int idle = 0; idle < 2;) {
    run();
    if (settled(*client) && settled(*server)) return;
    std::array<pollfd, 2> fds{{{client->credential_fd(), POLLIN, 0}, {server->credential_fd(), POLLIN, 0}}};
    const bool waits = fds[0].fd >= 0 || fds[1].fd >= 0;
    if (waits) ::poll(fds.data(), fds.size(), -1);
    idle = waits ? 0 : idle + 1;
  }
}

void TlsEnd::start_over() {
  if (SSL_clear(ssl_) != 1) die("SSL_clear");
  role_ == Role::client ? SSL_set_connect_state(ssl_) : SSL_set_accept_state(ssl_);
  done_ = false;
}

void TlsPair::start_over() {
  client->start_over();
  server->start_over();
}

std::string TlsPair::leak() {
  std::string all;
  for (int i = 0; i < 3; ++i) {
    client->send("from client");
    server->send("from server");
    pump();
    all += client->received() + server->received();
  }
  return all;
}

}  // namespace seatls::fake
