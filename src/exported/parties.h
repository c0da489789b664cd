// The two parts that an Endpoint plays: Relying asks and judges, Responder answers. Inside of this
// module only.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "exported/context_store.h"
#include "exported/passport.h"
#include "seatls/post_handshake.h"
#include "session/authorization.h"

namespace seatls::post {

// Shared is what both parts know of the connection.
struct Shared {
  Shared(Setup setup_, std::vector<Spki> own_keys_)
      : setup(std::move(setup_)), own_keys(std::move(own_keys_)), contexts(setup.limits.contexts) {}
  Setup setup;
  std::vector<Spki> own_keys;  // of Setup::identities, in their order
  ContextStore contexts;
  std::deque<Bytes> own_evidence;  // digests of the latest that were sent
  std::uint64_t next_exchange = 1;

  [[nodiscard]] Exchange new_exchange() { return Exchange{next_exchange++}; }
};

// Digests of credentials that are remembered for telling a repetition or a reflection by name. What is
// older fails by its binder.
inline constexpr std::size_t evidence_remembered = 16;
void remember_evidence(std::deque<Bytes>& digests, Bytes digest);

// derive_binder derives the binder of the endpoint that holds `key`, for the request with `context`.
[[nodiscard]] Result<Binder> derive_binder(const Setup& setup, const Spki& key, ByteView context);

// AuthenticatorProof turns a verified authenticator, whose chain was validated, into the proof that
// authorization asks for.
class AuthenticatorProof {
 public:
  [[nodiscard]] static HandshakeFinished of(const exported::VerifiedAuthenticator&,
                                            const event::IdentityVerified::Identity& identity) {
    return {identity.pki_verified, identity.name};
  }
};

class Relying {
 public:
  explicit Relying(Shared& shared) : shared_(shared), kek_(shared.setup.peer_kek) {
    if (!shared.setup.peer_evidence_digest.empty()) seen_.push_back(shared.setup.peer_evidence_digest);
  }
  [[nodiscard]] Result<Request> request(RequestParameters parameters);
  bool give_up(Exchange exchange);
  [[nodiscard]] std::size_t in_flight() const { return open_.size(); }

  [[nodiscard]] Action on(event::AuthenticatorReceived e);
  [[nodiscard]] Action on(event::IdentityVerified e);
  [[nodiscard]] Action on(event::Appraised e);

 private:
  struct ExpectAuthenticator {
    exported::AuthenticatorRequest request;
    std::vector<AttestationScheme> wanted;
    std::optional<Challenge> challenge;
  };
  struct ExpectIdentity {
    exported::VerifiedAuthenticator authenticator;
    AppraisalRequest appraisal;
    std::optional<Spki> proven_kek;  // whose challenge this authenticator answers
  };
  struct ExpectVerdict {
    exported::VerifiedAuthenticator authenticator;
    session::Binding binding;
    HandshakeFinished proof;
    std::optional<Spki> proven_kek;
  };
  using State = std::variant<ExpectAuthenticator, ExpectIdentity, ExpectVerdict>;
  using Open = std::map<Exchange, State>;

  [[nodiscard]] Open::iterator find(ByteView context);
  [[nodiscard]] Action declined(ByteView authenticator);
  [[nodiscard]] Result<AppraisalRequest> open_credential(
      const ExpectAuthenticator& expected, const exported::VerifiedAuthenticator& authenticator);
  [[nodiscard]] Result<void> check_key(const Spki& key) const;
  // demands_possession tells whether a credential of this scheme counts only together with an answered
  // challenge.
  [[nodiscard]] bool demands_possession(const AttestationScheme& scheme) const {
    return shared_.setup.interactive_passport.demand && scheme.is_result();
  }
  template <class S>
  [[nodiscard]] std::optional<S> take(Exchange exchange);

  Shared& shared_;
  Open open_;
  std::deque<Bytes> seen_;   // digests of the peer's latest evidence
  std::optional<Spki> kek_;  // that the peer's latest Result names: what the next challenge is for
  bool gave_up_ = false;
};

class Responder {
 public:
  explicit Responder(Shared& shared) : shared_(shared) {}
  [[nodiscard]] std::size_t in_flight() const { return open_.size(); }

  [[nodiscard]] Action on(event::RequestReceived e);
  [[nodiscard]] Action on(event::CredentialMade e);
  [[nodiscard]] Action on(event::Signed e);

 private:
  struct ExpectCredential {
    exported::AuthenticatorRequest request;
    std::size_t identity;
    exported::SignatureScheme signature_scheme;
    EvidenceRequest evidence;
    std::optional<Bytes> passport_answer;  // the extension that answers the peer's challenge
  };
  struct ExpectSignature {
    exported::AuthenticatorRequest request;
    exported::PreparedAuthenticator authenticator;
    std::optional<EvidenceRequest> attested;
    Bytes evidence_digest;
  };
  using State = std::variant<ExpectCredential, ExpectSignature>;

  [[nodiscard]] Action decline(Exchange exchange, const exported::AuthenticatorRequest& request,
                               Error why) const;
  [[nodiscard]] Result<std::pair<std::size_t, exported::SignatureScheme>> choose_identity(
      const exported::AuthenticatorRequest& request) const;
  // choose_scheme returns nothing for a request that asks for no attestation.
  [[nodiscard]] Result<std::optional<AttestationScheme>> choose_scheme(
      const exported::AuthenticatorRequest& request) const;
  [[nodiscard]] Action sign(Exchange exchange, exported::AuthenticatorRequest request, std::size_t identity,
                            exported::SignatureScheme scheme, const exported::CertificateChain& chain,
                            std::optional<EvidenceRequest> attested, Bytes evidence_digest);

  Shared& shared_;
  std::map<Exchange, State> open_;
};

// refuse makes the action, and knows which errors close the connection.
[[nodiscard]] Action refuse(std::optional<Exchange> exchange, Error error);

}  // namespace seatls::post
