// RFC 9261, Exported Authenticators: proof of an identity on an established TLS connection, carried by
// the application. Bytes in, bytes out; no TLS stack, no I/O. Usable without attestation.
//
//   requester                                   responder
//   make_request ──── AuthenticatorRequest ───▶ accept_request
//   accept_authenticator ◀── Authenticator ──── prepare_authenticator, sign, finish
//
// What is *verified* here is the authenticator: CertificateVerify and Finished, on this connection, for
// this request. Whether anybody vouches for the certificate is the caller's to find out (PKIX).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::exported {

// Exporter is the connection's TLS-Exporter (RFC 8446, 7.5) over its exporter_master_secret, never the
// early one. It fails with too_early until the handshake is complete.
using Exporter = std::function<Result<Bytes>(std::string_view label, ByteView context, std::size_t length)>;

// Connection is what an endpoint knows of its TLS 1.3 connection.
struct Connection {
  Role role = Role::client;  // of this endpoint
  Hash hash = Hash::sha256;  // of the cipher suite: the authenticator hash
  Exporter exporter;
};

// The schemes that TLS 1.3 signs authenticators with. Others are carried, and never chosen.
enum class SignatureScheme : std::uint16_t {
  ecdsa_secp256r1_sha256 = 0x0403,
  ecdsa_secp384r1_sha384 = 0x0503,
  ecdsa_secp521r1_sha512 = 0x0603,
  rsa_pss_rsae_sha256 = 0x0804,
  rsa_pss_rsae_sha384 = 0x0805,
  rsa_pss_rsae_sha512 = 0x0806,
  ed25519 = 0x0807,
};
[[nodiscard]] std::string name(SignatureScheme scheme);
// supported_schemes lists them all, in the order in which a request names them by default.
[[nodiscard]] const std::vector<SignatureScheme>& supported_schemes();

struct Extension {
  std::uint16_t type = 0;
  Bytes data;
  bool operator==(const Extension&) const = default;
};

// AuthenticatorRequest is a CertificateRequest of a server, or a ClientCertificateRequest of a client;
// it knows the bytes that both sides hash.
class AuthenticatorRequest {
 public:
  [[nodiscard]] Role requester() const { return requester_; }
  [[nodiscard]] ByteView encoded() const { return encoded_; }
  [[nodiscard]] const Bytes& context() const { return context_; }  // certificate_request_context
  [[nodiscard]] const std::vector<SignatureScheme>& signature_algorithms() const { return schemes_; }
  [[nodiscard]] const std::optional<std::string>& server_name() const { return server_name_; }
  // extensions holds every one, known or not, in the order of the message.
  [[nodiscard]] const std::vector<Extension>& extensions() const { return extensions_; }
  [[nodiscard]] const Bytes* find(std::uint16_t type) const;

 private:
  friend class RequestCodec;
  AuthenticatorRequest() = default;
  Role requester_ = Role::client;
  Bytes encoded_, context_;
  std::vector<SignatureScheme> schemes_;
  std::optional<std::string> server_name_;
  std::vector<Extension> extensions_;
};

struct RequestOptions {
  Bytes context;  // up to 255 bytes; never twice on a connection, in neither direction
  std::vector<SignatureScheme> signature_algorithms = supported_schemes();
  std::optional<std::string> server_name = {};  // of a client only
  std::vector<Extension> extensions = {};       // further ones
};
// make_request makes the request of an endpoint in `requester`'s role. Errors: misuse.
[[nodiscard]] Result<AuthenticatorRequest> make_request(Role requester, RequestOptions options);
// accept_request reads the peer's. Errors: decode; unexpected_message when it is of the other role;
// missing_extension without signature_algorithms; unknown_value; misplaced_extension.
[[nodiscard]] Result<AuthenticatorRequest> accept_request(Role requester, ByteView message);

// context_of returns the certificate_request_context of a request, or of an authenticator; an empty
// authenticator has none.
[[nodiscard]] Result<Bytes> context_of_request(ByteView message);
[[nodiscard]] Result<std::optional<Bytes>> context_of_authenticator(ByteView authenticator);

struct CertificateEntry {
  Bytes certificate;                       // DER
  std::vector<Extension> extensions = {};  // only such as the request holds
  bool operator==(const CertificateEntry&) const = default;
};
using CertificateChain = std::vector<CertificateEntry>;  // the end-entity certificate first

