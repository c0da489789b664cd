// seatls over OpenSSL 3: the only header that knows of it, and then by two forward declarations.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/exported.h"
#include "seatls/post_handshake.h"
#include "seatls/session.h"
#include "seatls/signer.h"

struct ssl_ctx_st;
struct ssl_st;
struct evp_pkey_st;

namespace seatls::openssl {

// AttachOptions holds what attach() cannot find out from the context.
struct AttachOptions {
  // The application's own message callback (SSL_CTX_set_msg_callback): OpenSSL has no getter for it.
  // It is called after ours, with the argument that the application sets as usual.
  void (*message_callback)(int sent, int version, int content_type, const void* data, std::size_t length,
                           ssl_st* ssl, void* arg) = nullptr;
};

// attach makes every TLS connection of `ctx` attested as `config` says: it adds the extension, pins
// TLS 1.3, and turns tickets, PSKs and early data off where attestation is required. Call it once,
// before the first SSL_new. Timings `post` and `hybrid` need a Connection each: an SSL that the application
// drives itself is refused at the end of its handshake. Errors: configuration, binder_too_long, misuse.
//
// Where something is demanded of the peer its certificate is verified, whatever mode is set. Verify
// and info callbacks of the application, of the context or of an SSL, go on being called; a verify
// callback that lets an error of the chain pass does not make the peer verified. Message callbacks
// and SSL_CTX_set_cert_verify_callback cannot be chained that way: see AttachOptions, and do without
// the latter. An SSL whose hooks were taken away fails closed.
[[nodiscard]] Result<void> attach(ssl_ctx_st* ctx, Config config, AttachOptions options = {});

// report returns what is known of the peer, or why the connection was refused. Errors: not_attested
// while the handshake is still under way; the precise reason after a refusal.
[[nodiscard]] Result<SessionReport> report(const ssl_st* ssl);

// abandon ends a handshake that waits for a credential, before SSL_free. Call it on the thread that
// drove the handshake: freeing the SSL alone leaks what is on the stack of its ASYNC job. Nothing
// more is written to the transport. Does nothing when no handshake waits. Connection does it by itself.
void abandon(ssl_st* ssl);

// external_key wraps a Signer as an EVP_PKEY that a certificate can be used with: P-256 with SHA-256,
// or P-384 with SHA-384. A signature that takes longer than `limit` fails its handshake. The caller
// owns the returned reference (EVP_PKEY_free). Errors: configuration.
[[nodiscard]] Result<evp_pkey_st*> external_key(std::shared_ptr<Signer> signer,
                                                std::chrono::milliseconds limit = std::chrono::seconds(10));

// Connection drives one non-blocking connection on an attached context. Application data passes only
// once the peer is what the configuration demands.
//
// An application may as well drive its SSL itself. With SSL_MODE_ASYNC its calls return
// SSL_ERROR_WANT_ASYNC while evidence is made or appraised (see abandon); without, they wait.
//
// A connection that has begun its handshake stays on its thread until that is done.
class Connection {
 public:
  enum class Want : std::uint8_t {
    nothing,     // done
    read,        // wait until the transport can be read
    write,       // wait until the transport can be written
    credential,  // wait until credential_fd() can be read: a slow TPM, a slow verifier
  };

  // create takes ownership of neither the context nor `fd`, a connected non-blocking socket. The
  // role is the config's. `server_name` (client): SNI and the name that the certificate must have. A peer
  // that is gone is an error, never a SIGPIPE; an SSL that the application drives itself has OpenSSL's own
  // socket BIO, which raises it.
  [[nodiscard]] static Result<Connection> create(ssl_ctx_st* ctx, int fd,
                                                 const std::string& server_name = "");
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // handshake goes on as far as it can without waiting. Want::nothing: the handshake is verified,
  // the peer is what the configuration demands, report() has it. The credential timeout of the
  // configuration makes credential_fd() readable, too. Errors: the precise reason of a refusal.
  [[nodiscard]] Result<Want> handshake();
  // read returns the bytes read; 0 with *want set when it must wait. Error closed: the peer closed.
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> into, Want* want);
  [[nodiscard]] Result<std::size_t> write(ByteView from, Want* want);
  // shutdown sends close_notify, once.
  void shutdown();

  // post_setup returns what attestation after the handshake starts from: this connection's exporter,
  // proof, keys and certificate. Its exporter refers to the connection, which outlives it. With timing
  // `post` or `hybrid` read() and write() refuse (not_attested) until it was called: from then on it is the
  // caller who holds application data back, as Channel does. Errors: not_attested before the handshake is
  // done.
  [[nodiscard]] Result<post::Setup> post_setup();
  // verify_identity validates the chain of an authenticator anew, as the handshake did. Not verified is no
  // error: whether that is enough is the identity rule's to say. Errors: identity_rejected for another
  // certificate than the handshake's, malformed.
  [[nodiscard]] Result<post::event::IdentityVerified::Identity> verify_identity(
      const exported::CertificateChain& chain) const;
  // sign has this endpoint's key sign an authenticator, on a thread of the context's: the key may be slow.
  // `done` is called once, on that thread, with what PreparedAuthenticator::finish takes.
  void sign(exported::PreparedAuthenticator authenticator, std::function<void(Result<Bytes>)> done);
  [[nodiscard]] std::string alpn() const;  // that was negotiated, or ""

  [[nodiscard]] int credential_fd() const;            // while handshake() wants it, else -1
  [[nodiscard]] const SessionReport& report() const;  // after handshake() gave Want::nothing
  [[nodiscard]] ssl_st* native() const;

 private:
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seatls::openssl
