// Channel: an attested stream. Application data, attestation after the handshake and the verdicts of both
// ends over one connection, framed as seatls/1 (docs/protocol/framing.md).
//
// It never waits: call step() when the transport is ready, when event_fd can be read, and at wants().at.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "seatls/error.h"
#include "seatls/openssl.h"
#include "seatls/reattestation.h"

namespace seatls {

inline constexpr std::string_view channel_alpn = "seatls/1";

struct ChannelOptions {
  reattest::Plan plan{};
  post::Profile profile = post::expat_03();
  // What is demanded and shown after the handshake; unset: as in the handshake.
  std::shared_ptr<const Config> config{};
  InteractivePassport interactive_passport{};
  // Told of what the peer sent in vain and of failures that will be tried again: for the log.
  std::function<void(const Error&)> on_refused{};
};

class Channel {
 public:
  using Clock = reattest::Clock;

  // create takes a connection whose handshake is done, and on which channel_alpn was negotiated. Errors:
  // not_attested before that, resumption_refused where attestation is required, configuration.
  [[nodiscard]] static Result<Channel> create(openssl::Connection connection, ChannelOptions options,
                                              Clock::time_point now = Clock::now());
  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) noexcept;
  ~Channel();

  // step does all that can be done without waiting. Errors end the channel: the reason of a refusal of
  // either end; closed when the peer is gone. After a clean end on both sides it is `closed`, and ended()
  // is true.
  [[nodiscard]] Result<void> step(Clock::time_point now = Clock::now());

  struct Wants {
    bool read = false;   // of the connection's descriptor
    bool write = false;  // of the same
    int event_fd = -1;   // can be read when an attester, a verifier or a signer has answered
    std::optional<Clock::time_point> at{};
  };
  [[nodiscard]] Wants wants() const;

  // write queues as much as may be sent now, and returns how much: 0 while the gate is shut, the peer's
  // credit is used up, or enough is queued. read returns what came, and 0 when nothing is there.
  [[nodiscard]] std::size_t write(ByteView data);
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> into);
  void end();                             // no more data from this end
  [[nodiscard]] bool peer_ended() const;  // and all its data was read
  [[nodiscard]] bool ended() const;       // both directions ended, and all was written

  // gate_open: both ends have told each other that they are content.
  [[nodiscard]] bool gate_open() const;
  // require asks for evidence that is at most `max_age` old and holds `claims`; `done` is called from
  // within this call or a later step().
  void require(std::chrono::milliseconds max_age, reattest::Claims claims,
               std::function<void(Result<void>)> done, Clock::time_point now = Clock::now());

  [[nodiscard]] const reattest::Report& attestation() const;
  // spent_contexts is how many contexts of requests are remembered, so that none is used twice: 16 bytes
  // each, and at most post::Limits::contexts. After that many the connection is due for renewal: further
  // requests are refused (context_limit).
  [[nodiscard]] std::size_t spent_contexts() const;
  [[nodiscard]] bool due_for_renewal() const;
  [[nodiscard]] const openssl::Connection& connection() const;

 private:
  struct State;
  explicit Channel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace seatls
