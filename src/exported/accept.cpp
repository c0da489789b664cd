// Authenticators, verified: RFC 9261, sections 5 to 7.
#include <algorithm>

#include "crypto/hash.h"
#include "crypto/x509.h"
#include "exported/messages.h"
#include "exported/signature_scheme.h"

namespace seatls::exported {
namespace {

std::string place(Role sender) { return std::string(role_name(sender)) + " authenticator"; }

Result<void> check_finished(const Connection& connection, ByteView finished_key,
                            const crypto::Hasher& transcript, ByteView verify_data) {
  if (verify_data.size() != size(connection.hash))
    return Error{Code::length_out_of_range,
                 "verify_data is " + std::to_string(verify_data.size()) + " bytes; it has " +
                     std::to_string(size(connection.hash)),
                 "Finished"};
  //= rfc9261#finished
  if (!constant_time_equal(crypto::hmac(connection.hash, finished_key, transcript.current()), verify_data))
    return Error{Code::finished_invalid, "", "Finished"};
  return {};
}

// The keys of a chain's certificates are read only once the Finished has verified.
Result<Spki> read_chain(const CertificateChain& chain) {
  std::optional<Spki> key;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    //= rfc9261#x509-only
    auto certificate = crypto::Certificate::from_der(chain[i].certificate);
    if (!certificate)
      return Error{Code::malformed, certificate.error().detail,
                   "Certificate > certificate_list[" + std::to_string(i) + "] > cert_data"};
    if (i == 0) key = certificate->spki();
  }
  return *key;
}

Result<void> check_scheme(SignatureScheme scheme, std::span<const SignatureScheme> offered) {
  const std::string path = "CertificateVerify > algorithm";
  //= rfc9261#signature-scheme-from-request
  if (std::ranges::find(offered, scheme) == offered.end())
    return Error{Code::unknown_value, name(scheme) + " was not asked for", path};
  //= rfc9261#signature-schemes-of-tls13
  if (!algorithm_of(scheme))
    return Error{Code::unknown_value, name(scheme) + " is no scheme that authenticators are signed with here",
                 path};
  return {};
}

Result<void> check_signature(const wire::CertificateVerify& verify, const Spki& key,
                             ByteView transcript_hash) {
  if (!goes_with(verify.algorithm, key))
    return Error{Code::unknown_value, name(verify.algorithm) + " does not go with the key of the certificate",
                 "CertificateVerify > algorithm"};
  SEATLS_TRY(const auto opened, crypto::PublicKey::from_spki(key.der()));
  if (auto good = opened.verify(*algorithm_of(verify.algorithm), to_be_signed(transcript_hash),
                                verify.signature, crypto::EcdsaForm::der, crypto::PssSalt::digest);
      !good)
    return Error{Code::certificate_verify_invalid, good.error().detail, "CertificateVerify > signature"};
  return {};
}

}  // namespace

class Checker {
 public:
  struct Terms {
    ByteView request;  // as encoded; empty for a spontaneous authenticator
    std::span<const SignatureScheme> schemes;
    std::span<const std::uint16_t> extensions;
  };

  static Result<VerifiedAuthenticator> check(const Connection& connection, const Terms& terms,
                                             AuthenticatorMessages::Full full, ByteView verify_data) {
    const Role sender = other(connection.role);
    if (auto allowed = only_asked_for(full.certificate.certificate_list, terms.extensions); !allowed)
      return std::move(allowed).error().in("Certificate");
    SEATLS_CHECK(check_scheme(full.certificate_verify.algorithm, terms.schemes));

    SEATLS_TRY(AuthenticatorKeys keys, export_keys(connection, sender));
    const Secret finished_key(std::move(keys.finished_key));
    //= rfc9261#transcript
    crypto::Hasher transcript(connection.hash);
    transcript.update(keys.handshake_context);
    transcript.update(terms.request);
    transcript.update(full.certificate_encoded);
    const Bytes signed_hash = transcript.current();
    transcript.update(full.certificate_verify_encoded);
    SEATLS_CHECK(check_finished(connection, finished_key.reveal(), transcript, verify_data));

    SEATLS_TRY(Spki key, read_chain(full.certificate.certificate_list));
    SEATLS_CHECK(check_signature(full.certificate_verify, key, signed_hash));
    return VerifiedAuthenticator(std::move(full.certificate.certificate_request_context),
                                 std::move(full.certificate.certificate_list), std::move(key),
                                 full.certificate_verify.algorithm);
  }

  static Result<Declined> check_empty(const Connection& connection, const AuthenticatorRequest& request,
                                      ByteView verify_data) {
    SEATLS_TRY(AuthenticatorKeys keys, export_keys(connection, other(connection.role)));
    const Secret finished_key(std::move(keys.finished_key));
    crypto::Hasher transcript(connection.hash);
    transcript.update(keys.handshake_context);
    transcript.update(request.encoded());
    transcript.update(empty_certificate(request.context()));
    SEATLS_CHECK(check_finished(connection, finished_key.reveal(), transcript, verify_data));
    return Declined{};
  }
};

Result<std::variant<VerifiedAuthenticator, Declined>> accept_authenticator(
    const Connection& connection, const AuthenticatorRequest& request, ByteView authenticator) {
  using Answer = std::variant<VerifiedAuthenticator, Declined>;
  const std::string sender = place(other(connection.role));
  if (request.requester() != connection.role)
    return Error{Code::misuse, "the request is not one of this endpoint's role", sender};
  auto messages = take_apart(authenticator);
  if (!messages) return std::move(messages).error().in(sender);
  if (!messages->full) {
    auto declined = Checker::check_empty(connection, request, messages->verify_data);
    if (!declined) return std::move(declined).error().in(sender);
    return Answer(Declined{});
  }
  //= rfc9261#context-copied
  if (messages->full->certificate.certificate_request_context != request.context())
    return Error{Code::unknown_context, "the authenticator answers another request", "Certificate"}.in(
        sender);
  auto verified = Checker::check(
      connection, {request.encoded(), request.signature_algorithms(), types_of(request.extensions())},
      std::move(*messages->full), messages->verify_data);
  if (!verified) return std::move(verified).error().in(sender);
  return Answer(std::move(verified).value());
}

//= rfc9261#spontaneous-by-servers-only
Result<VerifiedAuthenticator> accept_spontaneous_authenticator(const Connection& connection,
                                                               const ClientOffer& offer,
                                                               ByteView authenticator) {
  const std::string sender = place(other(connection.role));
  if (connection.role != Role::client)
    return Error{Code::misuse, "a client may not send an authenticator that was not asked for", sender};
  auto messages = take_apart(authenticator);
  if (!messages) return std::move(messages).error().in(sender);
  if (!messages->full)
    return Error{Code::unexpected_authenticator,
                 "an empty authenticator declines a request, and there is none", sender};
  auto verified = Checker::check(connection, {{}, offer.signature_algorithms, offer.extensions},
                                 std::move(*messages->full), messages->verify_data);
  if (!verified) return std::move(verified).error().in(sender);
  return verified;
}

Result<std::optional<Bytes>> context_of_authenticator(ByteView authenticator) {
  auto messages = take_apart(authenticator);
  if (!messages) return std::move(messages).error().in("authenticator");
  if (!messages->full) return std::optional<Bytes>();
  return std::optional<Bytes>(std::move(messages->full->certificate.certificate_request_context));
}

}  // namespace seatls::exported
