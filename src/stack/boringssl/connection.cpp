#include "stack/boringssl/connection.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "stack/boringssl/state.h"
#include "stack/boringssl/tls_error.h"

namespace seatls::boringssl {
namespace {

namespace action = early::action;
using Want = Connection::Want;
using std::chrono::milliseconds;

Error failed(const char* call) { return {Code::crypto, std::string(call) + " failed", "boringssl"}; }

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> out;
  return inet_pton(AF_INET, name.c_str(), out.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), out.data()) == 1;
}

}  // namespace

struct Connection::Impl {
  Impl(std::shared_ptr<const Context::Impl> c, std::string server_name, std::function<void()> on_credential)
      : context(std::move(c)), state(context, std::move(server_name), std::move(on_credential)) {}

  Result<void> start();
  // ended tells of a peer's alert, or of BoringSSL's own reason to give up.
  Error ended(int result);
  Result<void> open() const {
    if (state.failure()) return *state.failure();
    if (!state.report())
      return Error{Code::not_attested, "the handshake is not done; call handshake()", "Connection"};
    return {};
  }
  Result<Want> conclude();

  std::shared_ptr<const Context::Impl> context;
  State state;
  bssl::UniquePtr<SSL> ssl;
  std::optional<int> alert_received;
  bool shut = false;
};

Result<void> Connection::Impl::start() {
  const Running running(*context);
  ssl.reset(SSL_new(context->ctx.get()));
  bssl::UniquePtr<BIO> bio = state.transport().bio();
  if (!ssl || !bio) return failed("SSL_new");
  SEATLS_CHECK(state.adopt(ssl.get()));
  BIO* transport = bio.release();
  SSL_set_bio(ssl.get(), transport, transport);
  SSL_set_app_data(ssl.get(), this);
  SSL_set_info_callback(ssl.get(), [](const SSL* of, int where, int value) {
    if (where == SSL_CB_READ_ALERT && (value >> 8) == SSL3_AL_FATAL)
      static_cast<Impl*>(SSL_get_app_data(of))->alert_received = value & 0xff;
  });
  if (context->over_datagrams()) {
    if (SSL_set_mtu(ssl.get(), static_cast<unsigned>(context->settings.longest_datagram)) != 1)
      return failed("SSL_set_mtu");
    DTLSv1_set_initial_timeout_duration(ssl.get(), static_cast<std::uint32_t>(std::max<std::int64_t>(
                                                       context->settings.retransmit_after.count(), 1)));
  }
  if (context->config->role == Role::server) {
    if (context->over_datagrams() && !context->settings.address_proven)
      state.transport().limit_amplification();
    SSL_set_accept_state(ssl.get());
    return {};
  }
  SSL_set_connect_state(ssl.get());
  const std::string& name = state.server_name();
  if (name.empty()) {
    if (context->config->require && context->config->require->identity == IdentityRule::attested_key)
      return {};
    return Error{Code::misuse, "a server_name is needed, to compare the server's certificate with",
                 "Connection"};
  }
  if (!is_address(name) && SSL_set_tlsext_host_name(ssl.get(), name.c_str()) != 1)
    return failed("SSL_set_tlsext_host_name");
  return {};
}

Error Connection::Impl::ended(int result) {
  switch (SSL_get_error(ssl.get(), result)) {
    case SSL_ERROR_ZERO_RETURN: return {Code::closed, "close_notify", {}};
    case SSL_ERROR_SYSCALL: return {Code::closed, "the transport ended without close_notify", {}};
    default: return error_of_queue(state.config());
  }
}

