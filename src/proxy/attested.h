// Attested: the side of a connection where the attested peer is. Its handshake, then its data: framed as
// seatls/1 (Channel) where that was negotiated or demanded, plain elsewhere. It never waits.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "proxy/filter.h"
#include "seatls/channel.h"
#include "seatls/config_file.h"

struct ssl_ctx_st;

namespace seatls::proxy {

class Attested {
 public:
  using Clock = Channel::Clock;
  using Want = openssl::Connection::Want;

  struct Rules {
    std::shared_ptr<ssl_ctx_st> context;
    ChannelOptions channel;
    bool demands_channel = false;
  };

  // create takes a connected socket that outlives it. `name`: a client's, of the server.
  [[nodiscard]] static Result<Attested> create(const Rules& rules, int fd, const std::string& name);
  Attested(Attested&&) noexcept = default;
  Attested& operator=(Attested&&) noexcept = default;
  ~Attested();

  // step does all that can be done without waiting, but for data of a plain stream. Errors: why the peer is
  // refused, or how the connection ended; a clean end of both sides is none.
  [[nodiscard]] Result<void> step(Clock::time_point now, const std::function<void(const Error&)>& on_refused);

  // is_open: the peer is what the configuration demands, and content with this end. Before that no data
  // passes.
  [[nodiscard]] bool is_open() const;
  // read and write return 0 when nothing passes now.
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> into);
  [[nodiscard]] Result<std::size_t> write(ByteView data);
  // is_dry tells that the last read came to nothing, and that nothing can come before the socket is readable.
  [[nodiscard]] bool is_dry() const { return plain_ && wants_read_; }
  void end();                             // no more data from this end
  [[nodiscard]] bool peer_ended() const;  // by saying so: whoever vanishes is an error
  [[nodiscard]] bool end_sent() const;

  struct Wants {
    bool read = false, write = false;  // of the socket
    int answer = -1;                   // can be read when an attester, a verifier or a signer has answered
    std::optional<Clock::time_point> at{};
  };
  // wants: `reading` tells whether the caller would take data.
  [[nodiscard]] Wants wants(bool reading) const;

  // From here on once is_open().
  [[nodiscard]] const SessionReport& session() const;
  [[nodiscard]] const reattest::Report* report() const;  // null for a plain stream
  // require answers at once or from within a later step.
  void require(const Filter::Demand& demand, Clock::time_point now, std::function<void(Result<void>)> done);
  [[nodiscard]] const openssl::Connection& connection() const;

 private:
  Attested(openssl::Connection connection, const Rules& rules);
  [[nodiscard]] Result<void> open(const std::function<void(const Error&)>& on_refused);
  void say_goodbye();

  std::shared_ptr<ssl_ctx_st> context_;  // goes last
  const Rules* rules_;
  std::optional<openssl::Connection> plain_;
  std::optional<Channel> channel_;
  Clock::time_point begun_{};
  Want want_ = Want::read;  // of the handshake
  bool done_ = false;       // the handshake
  bool wants_read_ = false, wants_write_ = false, read_wants_write_ = false, their_end_ = false,
       own_end_ = false, goodbye_left_ = false, goodbye_heard_ = false;
};

}  // namespace seatls::proxy
