#include "preload/library/watch.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <tuple>
#include <utility>

#include "preload/library/ours.h"
#include "stack/openssl/state.h"

namespace seatls::preload {
namespace {

using openssl::Attachment;
using openssl::role_of;
using openssl::State;

void free_watch(void*, void* watch, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Watch*>(watch); }
// SSL_dup: the copy starts anew.
int dup_watch(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** watch, int, long, void*) {
  *watch = nullptr;
  return 1;
}

int index() {
  static const int value = SSL_get_ex_new_index(0, nullptr, nullptr, dup_watch, free_watch);
  return value;
}

// What programs ask after a failed call must be as the call left it.
class KeepErrno {
 public:
  KeepErrno() : value_(errno) {}
  ~KeepErrno() { errno = value_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  const int value_;
};

// own_name_of returns the name or address that the program itself compares the certificate with.
std::string own_name_of(SSL* ssl) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (const char* host = X509_VERIFY_PARAM_get0_host(param, 0)) return host;
  char* address = X509_VERIFY_PARAM_get1_ip_asc(param);
  std::string name = address != nullptr ? address : "";
  OPENSSL_free(address);
  return name;
}

bool expect(SSL* ssl, const char* name) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1) return true;
  ERR_clear_error();
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, name) == 1;
}

// Many programs compare names after the handshake, on their own (curl, libpq): OpenSSL has to know the name
// before it. It is the configuration's, or the one that the program asks the server for (SNI).
Result<void> expect_name(SSL* ssl, const RoleSettings& role) {
  if (!role.require) return {};
  const std::string own = own_name_of(ssl);
  if (!role.name.empty()) {
    if (own.empty() && expect(ssl, role.name.c_str())) return {};
    if (::strcasecmp(own.c_str(), role.name.c_str()) == 0) return {};
    return Error{Code::configuration,
                 "the program expects the server " + own + ", the configuration " + role.name,
                 "require.name"};
  }
  if (!own.empty()) return {};
  if (const char* sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
      sni != nullptr && expect(ssl, sni))
    return {};
  if (role.require->identity == IdentityRule::attested_key) return {};
  return Error{Code::configuration,
               "the program names no host that the server's certificate could be compared with; "
               "write name = \"…\" below [require]",
               "require.name"};
}

// What stands in the way of a handshake before its first byte.
Result<void> prepare(SSL* ssl) {
  const RoleSettings* role = settings_of_role(role_of(ssl));
  if (role == nullptr)
    return Error{
        Code::misuse,
        std::string("the program plays the ") + (SSL_is_server(ssl) == 1 ? "server" : "client") +
            " here, and only the other role is configured; write other_config = \"FILE\" below [exec]",
        {}};
  const auto highest = SSL_get_max_proto_version(ssl);
  if (SSL_is_dtls(ssl) == 1 || (highest != 0 && highest < TLS1_3_VERSION) ||
      (SSL_get_options(ssl) & SSL_OP_NO_TLSv1_3) != 0)
    return Error{
        Code::protocol_version,
        "the program's own configuration excludes TLS 1.3; allow it there (nginx: ssl_protocols TLSv1.3)",
        {}};
  // Without jobs a credential is waited for in the call. Jobs would bring a thread, which no fork takes
  // along.
  SSL_clear_mode(ssl, SSL_MODE_ASYNC);
  if (SSL_is_server(ssl) == 0) return expect_name(ssl, *role);
  return {};
}

std::string scheme_text(const AttestationScheme& scheme) {
  if (const auto* type = std::get_if<EvidenceType>(&scheme.argument))
    if (auto known = SchemeTable::defaults().name_of(*type)) return *known;
  return describe(scheme);
}

Event event_of(const SSL* ssl, const State& state) {
  Event e;
  e.role = role_of(ssl);
  e.address = address_of(ssl);
  e.dangers = state.config().dangers;
  if (state.failure()) {
    e.refused = state.failure();
    return e;
  }
  const SessionReport& report = *state.report();
  if (report.peer) {
    const auto& result = report.peer->result();
    e.attested = true;
    e.verdict = name(result.tier());
    e.scheme = result->scheme;
    e.policy = policies_of(*result);
    e.claims = result->claims;
    for (const auto& danger : result->dangers)
      if (std::find(e.dangers.begin(), e.dangers.end(), danger) == e.dangers.end())
        e.dangers.push_back(danger);
  }
  e.pki_verified = report.pki_verified;
  e.peer_name = report.peer_name;
  if (report.self_attested && report.self_scheme) e.self_scheme = scheme_text(*report.self_scheme);
  if (const char* suite = SSL_get_cipher_name(ssl)) e.suite = suite;
  return e;
}

// permitted tells whether data may pass. During a handshake no call moves any: OpenSSL drives that first.
bool permitted(SSL* ssl, const Watch& watch) { return watch.open || SSL_is_init_finished(ssl) == 0; }

void raise_not_attested(SSL* ssl) {
  const State* state = State::find(ssl);
  if (state != nullptr && state->failure())
    raise(*state->failure());
  else
    raise({Code::not_attested, "the peer was not attested on this connection", {}});
}

}  // namespace

Watch* watch_of(SSL* ssl) {
  if (auto* found = static_cast<Watch*>(SSL_get_ex_data(ssl, index()))) return found;
  auto fresh = std::make_unique<Watch>();
  if (const Kept* kept = kept_of(SSL_get_SSL_CTX(ssl))) fresh->message = kept->message;
  if (SSL_set_ex_data(ssl, index(), fresh.get()) != 1) return nullptr;
  return fresh.release();
}

bool before(SSL* ssl) {
  if (Ours::calling()) return true;
  Watch* watch = watch_of(ssl);
  if (watch == nullptr) return false;
  if (watch->open && SSL_in_before(ssl) == 0) return true;
  if (Attachment::passes(ssl)) return true;
  const KeepErrno keep;
  if (Attachment::of(SSL_get_SSL_CTX(ssl)) == nullptr) {
    raise({Code::not_attested, "nothing is attached to the connection's context", {}});
    return false;
  }
  if (SSL_in_before(ssl) == 1) {  // also of an SSL that is used again
    watch->told = watch->open = false;
    if (const auto ready = prepare(ssl); !ready) {
      refuse(ssl, ready.error());
      return false;
    }
  }
  if (permitted(ssl, *watch)) return true;
  raise_not_attested(ssl);
  return false;
}

bool after(SSL* ssl) {
  if (Ours::calling()) return true;
  Watch* watch = watch_of(ssl);
  if (watch == nullptr) return false;
  if (watch->open || Attachment::passes(ssl)) return true;
  const KeepErrno keep;
  const State* state = State::find(ssl);
  if (!watch->told && state != nullptr && state->over()) {
    watch->told = true;
    watch->open = state->report().has_value();
    tell(event_of(ssl, *state));
  }
  if (permitted(ssl, *watch)) return true;
  raise_not_attested(ssl);
  return false;
}

void forward_message(int sent, int version, int content_type, const void* data, size_t length, SSL* ssl,
                     void* arg) {
  const Watch* watch = watch_of(ssl);
  if (watch != nullptr && watch->message != nullptr)
    watch->message(sent, version, content_type, data, length, ssl, arg);
}

std::string address_of(const SSL* ssl) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  const int fd = SSL_get_fd(ssl);
  if (fd < 0 || ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return {};
  if (peer.ss_family == AF_UNIX) return "unix";
  std::array<char, 64> host{};
  std::array<char, 8> port{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&peer), length, host.data(), host.size(), port.data(),
                    port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {};
  const std::string name = host.data();
  return (peer.ss_family == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
}

}  // namespace seatls::preload
