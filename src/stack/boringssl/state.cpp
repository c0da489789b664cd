#include "stack/boringssl/state.h"

#include <algorithm>
#include <exception>
#include <string>

#include "crypto/x509.h"

namespace seatls::boringssl {
namespace {

namespace action = early::action;

int index() {
  static const int value = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return value;
}

// call runs code of the application's. Nothing that it throws goes further.
template <class T, class Work>
void call(const std::shared_ptr<Answer<T>>& answer, Work work) {
  try {
    work();
  } catch (const std::exception& e) {
    answer->put(Error{Code::internal, std::string("an exception came out: ") + e.what(), {}});
  } catch (...) {
    answer->put(Error{Code::internal, "an exception came out", {}});
  }
}

}  // namespace

State::State(std::shared_ptr<const Context::Impl> context, std::string server_name,
             std::function<void()> on_credential)
    : context_(std::move(context)),
      server_name_(std::move(server_name)),
      on_credential_(std::move(on_credential)),
      transport_(context_->settings.carrier),
      endpoint_(context_->config, *this) {}

State& State::of(const SSL* ssl) { return *static_cast<State*>(SSL_get_ex_data(ssl, index())); }

Result<void> State::adopt(SSL* ssl) {
  ssl_ = ssl;
  if (SSL_set_ex_data(ssl, index(), this) != 1) return Error{Code::crypto, "SSL_set_ex_data failed", {}};
  return {};
}

std::uint8_t State::refuse(Error error) {
  if (!failure_) failure_ = std::move(error);
  report_.reset();
  return config().alerts.number(alert(failure_->code), config().role);
}

void State::note(Error error) {
  if (!failure_ && !report_) failure_ = std::move(error);
}

void State::hellos_done(ByteView hash) {
  hellos_.assign(hash.begin(), hash.end());
  // A server that asked for a cookie comes here only with the second ClientHello, which had it.
  transport_.prove_address();
}

void State::receive_entry(std::size_t entry, ByteView certificate, std::optional<Bytes> extension) {
  if (entry == 0) {
    Result<Spki> key = crypto::spki_of_certificate(certificate);
    // A certificate that BoringSSL reads and we cannot: an empty key matches nothing.
    peer_ = early::PeerCertificate{key ? std::move(key).value() : Spki({}), std::move(extension), false};
  } else if (extension && peer_) {
    peer_->extension_elsewhere = true;
  }
}

std::optional<stack::Action> State::prepare_certificate(ByteView certificate) {
  constexpr const char* place = "own Certificate > remoteAttestation";
  stack::Action next = action::OmitExtension{};
  if (!std::exchange(own_told_, true)) {
    Result<Spki> key = crypto::spki_of_certificate(certificate);
    if (!key) return action::Refuse{std::move(key).error()};
    next = endpoint_.certificate_needed(std::move(key).value());
    if (auto* attest = std::get_if<action::Attest>(&next)) {
      attesting_ =
          std::make_shared<Answer<Cmw>>(context_->now() + config().credential_timeout, on_credential_);
      call(attesting_, [&, answer = attesting_] {
        config().attester->attest(attest->request,
                                  [answer](Result<Cmw> credential) { answer->put(std::move(credential)); });
      });
    }
  }
  if (attesting_) {
    auto credential = attesting_->take(context_->now());
    if (!credential) return std::nullopt;
    attesting_.reset();
    if (!*credential && credential->error().code == Code::timed_out)
      return action::Refuse{std::move(*credential).error().in(place)};
    next = endpoint_.answer(std::move(*credential));
  }
  if (auto* send = std::get_if<action::SendExtension>(&next)) own_extension_ = std::move(send->body);
  return next;
}

std::optional<stack::Action> State::judge_certificate() {
  constexpr const char* place = "Certificate > remoteAttestation";
  stack::Action next = action::Proceed{};
  if (!std::exchange(peer_told_, true)) {
    if (!peer_) return action::Refuse{{Code::internal, "a certificate to judge, and none was seen", {}}};
    endpoint_.certificate_begins();
    next = endpoint_.certificate_received(*peer_, channel());
    if (auto* appraise = std::get_if<action::Appraise>(&next)) {
      appraising_ = std::make_shared<Answer<AttestationResult>>(context_->now() + config().credential_timeout,
                                                                on_credential_);
      call(appraising_, [&, answer = appraising_] {
        config().require->verifier->appraise(
            std::move(appraise->request),
            [answer](Result<AttestationResult> result) { answer->put(std::move(result)); });
      });
    }
  }
  if (!appraising_) return next;
  auto result = appraising_->take(context_->now());
  if (!result) return std::nullopt;
  appraising_.reset();
  if (!*result && result->error().code == Code::timed_out)
    return action::Refuse{std::move(*result).error().in(place)};
  next = endpoint_.answer(std::move(*result));
  credential_accepted_ = std::holds_alternative<action::Proceed>(next);
  return next;
}

std::optional<Clock::time_point> State::credential_deadline() const {
  if (attesting_) return attesting_->deadline();
  if (appraising_) return appraising_->deadline();
  return std::nullopt;
}

Result<early::Channel> State::channel() const {
  for (const Hash hash : {Hash::sha256, Hash::sha384})
    if (hellos_.size() == size(hash)) return early::Channel{hash, hellos_, SSL_is_dtls(ssl_) == 1};
  return Error{Code::internal, "the hash of ClientHello..ServerHello is not there", {}};
}

std::optional<Spki> State::peer_key() const {
  if (!peer_) return std::nullopt;
  return peer_->spki;
}

Result<HandshakeFinished> State::finished() const {
  const int version = SSL_version(ssl_);
  if (version != TLS1_3_VERSION && version != DTLS1_3_VERSION) {
    return Error{Code::protocol_version, std::string("the connection is ") + SSL_get_version(ssl_), {}};
  }
  if (SSL_in_init(ssl_) == 1) return Error{Code::internal, "the handshake has not ended", {}};
  return stack::FinishedMint::mint(pki_name_.has_value(), pki_name_.value_or(""));
}

}  // namespace seatls::boringssl
