// Attestation after the handshake: draft-fossati-seat-expat-03 over RFC 9261 (seatls/exported.h).
// Events in, actions out; no TLS stack, no I/O, no timer, no thread. Either side may ask, both may, and
// several requests may be in flight.
//
// An action that takes time (Attest, Sign, VerifyIdentity, Appraise) is answered by an event of the
// same exchange, in any order among exchanges. When to ask, how long to wait, and what a refusal costs
// (`close`, `restrict`) is decided above.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "seatls/attester.h"
#include "seatls/config.h"
#include "seatls/exported.h"
#include "seatls/interactive_passport.h"
#include "seatls/session.h"
#include "seatls/verifier.h"

namespace seatls::post {

// What the binder hashes (Decision 12). `exporter_alone` leaves the key out: only the evidence's own
// name of the key binds it then, which every result says as a danger.
enum class BinderInput : std::uint8_t { key_and_exporter, exporter_alone };

// Profile holds what deployed peers disagree on. All of it is configuration.
struct Profile {
  std::string name;
  std::string exporter_label;
  BinderInput binder_input = BinderInput::key_and_exporter;
  std::size_t exporter_length = 32;
  std::uint16_t cmw_attestation = 0xFF5F;       // extension type (Decision 1)
  std::uint16_t remote_attestation = 0xFF5E;    // of the list of wanted schemes (Decision 15)
  bool name_wanted_schemes = true;              // send that list
  std::uint16_t interactive_passport = 0xFF60;  // of challenges and proofs: private use, as the two above
  std::optional<CmwForm> body = {};             // write cmw_data in this form; unset: the attester's own
};
[[nodiscard]] const Profile& expat_03();       // "Attestation"; the default
[[nodiscard]] const Profile& expat_04();       // "EXPORTER-cmw-attestation"
[[nodiscard]] const Profile& legacy();         // "Attestation Binding", the exported value alone
[[nodiscard]] const Profile& deployed_ff00();  // a peer in Go: 0xFF00, JSON
[[nodiscard]] const Profile& deployed_ffff();  // a peer in Rust: 0xFFFF, "Attestation Binding"
[[nodiscard]] std::optional<Profile> profile_from_name(std::string_view name);

// LocalIdentity is a certificate that this endpoint may answer with. Its private key stays outside.
struct LocalIdentity {
  exported::CertificateChain chain;                  // extensions as they are, without cmw_attestation
  std::vector<std::string> names{};                  // server names that it answers for; empty: any
  std::vector<exported::SignatureScheme> schemes{};  // that the signer can make; empty: all of the key
};

struct Limits {
  std::size_t requests_in_flight = 16;  // in each direction
  std::size_t contexts = 65'536;        // remembered per connection (Decision 13)
};

// Setup of one connection. `proof` shows that its handshake is complete: before that there is no exporter
// to build on.
struct Setup {
  std::shared_ptr<const Config> config;  // attester, require; as for the handshake
  exported::Connection connection;
  HandshakeFinished proof;
  std::optional<Spki> own_key{};   // end-entity key of this endpoint in the handshake, if it had one
  std::optional<Spki> peer_key{};  // end-entity key of the handshake; empty: an anonymous client
  Bytes peer_evidence_digest{};    // SHA-256 of the CMW that the handshake brought, if it did
  std::optional<Spki> peer_kek{};  // that the Result of the handshake names
  bool same_key = true;            // an authenticator by another key than peer_key is identity_changed
  std::vector<LocalIdentity> identities{};
  Profile profile = expat_03();
  Limits limits{};
  InteractivePassport interactive_passport{};
};

// Exchange names one request, of either side, for as long as its connection lives.
enum class Exchange : std::uint64_t {};

// PostAttestation exists only where the peer's authenticator verified on this connection, its
// certificate is vouched for as the configuration asks, and the credential was appraised to an accepted
// tier. It answers exactly one request of this endpoint.
class PostAttestation {
 public:
  [[nodiscard]] Exchange exchange() const { return exchange_; }
  [[nodiscard]] const AttestedPeer& peer() const { return peer_; }
  [[nodiscard]] const AttestationScheme& scheme() const { return scheme_; }
  [[nodiscard]] const Binder& binder() const { return binder_; }
  [[nodiscard]] const Bytes& context() const { return context_; }
  [[nodiscard]] const std::vector<std::string>& dangers() const { return dangers_; }

