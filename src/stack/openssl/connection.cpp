#include <arpa/inet.h>
#include <openssl/async.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "seatls/openssl.h"
#include "stack/openssl/post.h"
#include "stack/openssl/socket_bio.h"
#include "stack/openssl/state.h"
#include "stack/openssl/tls_error.h"

namespace seatls::openssl {
namespace {

using Want = Connection::Want;

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, Free>;

Error failed(const char* call) { return {Code::crypto, std::string(call) + " failed", "openssl"}; }

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> out;
  return inet_pton(AF_INET, name.c_str(), out.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), out.data()) == 1;
}

// The name to be connected to: what SNI asks for, and what the certificate is compared with.
Result<void> expect_name(SSL* ssl, const Config& config, const std::string& name) {
  if (name.empty()) {
    if (config.require && config.require->identity == IdentityRule::attested_key) return {};
    return Error{Code::misuse, "a server_name is needed, to compare the server's certificate with",
                 "Connection"};
  }
  if (is_address(name)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) != 1) return failed("set1_ip_asc");
    return {};
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_set1_host(ssl, name.c_str()) != 1) return failed("SSL_set1_host");
  if (SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) return failed("SSL_set_tlsext_host_name");
  return {};
}

}  // namespace

struct Connection::Impl {
  Impl(Ssl s, State* st) : ssl(std::move(s)), state(st) {}
  ~Impl() {
    // On another thread than the job's the job can only be left to leak.
    if (thread == std::this_thread::get_id()) abandon(ssl.get());
  }

  // call maps the result of SSL_read_ex and the like.
  Result<std::size_t> io(int result, std::size_t done, Want* want) const {
    if (result == 1) return done;
    switch (SSL_get_error(ssl.get(), result)) {
      case SSL_ERROR_WANT_READ: *want = Want::read; return std::size_t{0};
      case SSL_ERROR_WANT_WRITE: *want = Want::write; return std::size_t{0};
      default: break;
    }
    if (state->failure()) return *state->failure();
    return error_of_call(state->config(), ssl.get(), result);
  }
  Result<void> open() const {
    if (state->failure()) return *state->failure();
    if (!state->report())
      return Error{Code::not_attested, "the handshake is not done; call handshake()", "Connection"};
    const auto& require = state->config().require;
    if (require && require->timing != Timing::intra && !gate_handed_over)
      return Error{Code::not_attested,
                   "timing " + std::string(name(require->timing)) +
                       " attests the peer after the handshake, before any data; use a Channel",
                   "Connection"};
    return {};
  }

  Ssl ssl;
  State* state;  // owned by the SSL
  std::thread::id thread;
  bool shut = false;
  bool gate_handed_over = false;
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::create(SSL_CTX* ctx, int fd, const std::string& server_name) {
  if (ctx == nullptr || Attachment::of(ctx) == nullptr) {
    return Error{Code::misuse, "the context is not attached; call attach() first", "Connection"};
  }
  Ssl ssl(SSL_new(ctx));
  State* state = ssl ? State::of(ssl.get()) : nullptr;
  if (state == nullptr) return failed("SSL_new");
  BIO* const transport = socket_bio(fd);
  if (transport == nullptr) return failed("BIO_new");
  SSL_set_bio(ssl.get(), transport, transport);
  if (state->config().role == Role::client) {
    SEATLS_CHECK(expect_name(ssl.get(), state->config(), server_name));
    SSL_set_connect_state(ssl.get());
  } else {
    SSL_set_accept_state(ssl.get());
  }
  SSL_set_mode(ssl.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A system without jobs still works; there a credential holds the thread up.
  if (ASYNC_is_capable() == 1) SSL_set_mode(ssl.get(), SSL_MODE_ASYNC);
  state->drive();
  return Connection(std::make_unique<Impl>(std::move(ssl), state));
}

Result<Want> Connection::handshake() {
  SSL* ssl = impl_->ssl.get();
  State& state = *impl_->state;
  if (state.report()) return Want::nothing;
  if (impl_->thread == std::thread::id()) impl_->thread = std::this_thread::get_id();
  if (impl_->thread != std::this_thread::get_id()) {
    return Error{Code::misuse, "a handshake goes on on the thread that it began on", "Connection"};
  }
  while (!state.failure()) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(ssl);
    if (state.failure()) break;
    if (result == 1) {
      SSL_clear_mode(ssl, SSL_MODE_ASYNC);
      if (state.report()) return Want::nothing;
      return *(state.note({Code::internal, "the handshake ended without a verdict", {}}), state.failure());
    }
    switch (SSL_get_error(ssl, result)) {
      case SSL_ERROR_WANT_READ: return Want::read;
      case SSL_ERROR_WANT_WRITE: return Want::write;
      case SSL_ERROR_WANT_ASYNC:
        if (const auto work = state.take_parked()) {
          work();
          continue;
        }
        return Want::credential;
      default: state.note(error_of_call(state.config(), ssl, result));
    }
  }
  return *state.failure();
}

Result<std::size_t> Connection::read(std::span<std::uint8_t> into, Want* want) {
  SEATLS_CHECK(impl_->open());
  *want = Want::nothing;
  ERR_clear_error();
  errno = 0;
  std::size_t done = 0;
  const int result = SSL_read_ex(impl_->ssl.get(), into.data(), into.size(), &done);
  impl_->state->drop_ticket();
  return impl_->io(result, done, want);
}

Result<std::size_t> Connection::write(ByteView from, Want* want) {
  SEATLS_CHECK(impl_->open());
  *want = Want::nothing;
  if (from.empty()) return std::size_t{0};
  ERR_clear_error();
  errno = 0;
  std::size_t done = 0;
  const int result = SSL_write_ex(impl_->ssl.get(), from.data(), from.size(), &done);
  return impl_->io(result, done, want);
}

void Connection::shutdown() {
  if (std::exchange(impl_->shut, true) || SSL_is_init_finished(impl_->ssl.get()) != 1) return;
  ERR_clear_error();
  SSL_shutdown(impl_->ssl.get());
}

Result<post::Setup> Connection::post_setup() {
  SEATLS_TRY(post::Setup setup, post_setup_of(*impl_->state));
  impl_->gate_handed_over = true;
  return setup;
}

Result<post::event::IdentityVerified::Identity> Connection::verify_identity(
    const exported::CertificateChain& chain) const {
  return verify_identity_of(*impl_->state, chain);
}

void Connection::sign(exported::PreparedAuthenticator authenticator,
                      std::function<void(Result<Bytes>)> done) {
  sign_with_own_key(*impl_->state, std::move(authenticator), std::move(done));
}

std::string Connection::alpn() const { return std::string(alpn_of(impl_->ssl.get())); }

int Connection::credential_fd() const {
  std::size_t count = 0;
  SSL_get_all_async_fds(impl_->ssl.get(), nullptr, &count);
  if (count == 0) return -1;
  std::vector<OSSL_ASYNC_FD> fds(count);
  SSL_get_all_async_fds(impl_->ssl.get(), fds.data(), &count);
  return fds.front();
}

const SessionReport& Connection::report() const {
  if (!impl_->state->report()) std::abort();
  return *impl_->state->report();
}

SSL* Connection::native() const { return impl_->ssl.get(); }

}  // namespace seatls::openssl
