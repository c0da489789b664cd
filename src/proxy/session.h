// Session: one connection through the proxy, from its first byte to its last. It lives on one thread.
//
//   server   [name of the ClientHello] → handshake → connect to the application → relay
//   client   [SOCKS5 or CONNECT] → connect to the server → handshake → relay
//
// The application is not connected to, and gets no byte, before the peer is what the configuration demands.
#pragma once

#include <utility>  // which Boost 1.74 forgets

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "proxy/attested.h"
#include "proxy/buffer.h"
#include "proxy/connector.h"
#include "proxy/filter.h"
#include "proxy/plan.h"
#include "proxy/preface.h"
#include "proxy/sockets.h"

namespace seatls::proxy {

// Facts are what the log may know of a connection.
struct Facts {
  std::string id;
  std::string listener;  // where it came in
  std::string client;    // who came
  std::string to;        // whom it is for
};

struct Traffic {
  std::uint64_t from_peer = 0, to_peer = 0;  // bytes of data
  std::chrono::steady_clock::duration took{};
};

// ProxyEvents are called on the threads of connections.
struct ProxyEvents {
  // accepted: the peer is what the configuration demands. changed: it was attested again, or not any more.
  std::function<void(const Facts&, const SessionReport&, const reattest::Report*)> accepted, changed;
  // refused: before it was accepted. noticed: what will be tried again, or changes nothing.
  std::function<void(const Facts&, const Error&)> refused, noticed;
  // closed: after it was accepted. The error is why it was broken off; null for an end as it should be.
  std::function<void(const Facts&, const Traffic&, const Error*)> closed;
  // verdict_json tells the application what is known of the peer.
  std::function<std::string(const SessionReport&, const reattest::Report*)> verdict_json;
};

// Host is what the sessions of one thread share.
struct Host {
  boost::asio::io_context& io;
  std::span<std::uint8_t> scratch;
  const ProxyEvents& events;
  Metrics& metrics;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Clock = std::chrono::steady_clock;

  Session(Host host, std::shared_ptr<const Site> site, Descriptor accepted, std::string id,
          std::function<void(Session&)> over);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  void wind_up();            // the proxy is drained
  void abort(Error reason);  // at once

 private:
  using Line = boost::asio::posix::stream_descriptor;
  enum class Phase : std::uint8_t { name, preface, connect, handshake, relay, linger, over };

  // Side is a socket, and what is waited for on it.
  struct Side {
    std::optional<Line> line;
    bool reading = false, writing = false;         // waits that are under way
    bool wants_read = false, wants_write = false;  // waits that are needed: the last call said so
    [[nodiscard]] int fd() { return line->native_handle(); }
  };

  // Each does what can be done without waiting, and tells whether anything moved.
  void advance();
  [[nodiscard]] Result<void> turn(Clock::time_point now);
  [[nodiscard]] Result<void> read_name();
  [[nodiscard]] Result<void> read_preface();
  [[nodiscard]] Result<void> begin_handshake(Side& side, const std::string& server_name);
  [[nodiscard]] Result<void> accept_peer(Clock::time_point now);
  void connect_to(const config::SocketAddress& to);
  [[nodiscard]] Result<void> connected(Result<Descriptor> result);
  [[nodiscard]] Result<void> tell_verdict();
  [[nodiscard]] Result<bool> relay(Clock::time_point now);
  [[nodiscard]] Result<bool> peer_to_plain();
  [[nodiscard]] Result<bool> plain_to_peer();
  [[nodiscard]] Result<bool> write_plain();
  [[nodiscard]] Result<bool> plain_failed(int error);
  [[nodiscard]] bool change_plain();
  [[nodiscard]] bool meet_demand(Clock::time_point now);
  [[nodiscard]] bool ends(Clock::time_point now);
  [[nodiscard]] Result<void> linger();
  void say_to_plain(const Bytes& last_words);
  void finish(const Error* reason);

  void wait(Clock::time_point now);
  void wait_on(Side& side);
  void wait_for_answer(int fd);
  void let_go_of_answer();
  void wait_until(std::optional<Clock::time_point> at);
  void again();

  [[nodiscard]] bool server() const { return route_->listener.role() == Role::server; }
  [[nodiscard]] Bytes proxy_header() const;
  [[nodiscard]] std::function<void(const Error&)> noticing();

  Host host_;
  const std::shared_ptr<const Site> site_;
  const Route* route_ = nullptr;  // of the site
  Facts facts_;
  std::string target_host_;  // a client's: whom it connects to
  std::function<void(Session&)> over_;
  Endpoint source_, destination_;

  Phase phase_ = Phase::name;
  Side peer_, plain_;
  std::optional<Attested> attested_;  // goes before the side of the peer
  std::unique_ptr<Preface> preface_;
  std::shared_ptr<Connector> connector_;
  std::unique_ptr<Filter> filter_;
  Buffer first_;  // for the plain side, before the filter's bytes

  std::optional<Line> answer_;  // borrowed: of the handshake, or of the channel
  bool answer_waiting_ = false;
  std::uint64_t answers_ = 0;  // so far: a wait knows its own

  boost::asio::steady_timer timer_;
  std::optional<Clock::time_point> timer_at_, deadline_, name_again_;
  Clock::time_point begun_, moved_;

  struct Seen {
    std::uint64_t attested = 0;
    reattest::Standing standing = reattest::Standing::trusted;
    bool operator==(const Seen&) const = default;
  };
  std::optional<Seen> seen_;
  std::optional<Result<void>> decision_;
  bool demanding_ = false, again_ = false, advancing_ = false;
  bool plain_gone_ = false, plain_read_ended_ = false, plain_write_ended_ = false, peer_end_told_ = false;
  bool peer_write_ended_ = false;
  Traffic traffic_;
};

}  // namespace seatls::proxy
