#include "proxy/http_filter.h"

#include "proxy/http_exchange.h"

namespace seatls::proxy {
namespace {

class HttpFilter final : public Filter {
 public:
  HttpFilter(std::shared_ptr<const config::HttpRules> rules, HttpConnection connection, base::Clock now)
      : rules_(rules),
        http_(std::move(rules), {connection.role == Role::server, std::move(connection.peer_address)},
              std::move(now), HttpLimits{}),
        peer_(connection.role == Role::server ? http_.client : http_.server),
        upstream_(connection.role == Role::server ? http_.server : http_.client) {}
  HttpFilter(const HttpFilter&) = delete;
  HttpFilter& operator=(const HttpFilter&) = delete;

  Result<void> peer_sent(ByteView data) override { return sent(peer_, data); }
  Result<void> upstream_sent(ByteView data) override { return sent(upstream_, data); }
  void peer_ended() override { ended(peer_); }
  void upstream_ended() override { ended(upstream_); }
  void upstream_failed(const Error& error) override {
    if (&upstream_ == &http_.server) http_.server_failed(error);
    ended(upstream_);
  }

  void upstream_connected() override {
    if (&upstream_ == &http_.server) http_.server_connected();
    go_on();
  }
  [[nodiscard]] Upstream upstream() const override {
    return &upstream_ == &http_.server ? http_.upstream() : Upstream::used;
  }

  [[nodiscard]] ByteView for_upstream() const override { return upstream_.out.view(); }
  void taken_by_upstream(std::size_t n) override { taken(upstream_, n); }
  [[nodiscard]] ByteView for_peer() const override { return peer_.out.view(); }
  void taken_by_peer(std::size_t n) override { taken(peer_, n); }
  [[nodiscard]] bool end_upstream() const override { return upstream_.shut && upstream_.out.empty(); }
  [[nodiscard]] bool end_peer() const override { return peer_.shut && peer_.out.empty(); }
  [[nodiscard]] std::optional<Error> broken() const override { return http_.failure(); }
  [[nodiscard]] bool wants_peer() const override { return http_.wants(peer_); }
  [[nodiscard]] bool wants_upstream() const override { return http_.wants(upstream_); }

  [[nodiscard]] std::optional<Demand> demand() const override { return http_.demand(); }
  void decided(Result<void> outcome) override {
    http_.decided(outcome);
    go_on();
  }
  void verdict(const PeerVerdict& verdict) override {
    http_.verdict(facts_of(verdict, *rules_));
    go_on();
  }
  void wind_up() override {
    http_.wind_up();
    go_on();
  }

 private:
  using Side = HttpExchange::Side;

  Result<void> sent(Side& side, ByteView data) {
    // Behind the end, what still comes has nowhere to go.
    if (!http_.finished()) side.in.put(data);
    return http_.go_on();
  }
  void ended(Side& side) {
    side.ended = true;
    go_on();
  }
  void taken(Side& side, std::size_t n) {
    side.out.take(n);
    go_on();
  }
  // What goes wrong here is told by broken().
  void go_on() { static_cast<void>(http_.go_on()); }

  std::shared_ptr<const config::HttpRules> rules_;
  HttpExchange http_;
  Side& peer_;
  Side& upstream_;
};

}  // namespace

std::unique_ptr<Filter> make_http_filter(std::shared_ptr<const config::HttpRules> rules,
                                         HttpConnection connection, base::Clock now) {
  return std::make_unique<HttpFilter>(std::move(rules), std::move(connection), std::move(now));
}

}  // namespace seatls::proxy