// choose_scheme returns the first scheme of `offered` that goes with the key, and of `own` if given.
[[nodiscard]] std::optional<SignatureScheme> choose_scheme(std::span<const SignatureScheme> offered,
                                                           const Spki& key,
                                                           std::span<const SignatureScheme> own = {});

// PreparedAuthenticator lacks its signature. The signer may be anywhere, and take its time.
class PreparedAuthenticator {
 public:
  [[nodiscard]] SignatureScheme scheme() const { return scheme_; }
  // message is what is to be signed: 64 spaces, "Exported Authenticator", a zero, the hash of the
  // authenticator transcript. digest is the scheme's hash of it, for signers that want no more (empty
  // for ed25519).
  [[nodiscard]] const Bytes& message() const { return message_; }
  [[nodiscard]] Bytes digest() const;
  // finish returns the authenticator. ECDSA signatures are DER. Errors: certificate_verify_invalid
  // when the signature is not one of the end-entity key.
  [[nodiscard]] Result<Bytes> finish(ByteView signature) const;

 private:
  friend class Maker;
  PreparedAuthenticator(SignatureScheme scheme, Spki key, Hash hash)
      : scheme_(scheme), key_(std::move(key)), hash_(hash) {}
  SignatureScheme scheme_;
  Spki key_;
  Hash hash_;
  Bytes transcript_, certificate_, message_;
  std::shared_ptr<const Secret> finished_key_;
};

// prepare_authenticator answers `request` with `chain`. Errors: misuse for a chain that may not be sent
// (empty, a scheme that does not go with its key or was not asked for, extensions that were not asked
// for); what the exporter says.
[[nodiscard]] Result<PreparedAuthenticator> prepare_authenticator(const Connection& connection,
                                                                  const AuthenticatorRequest& request,
                                                                  const CertificateChain& chain,
                                                                  SignatureScheme scheme);
// make_empty_authenticator declines `request`.
[[nodiscard]] Result<Bytes> make_empty_authenticator(const Connection& connection,
                                                     const AuthenticatorRequest& request);

// ClientOffer is what the handshake's ClientHello allows in a spontaneous authenticator, which only a
// server may send.
struct ClientOffer {
  std::vector<SignatureScheme> signature_algorithms;
  std::vector<std::uint16_t> extensions = {};  // types
};
// `context` is unique on the connection and unpredictable to the peer.
[[nodiscard]] Result<PreparedAuthenticator> prepare_spontaneous_authenticator(const Connection& connection,
                                                                              const ClientOffer& offer,
                                                                              Bytes context,
                                                                              const CertificateChain& chain,
                                                                              SignatureScheme scheme);

// VerifiedAuthenticator exists only where CertificateVerify and Finished verified: the sender is the
// other end of this connection, and holds the end-entity key.
class VerifiedAuthenticator {
 public:
  [[nodiscard]] const Bytes& context() const { return context_; }
  [[nodiscard]] const CertificateChain& chain() const { return chain_; }
  [[nodiscard]] const Spki& key() const { return key_; }
  [[nodiscard]] SignatureScheme scheme() const { return scheme_; }

 private:
  friend class Checker;
  VerifiedAuthenticator(Bytes context, CertificateChain chain, Spki key, SignatureScheme scheme)
      : context_(std::move(context)), chain_(std::move(chain)), key_(std::move(key)), scheme_(scheme) {}
  Bytes context_;
  CertificateChain chain_;
  Spki key_;
  SignatureScheme scheme_;
};
struct Declined {};  // a well-formed empty authenticator

// accept_authenticator verifies the peer's answer to `request`. Errors: decode; unknown_context for the
// context of another request; unsolicited_extension; unknown_value; finished_invalid;
// certificate_verify_invalid. That each request is answered once is the caller's to see to.
[[nodiscard]] Result<std::variant<VerifiedAuthenticator, Declined>> accept_authenticator(
    const Connection& connection, const AuthenticatorRequest& request, ByteView authenticator);
// Client only: misuse otherwise. That its context is new is the caller's to see to.
[[nodiscard]] Result<VerifiedAuthenticator> accept_spontaneous_authenticator(const Connection& connection,
                                                                             const ClientOffer& offer,
                                                                             ByteView authenticator);

}  // namespace seatls::exported
