// State: one SSL on an attached context, and what the protocol may ask about it.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "binder/transcript.h"
#include "seatls/error.h"
#include "seatls/session.h"
#include "stack/endpoint.h"
#include "stack/openssl/context.h"

namespace seatls::openssl {

class State final : public stack::Port {
 public:
  // of returns the state of `ssl`, made on first contact; null when nothing is attached.
  [[nodiscard]] static State* of(SSL* ssl);
  [[nodiscard]] static State* find(const SSL* ssl);

  State(SSL* ssl, std::shared_ptr<Context> context);

  [[nodiscard]] SSL* ssl() const { return ssl_; }
  [[nodiscard]] const Context& context() const { return *context_; }
  [[nodiscard]] Worker& worker() const { return context_->worker; }
  [[nodiscard]] const Config& config() const { return *context_->config; }
  [[nodiscard]] const Chained& chained() const { return chained_; }

  // begin prepares for a handshake: fresh protocol state, and our hooks in front of whatever
  // callbacks the application has set on the SSL since.
  void begin();
  // follow_context is for servers: SSL_set_SSL_CTX, in a server name callback, may have changed it.
  void follow_context();
  // keep_hooks puts ours in front again, where the application has set its own during the handshake.
  void keep_hooks();
  [[nodiscard]] const std::shared_ptr<stack::Endpoint>& endpoint();
  [[nodiscard]] binder::Transcript& transcript() { return transcript_; }

  // refuse keeps the first error, leaves it on OpenSSL's error queue too, and returns the alert.
  int refuse(Error error);
  // note keeps an error that OpenSSL refused the connection for by itself.
  void note(Error error);
  // drop_endpoint is for a thread that still works with the Endpoint: nothing here touches it again.
  void drop_endpoint() { endpoint_.reset(); }
  void complete(SessionReport report) { report_ = std::move(report); }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  [[nodiscard]] const std::optional<SessionReport>& report() const { return report_; }
  [[nodiscard]] bool over() const { return failure_ || report_; }

  // The peer's credential was appraised, and accepted.
  void accept_credential() { credential_accepted_ = true; }
  [[nodiscard]] bool credential_accepted() const { return credential_accepted_; }
  // note_chain_error keeps the first error of the peer's certificate chain or name, also one that
  // somebody then lets pass: what was let pass is not verified.
  void note_chain_error(int x509_error);
  // name_expected tells whether the peer's certificate is compared with a name. A server needs none.
  [[nodiscard]] bool name_expected() const;

  // A Connection drives this SSL, and runs work that does not fit a job's stack.
  void drive() { driven_ = true; }
  [[nodiscard]] bool driven() const { return driven_; }
  void park(std::function<void()> work) { parked_ = std::move(work); }
  [[nodiscard]] std::function<void()> take_parked() { return std::exchange(parked_, nullptr); }

  // drop_ticket has a client forget a ticket that has come on a connection which is, or may be, attested.
  void drop_ticket() const;

  // Port
  [[nodiscard]] bool can_authenticate() const override;
  [[nodiscard]] bool offers_psk() const override;
  [[nodiscard]] bool resumed() const override;
  [[nodiscard]] Result<early::Channel> channel() const override;
  [[nodiscard]] std::optional<Spki> own_key() const override;
  [[nodiscard]] std::optional<Spki> peer_key() const override;
  [[nodiscard]] bool early_data_accepted() const override;
  [[nodiscard]] Result<HandshakeFinished> finished() const override;

 private:
  void hook();
  [[nodiscard]] bool pki_verified() const;

  SSL* const ssl_;
  std::shared_ptr<Context> context_;
  const SSL_CTX* followed_ = nullptr;  // compared only
  Chained chained_;

  // Of one handshake: begin() starts them anew.
  binder::Transcript transcript_;
  std::shared_ptr<stack::Endpoint> endpoint_;
  std::optional<Error> failure_;
  std::optional<SessionReport> report_;
  int chain_error_ = X509_V_OK;
  bool credential_accepted_ = false;

  bool driven_ = false;
  std::function<void()> parked_;
};

// peer_finished tells whether the peer's Finished was verified; in callbacks, too.
[[nodiscard]] bool peer_finished(const SSL* ssl);

// alpn_of is the protocol that was negotiated, or nothing.
[[nodiscard]] std::string_view alpn_of(const SSL* ssl);
// carries_channel tells whether seatls/1 was negotiated: either side may ask for attestation later.
[[nodiscard]] bool carries_channel(const SSL* ssl);

// spki_of returns the key of `certificate` as it is encoded there. Errors: malformed.
[[nodiscard]] Result<Spki> spki_of(X509* certificate);

}  // namespace seatls::openssl