// conclude asks the protocol whether a handshake that TLS is content with may stand.
Result<Want> Connection::Impl::conclude() {
  stack::Action next = state.endpoint().handshake_done();
  if (auto* complete = std::get_if<action::Complete>(&next)) {
    state.complete(std::move(complete->report));
    return Want::nothing;
  }
  auto* refused = std::get_if<action::Refuse>(&next);
  const std::uint8_t alert =
      state.refuse(refused != nullptr ? std::move(refused->error)
                                      : Error{Code::internal, "the handshake's end was not judged", {}});
  SSL_send_fatal_alert(ssl.get(), alert);
  return *state.failure();
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::create(const Context& context, const std::string& server_name,
                                      std::function<void()> on_credential) {
  auto impl = std::make_unique<Impl>(context.impl(), server_name, std::move(on_credential));
  SEATLS_CHECK(impl->start());
  return Connection(std::move(impl));
}

void Connection::receive(ByteView bytes) { impl_->state.transport().receive(bytes); }
void Connection::end() { impl_->state.transport().end(); }
std::vector<Bytes> Connection::take_outgoing() { return impl_->state.transport().take_outgoing(); }

std::optional<milliseconds> Connection::deadline() const {
  const Running running(*impl_->context);
  std::optional<milliseconds> left;
  timeval timer{};
  if (!impl_->state.failure() && DTLSv1_get_timeout(impl_->ssl.get(), &timer) == 1) {
    // Rounded up: at the deadline the timer has expired.
    left = std::chrono::ceil<milliseconds>(std::chrono::seconds(timer.tv_sec) +
                                           std::chrono::microseconds(timer.tv_usec));
  }
  if (const auto at = impl_->state.credential_deadline()) {
    const auto until =
        std::max(std::chrono::ceil<milliseconds>(*at - impl_->context->now()), milliseconds(0));
    left = left ? std::min(*left, until) : until;
  }
  return left;
}

Result<void> Connection::on_time() {
  State& state = impl_->state;
  if (state.failure()) return *state.failure();
  if (!impl_->context->over_datagrams()) return {};
  const Running running(*impl_->context);
  ERR_clear_error();
  if (DTLSv1_handle_timeout(impl_->ssl.get()) >= 0) return {};
  Error error = error_of_queue(state.config());
  if (!state.report()) state.note(error);
  return error;
}

Result<Want> Connection::handshake() {
  State& state = impl_->state;
  if (state.report()) return Want::nothing;
  if (state.failure()) return *state.failure();
  const Running running(*impl_->context);
  ERR_clear_error();
  const int result = SSL_do_handshake(impl_->ssl.get());
  if (state.failure()) return *state.failure();
  if (result == 1) return impl_->conclude();
  switch (SSL_get_error(impl_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ: return Want::read;
    case SSL_ERROR_WANT_X509_LOOKUP:
    case SSL_ERROR_WANT_CERTIFICATE_VERIFY: return Want::credential;
    default: state.note(impl_->ended(result));
  }
  return *state.failure();
}

Result<std::size_t> Connection::read(std::span<std::uint8_t> into, Want* want) {
  SEATLS_CHECK(impl_->open());
  *want = Want::nothing;
  const Running running(*impl_->context);
  ERR_clear_error();
  const int result =
      SSL_read(impl_->ssl.get(), into.data(), static_cast<int>(std::min<std::size_t>(into.size(), 1U << 20)));
  if (result > 0) return static_cast<std::size_t>(result);
  if (SSL_get_error(impl_->ssl.get(), result) == SSL_ERROR_WANT_READ) {
    *want = Want::read;
    return std::size_t{0};
  }
  return impl_->ended(result);
}

std::size_t Connection::longest_write() const {
  // DTLS 1.3: header, content type, tag; BoringSSL's own bound is a little more than that.
  const std::size_t overhead = SSL_max_seal_overhead(impl_->ssl.get());
  return impl_->context->over_datagrams() ? impl_->context->settings.longest_datagram - overhead : 1U << 20;
}

Result<void> Connection::write(ByteView from) {
  SEATLS_CHECK(impl_->open());
  if (from.empty()) return {};
  if (from.size() > longest_write()) {
    return Error{Code::misuse,
                 std::to_string(from.size()) + " bytes to write at once; at most " +
                     std::to_string(longest_write()) + " fit",
                 "Connection"};
  }
  const Running running(*impl_->context);
  ERR_clear_error();
  const int result = SSL_write(impl_->ssl.get(), from.data(), static_cast<int>(from.size()));
  if (result > 0) return {};
  return impl_->ended(result);
}

void Connection::shutdown() {
  if (std::exchange(impl_->shut, true) || !impl_->state.report()) return;
  const Running running(*impl_->context);
  ERR_clear_error();
  SSL_shutdown(impl_->ssl.get());
}

const SessionReport& Connection::report() const {
  if (!impl_->state.report()) std::abort();
  return *impl_->state.report();
}

std::string Connection::alpn() const {
  const std::uint8_t* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(impl_->ssl.get(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::string Connection::suite() const {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(impl_->ssl.get());
  return cipher != nullptr ? SSL_CIPHER_standard_name(cipher) : "";
}

const Traffic& Connection::traffic() const { return impl_->state.transport().traffic(); }
std::optional<int> Connection::alert_received() const { return impl_->alert_received; }

}  // namespace seatls::boringssl
