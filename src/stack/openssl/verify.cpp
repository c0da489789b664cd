#include "stack/openssl/verify.h"

#include <openssl/x509_vfy.h>

#include <string>
#include <utility>

#include "stack/openssl/state.h"

namespace seatls::openssl {
namespace {

namespace action = early::action;

// Every error but the last is sent as an alert of its own; this one as handshake_failure.
int refuse(State& state, X509_STORE_CTX* store, Error error) {
  std::ignore = state.refuse(std::move(error));
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

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

// tell_certificate comes first: a Certificate with the extension was told when that was parsed, so
// one that was not told by now has none.
std::optional<Error> tell_certificate(State& state, X509_STORE_CTX* store) {
  stack::Endpoint& endpoint = *state.endpoint();
  if (endpoint.certificate_was_received()) return endpoint.failure();
  Result<Spki> key = spki_of(X509_STORE_CTX_get0_cert(store));
  if (!key) return std::move(key).error();
  endpoint.certificate_begins();
  const stack::Action action =
      endpoint.certificate_received({std::move(key).value(), std::nullopt, false}, state.channel());
  if (const auto* refused = std::get_if<action::Refuse>(&action)) return refused->error;
  return std::nullopt;
}

// evidence_vouches: it was accepted, or it is asked for before any data passes.
bool evidence_vouches(const State& state) {
  const auto& require = state.config().require;
  return require && require->identity == IdentityRule::attested_key &&
         (state.credential_accepted() || require->timing == Timing::post);
}

std::string chain_error(X509_STORE_CTX* store, int error) {
  return std::string(X509_verify_cert_error_string(error)) + " at depth " +
         std::to_string(X509_STORE_CTX_get_error_depth(store));
}

}  // namespace

int on_verify(int ok, X509_STORE_CTX* store) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  State* state = State::of(ssl);
  if (state == nullptr) return ok;
  if (state->over()) {
    return refuse(
        *state, store,
        {Code::unexpected_message,
         "a certificate after the handshake (post-handshake authentication) is not attested", "Certificate"});
  }
  if (auto error = tell_certificate(*state, store)) return refuse(*state, store, std::move(*error));

  const int error = X509_STORE_CTX_get_error(store);
  if (ok == 0) state->note_chain_error(error);
  int verdict = state->chained().verify != nullptr ? state->chained().verify(ok, store) : ok;
  if (verdict == 0 && ok == 0 && evidence_vouches(*state) && evidence_may_stand_in(error)) verdict = 1;
  if (verdict == 0) {
    std::ignore = state->refuse({Code::identity_rejected, chain_error(store, error), "Certificate"});
    return 0;  // OpenSSL's own alert for `error`
  }
  const bool last = ok != 0 && X509_STORE_CTX_get_error_depth(store) == 0;
  if (last && !state->name_expected() && state->config().require->identity != IdentityRule::attested_key) {
    return refuse(*state, store,
                  {Code::identity_rejected, "no name to compare the certificate with; call SSL_set1_host",
                   "Certificate"});
  }
  return verdict;
}

}  // namespace seatls::openssl