 private:
  friend class Relying;
  PostAttestation(Exchange exchange, AttestedPeer peer, AttestationScheme scheme, Binder binder,
                  Bytes context, std::vector<std::string> dangers)
      : exchange_(exchange),
        peer_(std::move(peer)),
        scheme_(std::move(scheme)),
        binder_(std::move(binder)),
        context_(std::move(context)),
        dangers_(std::move(dangers)) {}
  Exchange exchange_;
  AttestedPeer peer_;
  AttestationScheme scheme_;
  Binder binder_;
  Bytes context_;
  std::vector<std::string> dangers_;
};

// ---- events ------------------------------------------------------------------------------------
namespace event {
// The peer's bytes: an authenticator request, and an authenticator.
struct RequestReceived {
  Bytes message;
};
struct AuthenticatorReceived {
  Bytes message;
};
struct CredentialMade {
  Exchange exchange;
  Result<Cmw> credential;
};
struct Signed {
  Exchange exchange;
  Result<Bytes> signature;  // ECDSA: DER
};
// The chain was validated (PKIX), and what name it has; an Error refuses.
struct IdentityVerified {
  struct Identity {
    bool pki_verified = false;
    std::string name{};  // the verified one, or empty
  };
  Exchange exchange;
  Result<Identity> identity;
};
struct Appraised {
  Exchange exchange;
  Result<AttestationResult> result;
};
}  // namespace event

// ---- actions -----------------------------------------------------------------------------------
namespace action {
// Responder.
struct Attest {
  Exchange exchange;
  EvidenceRequest request;
};
struct Sign {
  Exchange exchange;
  std::size_t identity;  // index into Setup::identities
  exported::PreparedAuthenticator authenticator;
};
// `declined` says why it is an empty authenticator.
struct SendAuthenticator {
  Exchange exchange;
  Bytes message;
  std::optional<Error> declined{};
  std::optional<EvidenceRequest> attested{};  // what was attested, if anything
};
// Relying party. The chain is to be validated as the handshake's was: name, validity, revocation.
struct VerifyIdentity {
  Exchange exchange;
  exported::CertificateChain chain;
};
struct Appraise {
  Exchange exchange;
  AppraisalRequest request;
};
struct Attested {
  PostAttestation outcome;
};
// Refuse ends an exchange; without one, what the peer sent belongs to none. `fatal`: the peer broke the
// protocol, and the connection must be closed; every later event is refused again with this error.
struct Refuse {
  std::optional<Exchange> exchange;
  Error error;
  bool fatal = false;
  // Nothing is wrong with the answer but that it came without a challenge for the keK which its Result names,
  // and which was not known before. The next request holds one.
  bool ask_again = false;
};
}  // namespace action

using Action = std::variant<action::Attest, action::Sign, action::SendAuthenticator, action::VerifyIdentity,
                            action::Appraise, action::Attested, action::Refuse>;

struct Request {
  Exchange exchange;
  Bytes message;  // to be conveyed to the peer
};
struct RequestParameters {
  std::vector<AttestationScheme> wanted{};   // in preference order; empty: all that the verifier appraises
  Bytes nonce{};                             // of a verifier, 8 to 64 bytes; empty: 32 random bytes
  std::optional<std::string> server_name{};  // a client's
};

struct EndpointState;

// Endpoint is one side of one connection. Not thread-safe: one call at a time.
class Endpoint {
 public:
  // Errors: configuration, misuse.
  [[nodiscard]] static Result<Endpoint> make(Setup setup);
  Endpoint(Endpoint&&) noexcept;
  Endpoint& operator=(Endpoint&&) noexcept;
  ~Endpoint();

  // request asks the peer to attest itself. Errors: context_limit, context_reused, limit_exceeded,
  // misuse, and the error of a fatal refusal before.
  [[nodiscard]] Result<Request> request(RequestParameters parameters = {});
  // give_up forgets a request of this endpoint: an answer that comes all the same is refused
  // (context_spent). False when it was answered or given up before.
  bool give_up(Exchange exchange);

  [[nodiscard]] Action on(event::RequestReceived e);
  [[nodiscard]] Action on(event::CredentialMade e);
  [[nodiscard]] Action on(event::Signed e);
  [[nodiscard]] Action on(event::AuthenticatorReceived e);
  [[nodiscard]] Action on(event::IdentityVerified e);
  [[nodiscard]] Action on(event::Appraised e);

  [[nodiscard]] const std::optional<Error>& failure() const;  // of a fatal refusal
  [[nodiscard]] std::size_t requests_in_flight() const;       // of this endpoint, unanswered or unjudged
  [[nodiscard]] std::size_t answers_in_flight() const;        // to the peer's requests
  [[nodiscard]] std::size_t contexts_remembered() const;      // 16 bytes each
  [[nodiscard]] bool due_for_renewal() const;                 // the limit of contexts is reached

 private:
  explicit Endpoint(std::unique_ptr<EndpointState> state);
  std::unique_ptr<EndpointState> state_;
};

}  // namespace seatls::post
