#include "stack/boringssl/verify.h"

#include <arpa/inet.h>
#include <openssl/pool.h>
#include <openssl/x509.h>

#include <array>
#include <string>
#include <utility>

#include "crypto/x509.h"
#include "stack/boringssl/state.h"

namespace seatls::boringssl {
namespace {

namespace action = early::action;

// Nobody vouches for the certificate: what evidence may make good for. A certificate that is expired
// or weak stays refused.
bool evidence_may_stand_in(int error) {
  switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return true;
    default: return false;
  }
}

// Judgement is what the callback of one chain's verification knows and learns.
struct Judgement {
  bool evidence_vouches = false;
  int first_error = X509_V_OK;  // also one that evidence then makes good for
};

int index() {
  static const int value = X509_STORE_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return value;
}

int on_certificate(int ok, X509_STORE_CTX* store) {
  if (ok != 0) return ok;
  auto* judgement = static_cast<Judgement*>(X509_STORE_CTX_get_ex_data(store, index()));
  const int error = X509_STORE_CTX_get_error(store);
  if (judgement->first_error == X509_V_OK) judgement->first_error = error;
  return judgement->evidence_vouches && evidence_may_stand_in(error) ? 1 : 0;
}

bool expect_name(X509_VERIFY_PARAM* param, const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  if (inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
      inet_pton(AF_INET6, name.c_str(), address.data()) == 1) {
    return X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1;
  }
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size()) == 1;
}

Error rejected(std::string why) { return {Code::identity_rejected, std::move(why), "Certificate"}; }

bssl::UniquePtr<STACK_OF(X509)> parse(const STACK_OF(CRYPTO_BUFFER) * received) {
  bssl::UniquePtr<STACK_OF(X509)> chain(sk_X509_new_null());
  for (std::size_t i = 0; chain && i < sk_CRYPTO_BUFFER_num(received); ++i) {
    bssl::UniquePtr<X509> certificate(X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(received, i)));
    if (!certificate || !bssl::PushToStack(chain.get(), std::move(certificate))) return nullptr;
  }
  return chain;
}

// verify_chain returns no error where the identity rule is content. *alert is BoringSSL's for the reason.
std::optional<Error> verify_chain(State& state, std::uint8_t* alert) {
  *alert = SSL_AD_BAD_CERTIFICATE;
  const STACK_OF(CRYPTO_BUFFER)* received = SSL_get0_peer_certificates(state.ssl());
  if (received == nullptr || sk_CRYPTO_BUFFER_num(received) == 0) return rejected("no certificate");
  const auto chain = parse(received);
  if (!chain) return rejected("a certificate of the chain cannot be parsed");
  const bool client = state.config().role == Role::client;
  const std::string& name = state.server_name();

  Judgement judgement;
  judgement.evidence_vouches = state.config().require &&
                               state.config().require->identity == IdentityRule::attested_key &&
                               state.credential_accepted();
  const bssl::UniquePtr<X509_STORE_CTX> store(X509_STORE_CTX_new());
  X509* leaf = sk_X509_value(chain.get(), 0);
  if (!store ||
      X509_STORE_CTX_init(store.get(), SSL_CTX_get_cert_store(state.context().ctx.get()), leaf,
                          chain.get()) != 1 ||
      X509_STORE_CTX_set_default(store.get(), client ? "ssl_server" : "ssl_client") != 1 ||
      X509_STORE_CTX_set_ex_data(store.get(), index(), &judgement) != 1 ||
      (client && !name.empty() && !expect_name(X509_STORE_CTX_get0_param(store.get()), name))) {
    *alert = SSL_AD_INTERNAL_ERROR;
    return Error{Code::crypto, "the chain's verification cannot be set up", "Certificate"};
  }
  X509_STORE_CTX_set_verify_cb(store.get(), on_certificate);
  if (X509_verify_cert(store.get()) != 1) {
    const int error = X509_STORE_CTX_get_error(store.get());
    *alert = static_cast<std::uint8_t>(SSL_alert_from_verify_result(error));
    return rejected(std::string(X509_verify_cert_error_string(error)) + " at depth " +
                    std::to_string(X509_STORE_CTX_get_error_depth(store.get())));
  }
  if (judgement.first_error != X509_V_OK || (client && name.empty())) {
    // Only attested_key gets here: create() demands a name of every other client.
    return judgement.evidence_vouches ? std::nullopt : std::optional(rejected("no name to compare it with"));
  }
  if (client) {
    state.pki_verified(name);
  } else {
    const CRYPTO_BUFFER* first = sk_CRYPTO_BUFFER_value(received, 0);
    const auto own = crypto::Certificate::from_der({CRYPTO_BUFFER_data(first), CRYPTO_BUFFER_len(first)});
    if (!own) return rejected("the certificate cannot be parsed");
    state.pki_verified(own->subject());
  }
  return std::nullopt;
}

}  // namespace

ssl_verify_result_t on_verify(SSL* ssl, std::uint8_t* alert) {
  *alert = SSL_AD_INTERNAL_ERROR;
  State& state = State::of(ssl);
  if (state.failure()) return ssl_verify_invalid;
  auto next = state.judge_certificate();
  if (!next) return ssl_verify_retry;
  if (auto* refuse = std::get_if<action::Refuse>(&*next)) {
    *alert = state.refuse(std::move(refuse->error));
    return ssl_verify_invalid;
  }
  if (auto error = verify_chain(state, alert)) {
    std::ignore = state.refuse(std::move(*error));
    return ssl_verify_invalid;
  }
  return ssl_verify_ok;
}

}  // namespace seatls::boringssl
