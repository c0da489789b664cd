// The in-handshake protocol as events in and actions out; no TLS stack, no I/O, no clock.
// draft-fossati-seat-early-attestation-06, sections on negotiation and on the handshake; the
// decisions that fill its gaps are in docs/protocol.
//
// A stack adapter turns what it sees into events, feeds them to early::Client or early::Server, and
// carries out the actions that come back. An action that takes time (Attest, Appraise) is answered
// by an event (CredentialMade, Appraised); until then the stack must not go on.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "seatls/attester.h"
#include "seatls/bytes.h"
#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/session.h"
#include "seatls/verifier.h"

namespace seatls::early {

// Channel is what a stack knows once ServerHello is on the transcript.
struct Channel {
  Hash hash = Hash::sha256;  // of the negotiated cipher suite
  Bytes transcript_hash;     // Hash(ClientHello..ServerHello), RFC 8446 4.4.1
  bool dtls = false;         // picks the label prefix
};

// PeerCertificate is the peer's Certificate message, as far as attestation is concerned.
struct PeerCertificate {
  Spki spki;                         // of the end-entity certificate, received bytes
  std::optional<Bytes> extension;    // remoteAttestation of the first CertificateEntry
  bool extension_elsewhere = false;  // it stood in another entry, or twice
};

// ---- events ------------------------------------------------------------------------------------
// Each optional body is the extension_data, absent when the message held no such extension.
namespace event {
struct ClientHelloNeeded {        // client; comes twice after a HelloRetryRequest
  bool can_authenticate = false;  // the client has a certificate and key to present
  bool offers_psk = false;        // a session or external PSK would be offered
};
struct ClientHelloReceived {
  std::optional<Bytes> body;
};  // server
struct EncryptedExtensionsNeeded {
  bool resumed = false;
};  // server
struct EncryptedExtensionsReceived {
  std::optional<Bytes> body;
  bool resumed = false;
};                                   // client
struct CertificateRequestNeeded {};  // server
struct CertificateRequestReceived {
  std::optional<Bytes> body;
};  // client
struct CertificateReceived {
  PeerCertificate certificate;
  Channel channel;
};
struct NoCertificateReceived {};  // server: the client sent an empty Certificate
struct CertificateNeeded {
  Spki own;
  Channel channel;
};
struct NoCertificateAvailable {};  // client: a CertificateRequest is answered without a certificate
struct CredentialMade {
  Result<Cmw> credential;
};
struct Appraised {
  Result<AttestationResult> result;
};
// HandshakeDone: both Finished messages are verified. `resumed` without any proof of a certificate.
struct HandshakeDone {
  HandshakeFinished proof;
  bool resumed = false;
  bool early_data = false;
};
}  // namespace event

// ---- actions -----------------------------------------------------------------------------------
namespace action {
struct SendExtension {
  Bytes body;
};
struct OmitExtension {};
struct Attest {
  EvidenceRequest request;
};
struct Appraise {
  AppraisalRequest request;
};
struct Refuse {
  Error error;
};                  // fatal: send alert(error.code) through the AlertMap
struct Proceed {};  // nothing to send; the handshake goes on
struct Complete {
  SessionReport report;
};  // the gate to application data opens
}  // namespace action

using Action = std::variant<action::SendExtension, action::OmitExtension, action::Attest, action::Appraise,
                            action::Refuse, action::Proceed, action::Complete>;

// Every event yields exactly one action. After Refuse every further event yields Refuse again.

struct ClientState;  // the variant of Expect… structs, in client.cpp
struct ServerState;

// Client drives the client side of one connection. The Config must outlive it.
class Client {
 public:
  explicit Client(const Config& config);
  Client(Client&&) noexcept;
  ~Client();
  [[nodiscard]] Action on(event::ClientHelloNeeded e);
  [[nodiscard]] Action on(event::EncryptedExtensionsReceived e);
  [[nodiscard]] Action on(event::CertificateRequestReceived e);
  [[nodiscard]] Action on(event::CertificateReceived e);
  [[nodiscard]] Action on(event::Appraised e);
  [[nodiscard]] Action on(event::CertificateNeeded e);
  [[nodiscard]] Action on(event::NoCertificateAvailable e);
  [[nodiscard]] Action on(event::CredentialMade e);
  [[nodiscard]] Action on(event::HandshakeDone e);

  [[nodiscard]] const std::optional<Error>& failure() const;  // the precise, local reason
  [[nodiscard]] bool complete() const;
  [[nodiscard]] std::string_view state_name() const;

 private:
  std::unique_ptr<ClientState> state_;
};

// Server drives the server side of one connection. The Config must outlive it.
class Server {
 public:
  explicit Server(const Config& config);
  Server(Server&&) noexcept;
  ~Server();
  [[nodiscard]] Action on(event::ClientHelloReceived e);
  [[nodiscard]] Action on(event::EncryptedExtensionsNeeded e);
  [[nodiscard]] Action on(event::CertificateRequestNeeded e);
  [[nodiscard]] Action on(event::CertificateNeeded e);
  [[nodiscard]] Action on(event::CredentialMade e);
  [[nodiscard]] Action on(event::CertificateReceived e);
  [[nodiscard]] Action on(event::NoCertificateReceived e);
  [[nodiscard]] Action on(event::Appraised e);
  [[nodiscard]] Action on(event::HandshakeDone e);

  [[nodiscard]] const std::optional<Error>& failure() const;
  [[nodiscard]] bool complete() const;
  [[nodiscard]] std::string_view state_name() const;

 private:
  std::unique_ptr<ServerState> state_;
};

}  // namespace seatls::early
