#include "proxy/buffer.h"
#include "proxy/filter.h"

namespace seatls::proxy {
namespace {

// So much waits in each direction, and what one read brings on top of it.
constexpr std::size_t most_waiting = 64U << 10U;

class TcpFilter final : public Filter {
 public:
  Result<void> peer_sent(ByteView data) override {
    to_upstream_.put(data);
    return {};
  }
  Result<void> upstream_sent(ByteView data) override {
    to_peer_.put(data);
    return {};
  }
  void peer_ended() override { peer_ended_ = true; }
  void upstream_ended() override { upstream_ended_ = true; }

  [[nodiscard]] ByteView for_upstream() const override {
    return restricted_ ? ByteView() : to_upstream_.view();
  }
  void taken_by_upstream(std::size_t n) override { to_upstream_.take(n); }
  [[nodiscard]] ByteView for_peer() const override { return restricted_ ? ByteView() : to_peer_.view(); }
  void taken_by_peer(std::size_t n) override { to_peer_.take(n); }

  // An end is a message, too: it waits behind the bytes before it.
  [[nodiscard]] bool end_upstream() const override {
    return !restricted_ && peer_ended_ && to_upstream_.empty();
  }
  [[nodiscard]] bool end_peer() const override { return !restricted_ && upstream_ended_ && to_peer_.empty(); }
  [[nodiscard]] bool wants_peer() const override {
    return !restricted_ && !peer_ended_ && to_upstream_.size() < most_waiting;
  }
  [[nodiscard]] bool wants_upstream() const override {
    return !restricted_ && !upstream_ended_ && to_peer_.size() < most_waiting;
  }

  [[nodiscard]] std::optional<Demand> demand() const override { return {}; }
  void decided(Result<void>) override {}
  void verdict(const PeerVerdict& verdict) override { restricted_ = verdict.restricted; }

 private:
  Buffer to_upstream_, to_peer_;
  bool peer_ended_ = false, upstream_ended_ = false;
  bool restricted_ = true;  // until the first verdict
};

}  // namespace

std::unique_ptr<Filter> make_tcp_filter() { return std::make_unique<TcpFilter>(); }

}  // namespace seatls::proxy
