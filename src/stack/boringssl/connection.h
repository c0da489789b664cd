// seatls over BoringSSL: attested TLS 1.3 over a stream, and attested DTLS 1.3 over datagrams.
//
// Nothing here does I/O or waits: bytes come in, bytes go out, and time passes where its clock says so.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/session.h"

namespace seatls::boringssl {

enum class Carrier : std::uint8_t {
  stream,     // TLS 1.3
  datagrams,  // DTLS 1.3
};

struct Identity {
  std::vector<Bytes> chain;  // DER, the end-entity certificate first
  Secret key_pem;            // PKCS #8
};

struct Settings {
  Carrier carrier = Carrier::datagrams;
  std::optional<Identity> identity{};  // a server needs one
  std::vector<Bytes> anchors{};        // DER: what a verified chain ends in
  std::vector<std::string> alpn{};     // in preference order
  std::string groups{};                // "X25519:P-256"; empty: BoringSSL's choice
  std::optional<Hash> suites{};        // only cipher suites with this hash; empty: all

  // Datagrams only. The longest that is sent, and how long the first one is waited for.
  std::size_t longest_datagram = 1200;
  std::chrono::milliseconds retransmit_after{400};
  // A server takes the client's address for proven, and asks for no cookie: something before it has
  // asked. Else it sends at most three times what it received until the cookie has come back.
  bool address_proven = false;

  std::function<std::chrono::steady_clock::time_point()> clock{};  // of all deadlines; empty: the system's
};

// Context is what connections of one configuration share. Nothing is ever resumed on it, and no ticket
// is given: each handshake is a full one.
class Context {
 public:
  // Errors: configuration, binder_too_long, and those of Config::validate.
  [[nodiscard]] static Result<Context> create(Config config, Settings settings);

  struct Impl;
  [[nodiscard]] const std::shared_ptr<const Impl>& impl() const { return impl_; }

 private:
  explicit Context(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// Traffic is what a connection over datagrams has sent so far.
struct Traffic {
  std::size_t datagrams_sent = 0, bytes_sent = 0;
  std::size_t datagrams_received = 0, bytes_received = 0;
  std::size_t withheld = 0;  // datagrams, for the sake of an address that was not proven
};

// Connection is one side of one connection. It is used from one thread at a time.
class Connection {
 public:
  enum class Want : std::uint8_t {
    nothing,     // done
    read,        // receive() has to bring more
    credential,  // an attester or a verifier is at work: `on_credential` says when it is done
  };

  // `server_name` (client): SNI, and the name that the certificate must have. `on_credential` is called,
  // from any thread, when handshake() should be called again; it must not call into the connection.
  [[nodiscard]] static Result<Connection> create(const Context& context, const std::string& server_name = "",
                                                 std::function<void()> on_credential = nullptr);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // receive takes what came: one whole datagram, or some bytes of the stream. end: no more will come.
  void receive(ByteView bytes);
  void end();
  // take_outgoing returns what is to be sent now, in order: datagrams, or pieces of the stream.
  [[nodiscard]] std::vector<Bytes> take_outgoing();

  // deadline is when on_time() is to be called: a retransmission, an acknowledgement, a credential
  // that did not come. It changes with every other call.
  [[nodiscard]] std::optional<std::chrono::milliseconds> deadline() const;
  // Errors: timed_out, when the peer has gone silent.
  [[nodiscard]] Result<void> on_time();

  // handshake goes on as far as it can. Want::nothing: it is verified, the peer is what the
  // configuration demands, report() has it. Errors: the precise reason of a refusal.
  [[nodiscard]] Result<Want> handshake();
  // read returns the bytes read, of one datagram at most; 0 with *want set where there are none. Over
  // datagrams it is called also where no data is expected: acknowledgements come to it. Error closed:
  // the peer closed.
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> into, Want* want);
  // write sends all of `from`. Over datagrams that is one, and no longer than longest_write().
  [[nodiscard]] Result<void> write(ByteView from);
  [[nodiscard]] std::size_t longest_write() const;
  void shutdown();  // sends close_notify, once

  [[nodiscard]] const SessionReport& report() const;  // after handshake() gave Want::nothing
  [[nodiscard]] std::string alpn() const;
  [[nodiscard]] std::string suite() const;
  [[nodiscard]] const Traffic& traffic() const;
  // alert_received is the fatal alert that ended the connection, if one did.
  [[nodiscard]] std::optional<int> alert_received() const;

 private:
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seatls::boringssl
