// Filter: what becomes of the bytes between the attested peer and the upstream. No I/O, and it never waits.
// One per connection, used from one thread. The relay feeds it, and carries out what it wants.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/reattestation.h"
#include "seatls/session.h"

namespace seatls::proxy {

// PeerVerdict is what is known of the peer at this moment. What it points to lives as long as the call.
struct PeerVerdict {
  const SessionReport* session = nullptr;
  const reattest::Report* channel = nullptr;  // null: the connection cannot be attested anew
  bool restricted = false;                    // a re-attestation failed, and `on_failure` lets it go on
  std::string json;                           // the verdict, one object
};

class Filter {
 public:
  virtual ~Filter() = default;

  // peer_sent and upstream_sent take bytes that came; the filter keeps what it cannot pass yet. Errors end
  // the connection.
  virtual Result<void> peer_sent(ByteView data) = 0;
  virtual Result<void> upstream_sent(ByteView data) = 0;
  virtual void peer_ended() = 0;  // no more comes from there
  virtual void upstream_ended() = 0;
  // upstream_failed: it cannot be reached (network), did not answer in time (timed_out), or broke off.
  virtual void upstream_failed(const Error& /*error*/) { upstream_ended(); }
  // upstream_connected: another connection to it, which the filter asked for.
  virtual void upstream_connected() {}
  // wind_up: the connection is to end as soon as that leaves nothing half done.
  virtual void wind_up() {}

  // What is to be written now. The relay consumes it with taken_by_*.
  [[nodiscard]] virtual ByteView for_upstream() const = 0;
  virtual void taken_by_upstream(std::size_t n) = 0;
  [[nodiscard]] virtual ByteView for_peer() const = 0;
  virtual void taken_by_peer(std::size_t n) = 0;
  // All was taken and no more will come: that direction is shut.
  [[nodiscard]] virtual bool end_upstream() const = 0;
  [[nodiscard]] virtual bool end_peer() const = 0;
  // broken: the connection is to be broken off, and not to look as if it had ended.
  [[nodiscard]] virtual std::optional<Error> broken() const { return {}; }
  // upstream tells what becomes of the connection there: it is used, it has ended and may go, or something
  // waits for another one.
  enum class Upstream : std::uint8_t { used, spent, wanted };
  [[nodiscard]] virtual Upstream upstream() const { return Upstream::used; }
  // Room for more. Without it the relay reads nothing there.
  [[nodiscard]] virtual bool wants_peer() const = 0;
  [[nodiscard]] virtual bool wants_upstream() const = 0;

  // demand is what must hold of the peer before the filter goes on: evidence at most `max_age` old (unset:
  // of any age), which holds these claims. The relay has the peer attested and answers with decided(), once.
  // At most one at a time.
  struct Demand {
    std::optional<std::chrono::milliseconds> max_age;
    reattest::Claims claims;
  };
  [[nodiscard]] virtual std::optional<Demand> demand() const = 0;
  virtual void decided(Result<void> outcome) = 0;

  // verdict is called before the first byte, and whenever it changes: also into and out of `restricted`.
  virtual void verdict(const PeerVerdict& verdict) = 0;
};

// make_tcp_filter copies both ways. While the peer is restricted it takes nothing, and passes nothing.
[[nodiscard]] std::unique_ptr<Filter> make_tcp_filter();

}  // namespace seatls::proxy
