// A line is one established connection on which seatls/1 was negotiated. Each end is a Channel, or is
// played by hand: an attacker who reads and writes frames over the very same connection, and makes
// authenticators of whatever it holds.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "attacks/kit.h"
#include "fake/tls_pair.h"
#include "seatls/channel.h"
#include "wire/frame.h"

namespace seatls::attacks {

// speaking has the end negotiate seatls/1.
[[nodiscard]] fake::TlsSetup speaking(fake::TlsSetup setup);
// later takes what a setup demands out of the handshake, for a Channel to demand it: timing `post`.
struct Later {
  fake::TlsSetup setup;
  std::shared_ptr<const Config> config;
};
[[nodiscard]] Later later(const fake::TlsSetup& setup);

class Line {
 public:
  using Clock = Channel::Clock;
  enum class Played : std::uint8_t { channel, hand };

  struct End {
    std::optional<Channel> channel;
    std::optional<Error> error;       // that ended the channel
    std::vector<Error> refused;       // that the channel told of, and went on
    std::string data;                 // that came out for the application
    std::vector<wire::Frame> frames;  // by hand: that came and was not waited for yet
    wire::FrameReader reader{};
    bool gone = false;  // by hand: the peer closed
  };

  // The handshake is done at once, and must succeed.
  Line(const fake::TlsSetup& client, const fake::TlsSetup& server, fake::TlsMitm* mitm = nullptr);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // open puts a channel on one end. An end without one is played by hand.
  void open(Role role, ChannelOptions options = {});
  [[nodiscard]] End& end(Role role) { return role == Role::client ? client : server; }
  [[nodiscard]] openssl::Connection& connection(Role role);  // of an end that is played by hand
  [[nodiscard]] SSL* ssl(Role role);
  [[nodiscard]] fake::TlsEnd& tls(Role role) { return role == Role::client ? *pair.client : *pair.server; }

  // run goes on until `done`, or false after a long time.
  bool run(const std::function<bool()>& done);
  // settle goes on for as long as an answer takes.
  void settle();
  bool both_open();

  // ---- by hand
  void say(Role role, wire::FrameType type, ByteView body);
  // hear waits for a frame of that type and returns its body; others are dropped.
  std::optional<Bytes> hear(Role role, wire::FrameType type);
  [[nodiscard]] exported::Connection exported(Role role);

  // leak passes data in both directions by force, past the gate too, and returns what came out.
  std::string leak();

  fake::TlsPair pair;
  End client, server;
  Clock::time_point now{std::chrono::hours(1)};

 private:
  void step(Role role);
};

// confirming demands a first authenticator, and more of them every minute.
[[nodiscard]] ChannelOptions confirming(std::shared_ptr<const Config> config = {});

// exporter_of is a connection's exporter, for who holds its exporter secret.
[[nodiscard]] exported::Exporter exporter_of(SSL* ssl);

// Forgery is an authenticator as an attacker makes it, of what it has.
struct Forgery {
  exported::Connection connection;  // role: the one that is played
  const fake::TlsIdentity& identity;
  std::optional<Cmw> credential;
};
[[nodiscard]] Bytes forge(const Forgery& forgery, ByteView request);
// binder_for derives what evidence must be bound to, as anybody can who has the exporter.
[[nodiscard]] Binder binder_for(const exported::Connection& connection, const Spki& key, ByteView request);
// credential_in returns the credential that an authenticator carries.
[[nodiscard]] Cmw credential_in(ByteView authenticator);
[[nodiscard]] Bytes context_of(ByteView request);

// expect_confirmed: both gates open, and data passes both ways.
void expect_confirmed(Line& line);
// expect_refused: the channel of `by` refuses with exactly this code while it handles what `at` names
// (the beginning of the error's path), the other end learns exactly this alert, no ticket is there, and
// no application byte comes out of either end any more.
void expect_refused(Line& line, Role by, Code code, int alert, const std::string& at);

}  // namespace seatls::attacks
