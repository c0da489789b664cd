// Authenticators, made: RFC 9261, sections 5 and 6.
#include <algorithm>

#include "crypto/hash.h"
#include "crypto/x509.h"
#include "exported/messages.h"
#include "exported/signature_scheme.h"

namespace seatls::exported {
namespace {

std::string place(Role sender) { return std::string(role_name(sender)) + " authenticator"; }

Error misuse(Role sender, std::string detail, std::string path = "") {
  return Error{Code::misuse, std::move(detail), std::move(path)}.in(place(sender));
}

Result<Spki> end_entity_key(const CertificateChain& chain) {
  if (chain.empty())
    return Error{Code::misuse, "the chain is empty; an empty authenticator declines", "certificate_list"};
  for (std::size_t i = chain.size(); i-- > 0;) {
    auto certificate = crypto::Certificate::from_der(chain[i].certificate);
    if (!certificate)
      return Error{Code::misuse, certificate.error().detail, "certificate_list[" + std::to_string(i) + "]"};
    if (i == 0) return certificate->spki();
  }
  return Error{Code::internal, "no certificate", ""};
}

}  // namespace

class Maker {
 public:
  static Result<PreparedAuthenticator> prepare(const Connection& connection, ByteView request,
                                               std::span<const SignatureScheme> offered,
                                               std::span<const std::uint16_t> asked, Bytes context,
                                               const CertificateChain& chain, SignatureScheme scheme) {
    const Role sender = connection.role;
    auto key = end_entity_key(chain);
    if (!key) return std::move(key).error().in(place(sender));
    //= rfc9261#signature-scheme-from-request
    if (std::ranges::find(offered, scheme) == offered.end())
      return misuse(sender, name(scheme) + " is none of the schemes that the peer takes",
                    "CertificateVerify");
    //= rfc9261#signature-schemes-of-tls13
    if (!goes_with(scheme, *key))
      return misuse(sender, name(scheme) + " does not go with the key of the certificate",
                    "CertificateVerify");
    if (auto allowed = only_asked_for(chain, asked); !allowed)
      return misuse(sender, allowed.error().detail, "Certificate > " + allowed.error().path);

    //= rfc9261#context-copied
    auto body = codec::encode(wire::Certificate{std::move(context), chain});
    if (!body) return misuse(sender, body.error().detail, "Certificate > " + body.error().path);
    auto certificate = wire::join(wire::HandshakeType::certificate, *body);
    if (!certificate || certificate->size() > max_authenticator / 2)
      return misuse(sender, "the Certificate message is longer than peers have to read", "Certificate");

    SEATLS_TRY(AuthenticatorKeys keys, export_keys(connection, sender));
    PreparedAuthenticator out(scheme, std::move(key).value(), connection.hash);
    out.finished_key_ = std::make_shared<const Secret>(std::move(keys.finished_key));
    //= rfc9261#transcript
    out.transcript_ = std::move(keys.handshake_context);
    out.transcript_.insert(out.transcript_.end(), request.begin(), request.end());
    out.transcript_.insert(out.transcript_.end(), certificate->begin(), certificate->end());
    out.certificate_ = std::move(certificate).value();
    out.message_ = to_be_signed(crypto::digest(connection.hash, out.transcript_));
    return out;
  }
};

Bytes PreparedAuthenticator::digest() const {
  const auto hash = hash_of(scheme_);
  return hash ? crypto::digest(*hash, message_) : Bytes();
}

Result<Bytes> PreparedAuthenticator::finish(ByteView signature) const {
  // A signer may hold another key than the certificate says: that is noticed here and not by the peer.
  SEATLS_TRY(const auto key, crypto::PublicKey::from_spki(key_.der()));
  if (!key.verify(*algorithm_of(scheme_), message_, signature, crypto::EcdsaForm::der,
                  crypto::PssSalt::digest))
    return Error{Code::certificate_verify_invalid, "the signer does not sign with the key of the certificate",
                 "CertificateVerify > signature"};

  SEATLS_TRY(const Bytes body, codec::encode(wire::CertificateVerify{scheme_, bytes(signature)}));
  SEATLS_TRY(const Bytes verify, wire::join(wire::HandshakeType::certificate_verify, body));
  Bytes transcript = transcript_;
  transcript.insert(transcript.end(), verify.begin(), verify.end());
  //= rfc9261#finished
  SEATLS_TRY(const Bytes finished,
             wire::join(wire::HandshakeType::finished,
                        crypto::hmac(hash_, finished_key_->reveal(), crypto::digest(hash_, transcript))));
  Bytes out = certificate_;
  out.insert(out.end(), verify.begin(), verify.end());
  out.insert(out.end(), finished.begin(), finished.end());
  return out;
}

Result<PreparedAuthenticator> prepare_authenticator(const Connection& connection,
                                                    const AuthenticatorRequest& request,
                                                    const CertificateChain& chain, SignatureScheme scheme) {
  if (request.requester() == connection.role)
    return misuse(connection.role, "an endpoint does not answer its own request");
  return Maker::prepare(connection, request.encoded(), request.signature_algorithms(),
                        types_of(request.extensions()), request.context(), chain, scheme);
}

//= rfc9261#spontaneous-by-servers-only
Result<PreparedAuthenticator> prepare_spontaneous_authenticator(const Connection& connection,
                                                                const ClientOffer& offer, Bytes context,
                                                                const CertificateChain& chain,
                                                                SignatureScheme scheme) {
  if (connection.role != Role::server)
    return misuse(connection.role, "only a server may send an authenticator that was not asked for");
  return Maker::prepare(connection, {}, offer.signature_algorithms, offer.extensions, std::move(context),
                        chain, scheme);
}

//= rfc9261#empty-authenticator
Result<Bytes> make_empty_authenticator(const Connection& connection, const AuthenticatorRequest& request) {
  if (request.requester() == connection.role)
    return misuse(connection.role, "an endpoint does not answer its own request");
  SEATLS_TRY(AuthenticatorKeys keys, export_keys(connection, connection.role));
  const Secret finished_key(std::move(keys.finished_key));
  crypto::Hasher transcript(connection.hash);
  transcript.update(keys.handshake_context);
  transcript.update(request.encoded());
  transcript.update(empty_certificate(request.context()));
  return wire::join(wire::HandshakeType::finished,
                    crypto::hmac(connection.hash, finished_key.reveal(), transcript.current()));
}

}  // namespace seatls::exported
