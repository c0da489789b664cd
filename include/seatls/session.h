// What a connection knows of its peer once the handshake and the appraisal are both done.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/result.h"

namespace seatls {

namespace session {
class Authorizer;  // src/session: the only maker of an AttestedPeer
}
namespace stack {
class FinishedMint;  // src/stack: the maker of a HandshakeFinished
}
namespace post {
class AuthenticatorProof;  // src/exported: makes one of a verified authenticator
}

// HandshakeFinished is a stack's proof that the peer's certificate (as far as the identity rule asks
// for PKI), CertificateVerify and Finished verified, in a full TLS 1.3 handshake; or that those of an
// authenticator did, after one.
class HandshakeFinished {
 public:
  [[nodiscard]] bool pki_verified() const { return pki_verified_; }
  [[nodiscard]] const std::string& peer_name() const { return peer_name_; }

 private:
  friend class stack::FinishedMint;
  friend class post::AuthenticatorProof;
  HandshakeFinished(bool pki_verified, std::string peer_name)
      : pki_verified_(pki_verified), peer_name_(std::move(peer_name)) {}
  bool pki_verified_;
  std::string peer_name_;
};

// AttestedPeer exists only where a peer's handshake verified and its credential was appraised to a
// tier that the configuration accepts.
class AttestedPeer {
 public:
  [[nodiscard]] const AttestationResult& result() const { return *result_; }
  [[nodiscard]] const Spki& tik() const { return tik_; }
  [[nodiscard]] bool pki_verified() const { return pki_verified_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  friend class session::Authorizer;
  AttestedPeer(AttestationResult result, Spki tik, bool pki_verified, std::string name)
      : result_(std::make_shared<const AttestationResult>(std::move(result))),
        tik_(std::move(tik)),
        pki_verified_(pki_verified),
        name_(std::move(name)) {}
  std::shared_ptr<const AttestationResult> result_;
  Spki tik_;
  bool pki_verified_;
  std::string name_;
};

// SessionReport is what session.attestation() returns. `peer` is empty when the peer is not
// attested, which only an optional or switched-off requirement lets happen.
struct SessionReport {
  Role role = Role::client;  // of this endpoint
  std::optional<AttestedPeer> peer;
  std::optional<AttestationScheme> peer_scheme;
  Bytes peer_binder;
  bool self_attested = false;
  std::optional<AttestationScheme> self_scheme;
  Bytes self_binder;
  Requirement requirement = Requirement::required;
  Timing timing = Timing::intra;  // post: `peer` is empty until a Channel has asked; hybrid: to be confirmed
  bool pki_verified = false;
  bool resumed = false;  // never together with `peer`
  std::string peer_name;
  std::vector<std::string> dangers;
};

}  // namespace seatls
