// State: one SSL, and what the protocol may ask about it.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "early/events.h"
#include "seatls/error.h"
#include "seatls/session.h"
#include "stack/boringssl/context.h"
#include "stack/boringssl/transport.h"
#include "stack/endpoint.h"

namespace seatls::boringssl {

using Clock = std::chrono::steady_clock;

// Answer is one value that an attester or a verifier hands in, from any thread. The first counts.
template <class T>
class Answer {
 public:
  Answer(Clock::time_point deadline, std::function<void()> on_put)
      : deadline_(deadline), on_put_(std::move(on_put)) {}

  void put(Result<T> value) {
    {
      const std::lock_guard lock(mutex_);
      if (value_ || taken_) return;
      value_.emplace(std::move(value));
    }
    if (on_put_) on_put_();
  }
  // take returns the answer once it is there; after the deadline, timed_out.
  std::optional<Result<T>> take(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (!value_ && now >= deadline_)
      value_.emplace(Error{Code::timed_out, "no answer within the time limit", {}});
    if (!value_) return std::nullopt;
    taken_ = true;
    return std::exchange(value_, std::nullopt);
  }
  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }

 private:
  std::mutex mutex_;
  std::optional<Result<T>> value_;
  bool taken_ = false;
  const Clock::time_point deadline_;
  const std::function<void()> on_put_;
};

class State final : public stack::Port {
 public:
  State(std::shared_ptr<const Context::Impl> context, std::string server_name,
        std::function<void()> on_credential);

  // of returns the state of an SSL that a Connection has made.
  [[nodiscard]] static State& of(const SSL* ssl);
  [[nodiscard]] Result<void> adopt(SSL* ssl);  // before anything else is asked

  [[nodiscard]] SSL* ssl() const { return ssl_; }
  [[nodiscard]] Transport& transport() { return transport_; }
  [[nodiscard]] const Transport& transport() const { return transport_; }
  [[nodiscard]] const Context::Impl& context() const { return *context_; }
  [[nodiscard]] const Config& config() const { return *context_->config; }
  [[nodiscard]] const std::string& server_name() const { return server_name_; }
  [[nodiscard]] stack::Endpoint& endpoint() { return endpoint_; }

  // refuse keeps the first error, and returns the alert.
  std::uint8_t refuse(Error error);
  // note keeps an error that BoringSSL refused the connection for by itself.
  void note(Error error);
  void complete(SessionReport report) { report_ = std::move(report); }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  [[nodiscard]] const std::optional<SessionReport>& report() const { return report_; }

  // What the hooks see and leave.
  void hellos_done(ByteView hash);
  [[nodiscard]] const Bytes& keep(Bytes body) { return written_ = std::move(body); }
  void receive_entry(std::size_t entry, ByteView certificate, std::optional<Bytes> extension);

  // prepare_certificate makes the own credential: nothing while an attester is still at work.
  [[nodiscard]] std::optional<stack::Action> prepare_certificate(ByteView certificate);
  [[nodiscard]] const std::optional<Bytes>& own_extension() const { return own_extension_; }
  // judge_certificate has the peer's credential appraised: nothing while a verifier is still at work.
  [[nodiscard]] std::optional<stack::Action> judge_certificate();
  [[nodiscard]] bool credential_accepted() const { return credential_accepted_; }
  [[nodiscard]] std::optional<Clock::time_point> credential_deadline() const;

  void pki_verified(std::string name) { pki_name_ = std::move(name); }

  // Port
  [[nodiscard]] bool can_authenticate() const override { return context_->own_key.has_value(); }
  [[nodiscard]] bool offers_psk() const override { return false; }
  [[nodiscard]] bool resumed() const override { return SSL_session_reused(ssl_) == 1; }
  [[nodiscard]] Result<early::Channel> channel() const override;
  [[nodiscard]] std::optional<Spki> own_key() const override { return context_->own_key; }
  [[nodiscard]] std::optional<Spki> peer_key() const override;
  [[nodiscard]] bool early_data_accepted() const override { return SSL_early_data_accepted(ssl_) == 1; }
  [[nodiscard]] Result<HandshakeFinished> finished() const override;

 private:
  SSL* ssl_ = nullptr;  // owned by the Connection
  const std::shared_ptr<const Context::Impl> context_;
  const std::string server_name_;
  const std::function<void()> on_credential_;
  Transport transport_;
  stack::Endpoint endpoint_;

  std::optional<early::PeerCertificate> peer_;  // what of it was received so far
  bool peer_told_ = false, credential_accepted_ = false;
  std::optional<std::string> pki_name_;  // set: the chain and, on a client, the name verify
  Bytes hellos_;
  Bytes written_;
  std::optional<Bytes> own_extension_;
  bool own_told_ = false;

  std::shared_ptr<Answer<Cmw>> attesting_;
  std::shared_ptr<Answer<AttestationResult>> appraising_;
  std::optional<Error> failure_;
  std::optional<SessionReport> report_;
};

}  // namespace seatls::boringssl
