// A TLS stack made of nothing but messages: it drives early::Client against early::Server in memory,
// over real handshake bytes, a real transcript, and real CertificateVerify signatures and Finished
// MACs. What it leaves out is encryption and key exchange; `secret` stands for what the key exchange
// would have given both ends.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "binder/transcript.h"
#include "crypto/x509.h"
#include "early/events.h"
#include "fake/tls_message.h"
#include "seatls/config.h"

namespace seatls::fake {

struct Identity {
  crypto::PrivateKey key;
  crypto::Certificate certificate;  // self-signed; who vouches for it is the endpoint's `pki`
  [[nodiscard]] const Spki& spki() const { return certificate.spki(); }
};
// identity returns the same key and certificate for the same name, all the time.
[[nodiscard]] const Identity& identity(const std::string& name);

struct Endpoint {
  Config config;
  std::optional<Identity> identity;
  bool pki = true;  // this endpoint's trust store vouches for the peer's certificate and name
};

struct Options {
  Hash suite = Hash::sha256;
  bool retry = false;                  // the server sends a HelloRetryRequest
  bool offers_psk = false;             // the client would offer a session
  bool resumed = false;                // the handshake resumes one
  bool early_data = false;             // and brought early data
  bool request_certificate = false;    // the server asks for a certificate though it needs no attestation
  bool withholds_certificate = false;  // the client has one, and none fits the request
  std::function<void(Message&)> mitm;  // sees each message on its way, and may change it
};

struct Outcome {
  std::optional<SessionReport> client, server;  // the gate of that side is open
  std::optional<Role> refused_by;
  Error error;
  std::uint8_t alert = 0;  // as sent on the wire
  std::string at;          // the message that was read or written when it happened

  // application_data tells whether a byte that the application writes on either side, as soon as its
  // gate is open, comes out of the other side's.
  [[nodiscard]] bool application_data() const { return client && server; }
};

// Step is one transition that a machine went through.
struct TakenStep {
  Role role;
  std::string from, on, to;
  auto operator<=>(const TakenStep&) const = default;
};

class Handshake {
 public:
  // The endpoints must outlive it.
  Handshake(const Endpoint& client, const Endpoint& server, Options options = {});
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  // run goes on until the end, or until a credential is waited for.
  void run();
  // renew asks the client to attest itself once more, after a good end: post-handshake client
  // authentication. `outcome().server` is empty until that is done.
  void renew();
  [[nodiscard]] bool waiting() const { return phase_ < phases_->size() && !outcome_.refused_by; }
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }
  [[nodiscard]] const std::vector<TakenStep>& steps() const { return steps_; }
  [[nodiscard]] early::Client& client() { return client_; }
  [[nodiscard]] early::Server& server() { return server_; }
  // extension returns the remoteAttestation body that was sent in such a message.
  [[nodiscard]] std::optional<Bytes> sent(Role sender, MessageType type) const;

 private:
  enum class Progress : std::uint8_t { on, wait, stop };
  using Phase = Progress (Handshake::*)();
  struct Side {
    Role role;
    const Endpoint& endpoint;
    binder::Transcript transcript;
    Bytes messages;  // all of them, for CertificateVerify and Finished
    Bytes certificate_request;
    std::optional<Result<Cmw>> made;
    std::optional<Result<AttestationResult>> appraised;
  };

  static const std::vector<Phase>& handshake_phases();
  static const std::vector<Phase>& renewal_phases();
  Progress hello();
  Progress retry();
  Progress server_hello();
  Progress encrypted_extensions();
  Progress certificate_request();
  Progress server_certificate();
  Progress server_certificate_made();
  Progress server_appraised();
  Progress server_finished();
  Progress client_certificate();
  Progress client_certificate_made();
  Progress client_finished();
  Progress client_renewed();
  Progress client_certificate_read();
  Progress client_appraised();
  Progress server_done();

  template <class Event>
  early::Action tell(Role role, Event event);
  Progress refuse(Role by, Error error);
  [[nodiscard]] Side& side(Role role) { return role == Role::client ? client_side_ : server_side_; }
  // pass puts a message on the wire, and returns what arrives.
  Message pass(Message message);
  [[nodiscard]] early::Channel channel(const Side& s) const;
  [[nodiscard]] early::PeerCertificate peer_certificate(const Side& receiver, const Message& m) const;
  Progress make_certificate(Role own);
  Progress send_certificate(Role own);
  Progress receive_certificate(Role receiver);
  Progress take_verdict(Role relying_party);
  // prove passes CertificateVerify, if there is a certificate, and Finished: do both verify?
  bool prove(Role sender);
  [[nodiscard]] Message with_extension(MessageType type, Role sender, const early::Action& action) const;

  const Options options_;
  early::Client client_;
  early::Server server_;
  Side client_side_, server_side_;
  bool certificate_requested_ = false;
  std::optional<early::Action> certificate_action_;  // of the sender, until the message is sent
  std::optional<Message> arrived_certificate_;       // until its flight is proven
  bool client_presents_ = false, client_proven_ = false;
  std::string at_;
  const std::vector<Phase>* phases_ = &handshake_phases();
  std::size_t phase_ = 0;
  Outcome outcome_;
  std::vector<TakenStep> steps_;
  std::vector<Message> sent_;
};

}  // namespace seatls::fake
