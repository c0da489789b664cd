// Two ends of a real TLS connection on one thread: OpenSSL over a socket pair, attested or plain,
// driven in each of the ways that an application may choose.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/x509.h"
#include "fake/tls_mitm.h"
#include "seatls/openssl.h"

namespace seatls::fake {

// A key and a certificate of the test CA for "server.test", "client.test" and 127.0.0.1.
struct TlsIdentity {
  crypto::PrivateKey key;
  crypto::Certificate certificate;
};
[[nodiscard]] const crypto::Certificate& test_ca();
[[nodiscard]] crypto::Certificate certify(const crypto::PublicKey& key);
[[nodiscard]] TlsIdentity certified(crypto::KeyType type = crypto::KeyType::p256);
[[nodiscard]] TlsIdentity self_signed(crypto::KeyType type = crypto::KeyType::p256);

enum class Drive : std::uint8_t {
  connection,  // openssl::Connection
  async,       // the application, with SSL_MODE_ASYNC
  blocking,    // the application, without
};

// TlsSetup is how one end is set up. Without a Config it is plain OpenSSL.
struct TlsSetup {
  std::optional<Config> config;
  std::optional<TlsIdentity> identity;
  Drive drive = Drive::connection;
  std::string server_name = "server.test";  // that a client expects; empty: none
  std::function<void(SSL_CTX*)> before;     // before attach()
  std::function<void(SSL_CTX*)> after;      // after it
  std::function<void(SSL*)> on_ssl;         // after SSL_new
  openssl::AttachOptions options;           // for attach(); a message callback replaces TlsEnd's
};

// speak_seatls_1 offers seatls/1 by ALPN, and takes it up whatever the peer offers.
void speak_seatls_1(SSL_CTX* ctx);

struct FreeSslCtx {
  void operator()(SSL_CTX* ctx) const { SSL_CTX_free(ctx); }
};
using SslCtx = std::unique_ptr<SSL_CTX, FreeSslCtx>;
// make_context makes what a TlsSetup describes; it aborts when attach() refuses.
[[nodiscard]] SslCtx make_context(Role role, const TlsSetup& setup);

// TlsEnd is one end, over a socket that it owns.
class TlsEnd {
 public:
  enum class Step : std::uint8_t { done, io, credential, failed };

  TlsEnd(Role role, SSL_CTX* ctx, int fd, const TlsSetup& setup);
  ~TlsEnd();
  TlsEnd(const TlsEnd&) = delete;
  TlsEnd& operator=(const TlsEnd&) = delete;

  Step step();  // goes on with the handshake
  [[nodiscard]] SSL* ssl() const;
  [[nodiscard]] openssl::Connection* connection() { return connection_ ? &*connection_ : nullptr; }
  [[nodiscard]] int credential_fd() const;
  // give_up frees the SSL now, as ~TlsEnd does.
  void give_up();

  [[nodiscard]] bool done() const { return done_; }
  // error is the local reason; a plain end's is tls_failed with OpenSSL's words.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] std::optional<SessionReport> report() const;
  std::optional<int> alert_sent, alert_received;
  // read_last is the type of the handshake message that was read last: where a refusal happened.
  std::optional<MessageType> read_last;
  static void on_message(int sent, int version, int type, const void* data, size_t length, SSL* ssl,
                         void* arg);

  // sends and receives go around everything that could keep them from it: straight to SSL_write and
  // SSL_read. received() returns what SSL_read hands out until it has no more.
  bool send(const std::string& text);
  void start_over();
  std::string received();

 private:
  Step settle(int result);

  Role role_;
  int fd_;
  bool attached_;
  std::optional<openssl::Connection> connection_;
  SSL* ssl_ = nullptr;  // when not in a Connection
  bool done_ = false;
  std::optional<Error> error_;
};

class TlsPair {
 public:
  // `mitm`, when there is one, is on the way, and outlives the pair.
  TlsPair(const TlsSetup& client, const TlsSetup& server, TlsMitm* mitm = nullptr);

  // run drives both ends until neither can go on without a credential, or is done, or has failed,
  // and lets each read the other's last alert.
  void run();
  // run_until_settled waits for credentials, too.
  void run_until_settled();
  [[nodiscard]] bool established() const { return client->done() && server->done(); }
  // start_over clears both SSLs, which an application drives, for another handshake.
  void start_over();
  // leak passes application data in both directions by force, and returns what came out.
  std::string leak();
  // pump lets the attacker pass on what lies there; nothing to do without one.
  void pump();

  SslCtx client_context, server_context;
  std::unique_ptr<TlsEnd> client, server;

 private:
  TlsMitm* mitm_;
};

}  // namespace seatls::fake
