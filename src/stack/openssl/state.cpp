#include "stack/openssl/state.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <string>

#include "crypto/x509.h"
#include "stack/openssl/last_line.h"
#include "stack/openssl/verify.h"
#include "wire/frame.h"

namespace seatls::openssl {
namespace {

void free_state(void*, void* state, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<State*>(state); }

// SSL_dup must not make two owners: the copy starts without a state.
int dup_state(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** state, int, long, void*) {
  *state = nullptr;
  return 1;
}

int index() {
  static const int value = SSL_get_ex_new_index(0, nullptr, nullptr, dup_state, free_state);
  return value;
}

Result<Hash> hash_of(const SSL_CIPHER* cipher) {
  const EVP_MD* md = cipher != nullptr ? SSL_CIPHER_get_handshake_digest(cipher) : nullptr;
  switch (md != nullptr ? EVP_MD_get_type(md) : NID_undef) {
    case NID_sha256: return Hash::sha256;
    case NID_sha384: return Hash::sha384;
    default: return Error{Code::internal, "the cipher suite's hash is neither SHA-256 nor SHA-384", {}};
  }
}

std::string subject_of(X509* certificate) {
  BIO* out = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long length = BIO_get_mem_data(out, &text);
  std::string name(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  BIO_free(out);
  return name;
}

// A client's peer is named by what it was asked to be; a server's by its certificate.
std::string verified_name(const SSL* ssl) {
  if (SSL_is_server(ssl) == 1) {
    X509* peer = SSL_get0_peer_certificate(ssl);
    return peer != nullptr ? subject_of(peer) : std::string();
  }
  X509_VERIFY_PARAM* param = SSL_get0_param(const_cast<SSL*>(ssl));
  if (X509_VERIFY_PARAM_get0_host(param, 1) != nullptr) {  // one of several
    const char* matched = SSL_get0_peername(const_cast<SSL*>(ssl));
    return matched != nullptr ? matched : "";
  }
  if (const char* host = X509_VERIFY_PARAM_get0_host(param, 0)) return host;
  char* address = X509_VERIFY_PARAM_get1_ip_asc(param);
  std::string name = address != nullptr ? address : "";
  OPENSSL_free(address);
  return name;
}

std::optional<Spki> key_of(X509* certificate) {
  if (certificate == nullptr) return std::nullopt;
  Result<Spki> spki = spki_of(certificate);
  // A certificate that OpenSSL read and we cannot: an empty key matches nothing.
  return spki ? std::move(spki).value() : Spki({});
}

}  // namespace

State* State::find(const SSL* ssl) { return static_cast<State*>(SSL_get_ex_data(ssl, index())); }

State* State::of(SSL* ssl) {
  if (State* state = find(ssl)) return state;
  const Attachment* attached = Attachment::of(SSL_get_SSL_CTX(ssl));
  if (attached == nullptr || !attached->holds(role_of(ssl))) return nullptr;
  auto state = std::make_unique<State>(ssl, attached->holds(role_of(ssl)));
  if (SSL_set_ex_data(ssl, index(), state.get()) != 1) return nullptr;
  state->begin();
  return state.release();
}

State::State(SSL* ssl, std::shared_ptr<Context> context)
    : ssl_(ssl), context_(std::move(context)), chained_(context_->chained) {}

void State::begin() {
  if (role_of(ssl_) != config().role) {
    const Attachment* attached = Attachment::of(SSL_get_SSL_CTX(ssl_));
    if (attached != nullptr && attached->holds(role_of(ssl_))) context_ = attached->holds(role_of(ssl_));
  }
  transcript_ = binder::Transcript();
  endpoint_.reset();
  failure_.reset();
  report_.reset();
  chain_error_ = X509_V_OK;
  credential_accepted_ = false;
  parked_ = nullptr;
  hook();
}

void State::hook() {
  InfoCallback info = SSL_get_info_callback(ssl_);
  if (info == nullptr) info = SSL_CTX_get_info_callback(SSL_get_SSL_CTX(ssl_));
  if (info != on_info) {
    chained_.info = info;
    SSL_set_info_callback(ssl_, on_info);
  }
  if (config().require) {
    if (SSL_get_verify_callback(ssl_) != on_verify) chained_.verify = SSL_get_verify_callback(ssl_);
    const int demanded = context_->verify_mode();
    int mode = SSL_get_verify_mode(ssl_) | demanded;
    if (demanded != 0) mode &= ~SSL_VERIFY_POST_HANDSHAKE;
    SSL_set_verify(ssl_, mode, on_verify);
  }
  // The application may have set its own minimum since. Where its maximum excludes TLS 1.3, nothing is left.
  if (SSL_set_min_proto_version(ssl_, TLS1_3_VERSION) != 1) SSL_set_options(ssl_, SSL_OP_NO_SSL_MASK);
  if (context_->full_handshakes_only()) {
    SSL_set_options(ssl_, SSL_OP_NO_TICKET);
    SSL_set_num_tickets(ssl_, 0);
    SSL_set_max_early_data(ssl_, 0);
    SSL_set_psk_use_session_callback(ssl_, nullptr);
    SSL_set_psk_find_session_callback(ssl_, nullptr);
    SSL_set_psk_client_callback(ssl_, nullptr);
    SSL_set_psk_server_callback(ssl_, nullptr);
  }
}

void State::follow_context() {
  if (followed_ == SSL_get_SSL_CTX(ssl_)) return;
  followed_ = SSL_get_SSL_CTX(ssl_);
  const Attachment* attached = Attachment::of(followed_);
  const auto current = attached != nullptr ? attached->holds(role_of(ssl_)) : nullptr;
  // A context without attestation does not lift what the first one demands.
  if (!current || current == context_ || !endpoint_) return;
  context_ = current;
  chained_.message = context_->chained.message;
  endpoint_->use(context_->config);
  hook();
}

void State::keep_hooks() {
  if (!over() && config().require && SSL_get_verify_callback(ssl_) != on_verify) hook();
}

const std::shared_ptr<stack::Endpoint>& State::endpoint() {
  if (!endpoint_) endpoint_ = std::make_shared<stack::Endpoint>(context_->config, *this);
  return endpoint_;
}

int State::refuse(Error error) {
  if (!failure_) failure_ = std::move(error);
  report_.reset();
  ERR_raise_data(ERR_LIB_SSL, SSL_R_CALLBACK_FAILED, "seatls: %s: %s",
                 std::string(name(failure_->code)).c_str(), failure_->message().c_str());
  return config().alerts.number(alert(failure_->code), config().role);
}

void State::note(Error error) {
  if (!over()) failure_ = std::move(error);
}

void State::note_chain_error(int x509_error) {
  if (chain_error_ == X509_V_OK) chain_error_ = x509_error;
}

bool State::pki_verified() const {
  return !resumed() && chain_error_ == X509_V_OK && SSL_get0_peer_certificate(ssl_) != nullptr &&
         SSL_get_verify_result(ssl_) == X509_V_OK && name_expected();
}

bool State::name_expected() const {
  if (SSL_is_server(ssl_) == 1) return true;
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl_);
  if (X509_VERIFY_PARAM_get0_host(param, 0) != nullptr) return true;
  char* address = X509_VERIFY_PARAM_get1_ip_asc(param);
  OPENSSL_free(address);
  return address != nullptr;
}

//= expat#no-tickets
void State::drop_ticket() const {
  if (SSL_is_server(ssl_) == 1 || !(carries_channel(ssl_) || context_->full_handshakes_only())) return;
  SSL_SESSION* session = SSL_get_session(ssl_);
  // What is marked as removed is never offered, nor kept, whoever else holds it.
  if (session != nullptr && SSL_SESSION_is_resumable(session) == 1)
    SSL_CTX_remove_session(SSL_get_SSL_CTX(ssl_), session);
}

bool State::can_authenticate() const {
  if (SSL_get_certificate(ssl_) != nullptr && SSL_get_privatekey(ssl_) != nullptr) return true;
  return SSL_CTX_get_client_cert_cb(SSL_get_SSL_CTX(ssl_)) != nullptr;
}

bool State::offers_psk() const {
  const SSL_SESSION* session = SSL_get_session(ssl_);
  return session != nullptr && SSL_SESSION_is_resumable(session) == 1;
}

bool State::resumed() const { return SSL_session_reused(ssl_) == 1; }

Result<early::Channel> State::channel() const {
  const SSL_CIPHER* pending = SSL_get_pending_cipher(ssl_);
  SEATLS_TRY(const Hash hash, hash_of(pending != nullptr ? pending : SSL_get_current_cipher(ssl_)));
  SEATLS_TRY(Bytes transcript_hash, transcript_.hash(hash));
  return early::Channel{hash, std::move(transcript_hash), false};
}

std::optional<Spki> State::own_key() const { return key_of(SSL_get_certificate(ssl_)); }

std::optional<Spki> State::peer_key() const { return key_of(SSL_get0_peer_certificate(ssl_)); }

bool State::early_data_accepted() const { return SSL_get_early_data_status(ssl_) == SSL_EARLY_DATA_ACCEPTED; }

Result<HandshakeFinished> State::finished() const {
  if (SSL_version(ssl_) != TLS1_3_VERSION) {
    return Error{Code::protocol_version, std::string("the connection is ") + SSL_get_version(ssl_), {}};
  }
  if (!peer_finished(ssl_)) return Error{Code::internal, "the handshake has not ended", {}};
  const bool pki = pki_verified();
  return stack::FinishedMint::mint(pki, pki ? verified_name(ssl_) : std::string());
}

bool peer_finished(const SSL* ssl) {
  // A server finishes on its way to the tickets, if it writes any.
  const OSSL_HANDSHAKE_STATE at = SSL_get_state(ssl);
  if (SSL_in_init(ssl) == 1 || (at != TLS_ST_OK && at != TLS_ST_SW_SESSION_TICKET)) return false;
  unsigned char first = 0;
  return SSL_get_peer_finished(ssl, &first, 1) > 0;
}

std::string_view alpn_of(const SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

bool carries_channel(const SSL* ssl) { return alpn_of(ssl) == wire::seatls_1_alpn; }

Result<Spki> spki_of(X509* certificate) {
  unsigned char* der = nullptr;
  // The certificate body is kept as it was received; i2d_X509 writes those bytes.
  const int length = i2d_X509(certificate, &der);
  if (length <= 0) return Error{Code::malformed, "i2d_X509 failed", "Certificate"};
  Result<Spki> spki = crypto::spki_of_certificate({der, static_cast<std::size_t>(length)});
  OPENSSL_free(der);
  return spki;
}

}  // namespace seatls::openssl
