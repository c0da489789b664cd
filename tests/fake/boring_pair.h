// Two ends of the BoringSSL adapter, and a network between them whose time, losses and detours a test
// decides: nothing here depends on the machine's clock or load.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "fake/tls_pair.h"
#include "stack/boringssl/connection.h"

namespace seatls::fake {

// SimulatedTime only passes when it is told to.
class SimulatedTime {
 public:
  using Point = std::chrono::steady_clock::time_point;
  [[nodiscard]] Point now() const { return now_; }
  void pass(std::chrono::milliseconds time) { now_ += time; }

 private:
  Point now_{std::chrono::hours(1)};
};

struct BoringSetup {
  Config config;
  std::optional<TlsIdentity> identity{};
  std::string server_name = "server.test";
  // As in boringssl::Settings.
  boringssl::Carrier carrier = boringssl::Carrier::datagrams;
  std::vector<std::string> alpn{};
  std::string groups{};
  std::optional<Hash> suites{};
  std::size_t longest_datagram = 1200;
  std::chrono::milliseconds retransmit_after{400};
  bool address_proven = false;
};
[[nodiscard]] Result<boringssl::Context> make_boring_context(const BoringSetup& setup,
                                                             const SimulatedTime* time);

// Route is what happens to datagrams. A stream ignores all but the delay.
struct Route {
  double loss = 0, duplication = 0, reordering = 0;
  unsigned seed = 1;
  std::chrono::milliseconds delay{20};
};

class BoringEnd {
 public:
  explicit BoringEnd(boringssl::Connection connection) : connection_(std::move(connection)) {}

  void step();  // goes on with the handshake, or looks for acknowledgements
  [[nodiscard]] boringssl::Connection& connection() { return connection_; }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] bool waits_for_credential() const { return waits_; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] bool settled() const { return done_ || error_.has_value(); }
  [[nodiscard]] std::string received() { return std::exchange(data_, {}); }

 private:
  boringssl::Connection connection_;
  bool done_ = false, waits_ = false;
  std::optional<Error> error_;
  std::string data_;
};

class BoringPair {
 public:
  BoringPair(const BoringSetup& client, const BoringSetup& server, Route route = {});

  // run goes on until both ends are settled and nothing is on its way, or nobody waits for anything but a
  // credential; at most `limit` of simulated time.
  void run(std::chrono::seconds limit = std::chrono::minutes(10));
  [[nodiscard]] bool established() const { return client->done() && server->done(); }
  // exchange sends data both ways, until it has come; over datagrams what is lost is sent again.
  [[nodiscard]] bool exchange();
  [[nodiscard]] std::chrono::milliseconds elapsed() const;
  [[nodiscard]] std::size_t datagrams() const { return sent_; }
  [[nodiscard]] std::size_t longest_datagram() const { return longest_; }
  // recorded is all that either end has sent, in that order.
  [[nodiscard]] const std::vector<Bytes>& recorded() const { return recorded_; }

  SimulatedTime time;
  std::unique_ptr<BoringEnd> client, server;

 private:
  struct Parcel {
    SimulatedTime::Point at;
    bool to_server;
    Bytes bytes;
  };
  void collect(BoringEnd& from, bool to_server);
  bool deliver();  // what is due
  // step returns false when nothing will happen `until` then without somebody else.
  bool step(SimulatedTime::Point until);
  void send(Bytes bytes, bool to_server);

  Route route_;
  bool datagrams_;
  std::mt19937 random_;
  std::vector<Parcel> under_way_;
  SimulatedTime::Point began_, settled_;
  std::size_t sent_ = 0, longest_ = 0;
  std::vector<Bytes> recorded_;
};

}  // namespace seatls::fake
