// Stream: the application data of one connection. Framed as seatls/1 (Channel) where that was negotiated,
// plain elsewhere; serve, connect and the demo meet both alike.
#pragma once

#include <optional>
#include <variant>

#include "seatls/channel.h"
#include "seatls/config_file.h"

namespace seatls::cli {

// PlainStream has Channel's calls over a connection that carries nothing but application data.
class PlainStream {
 public:
  explicit PlainStream(openssl::Connection connection) : connection_(std::move(connection)) {}

  [[nodiscard]] Result<void> step();
  [[nodiscard]] Channel::Wants wants() const;
  [[nodiscard]] std::size_t write(ByteView data);
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> into);
  void end() { end_wanted_ = true; }
  [[nodiscard]] bool peer_ended() const { return their_end_ && in_.empty(); }
  [[nodiscard]] bool ended() const { return own_end_ && peer_ended(); }
  [[nodiscard]] const openssl::Connection& connection() const { return connection_; }

 private:
  openssl::Connection connection_;
  Bytes in_, out_;
  bool end_wanted_ = false, own_end_ = false, their_end_ = false, wants_write_ = false;
};

class Stream {
 public:
  using Clock = Channel::Clock;

  // Rules are what a configuration says of framing.
  struct Rules {
    explicit Rules(const LoadedConfig& loaded)
        : channel(loaded.channel), demands_channel(loaded.demands_channel()) {}
    ChannelOptions channel;
    bool demands_channel;
  };

  // open takes a connection whose handshake is done. Errors: attestation_required where the rules demand a
  // channel and the peer does not speak seatls/1.
  [[nodiscard]] static Result<Stream> open(openssl::Connection connection, const Rules& rules,
                                           std::function<void(const Error&)> on_refused = {});

  // As Channel's. A plain stream is open at once; `peer_ended` is its close_notify.
  [[nodiscard]] Result<void> step();
  [[nodiscard]] Channel::Wants wants() const;
  [[nodiscard]] bool is_open() const;
  [[nodiscard]] std::size_t write(ByteView data);
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> into);
  void end();
  [[nodiscard]] bool peer_ended() const;
  [[nodiscard]] bool ended() const;
  // require: without seatls/1 the answer is attestation_required.
  void require(std::chrono::milliseconds max_age, reattest::Claims claims,
               std::function<void(Result<void>)> done);

  [[nodiscard]] const openssl::Connection& connection() const;
  // attestation is what Channel knows of the peer; null for a plain stream.
  [[nodiscard]] const reattest::Report* attestation() const;

 private:
  using Either = std::variant<PlainStream, Channel>;
  explicit Stream(Either either) : either_(std::move(either)) {}
  Either either_;
};

}  // namespace seatls::cli
