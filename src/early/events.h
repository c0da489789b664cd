// The in-handshake protocol as events in and actions out; no TLS stack, no I/O, no clock.
// draft-fossati-seat-early-attestation-06, sections on negotiation and on the handshake; the
// decisions that fill its gaps are in docs/protocol.
//
// A stack adapter turns what it sees into events, feeds them to early::Client or early::Server, and
// carries out the actions that come back. An action that takes time (Attest, Appraise) is answered
// by an event (CredentialMade, Appraised); until then the stack must not go on.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
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

// Channel is what a stack knows once ServerHello is on the transcript. In post-handshake client
// authentication the hash is of ClientHello..client Finished and that CertificateRequest.
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
// Each optional body is the extension_data, absent when the message held no such extension. A
// message that the stack sends or receives is told even when it holds none; docs/states.md shows the
// order. Two freedoms: a message that is not sent is not told (a server without CertificateRequest,
// an empty client Certificate on the client's side when it was asked without a scheme), and once
// nothing is negotiated only the peer's certificate must be told, at any time before HandshakeDone.
namespace event {
// Client; comes again after a HelloRetryRequest, and is answered with the same bytes.
struct ClientHelloNeeded {
  static constexpr std::string_view name = "ClientHelloNeeded";
  bool can_authenticate = false;  // the client has a certificate and key to present
  bool offers_psk = false;        // a session or external PSK would be offered
};
// Server; comes again after a HelloRetryRequest.
struct ClientHelloReceived {
  static constexpr std::string_view name = "ClientHelloReceived";
  std::optional<Bytes> body;
};
// Server.
struct EncryptedExtensionsNeeded {
  static constexpr std::string_view name = "EncryptedExtensionsNeeded";
  bool resumed = false;
};
// Client.
struct EncryptedExtensionsReceived {
  static constexpr std::string_view name = "EncryptedExtensionsReceived";
  std::optional<Bytes> body;
  bool resumed = false;
};
// Server.
struct CertificateRequestNeeded {
  static constexpr std::string_view name = "CertificateRequestNeeded";
};
// Client.
struct CertificateRequestReceived {
  static constexpr std::string_view name = "CertificateRequestReceived";
  std::optional<Bytes> body;
};
struct CertificateReceived {
  static constexpr std::string_view name = "CertificateReceived";
  PeerCertificate certificate;
  Channel channel;
};
// Server: the client sent an empty Certificate.
struct NoCertificateReceived {
  static constexpr std::string_view name = "NoCertificateReceived";
};
struct CertificateNeeded {
  static constexpr std::string_view name = "CertificateNeeded";
  Spki own;
  Channel channel;
};
// Client: a CertificateRequest is answered without a certificate.
struct NoCertificateAvailable {
  static constexpr std::string_view name = "NoCertificateAvailable";
};
struct CredentialMade {
  static constexpr std::string_view name = "CredentialMade";
  Result<Cmw> credential;
};
struct Appraised {
  static constexpr std::string_view name = "Appraised";
  Result<AttestationResult> result;
};
// HandshakeDone: both Finished messages are verified; on a server also the client's Finished of a
// post-handshake authentication. `resumed` without any proof of a certificate.
struct HandshakeDone {
  static constexpr std::string_view name = "HandshakeDone";
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
// Fatal: send alert(error.code) through the AlertMap.
struct Refuse {
  Error error;
};
// Nothing to send; the handshake goes on.
struct Proceed {};
// The gate to application data opens.
struct Complete {
  SessionReport report;
};
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
  [[nodiscard]] bool complete() const;  // the gate is open, and nothing was refused since
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
