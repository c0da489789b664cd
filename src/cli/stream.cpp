#include "cli/stream.h"

#include <algorithm>
#include <array>
#include <utility>

namespace seatls::cli {
namespace {

using Want = openssl::Connection::Want;

constexpr std::size_t most_held = 65'536;  // in each direction

}  // namespace

Result<void> PlainStream::step() {
  wants_write_ = false;
  while (!out_.empty()) {
    Want want = Want::nothing;
    SEATLS_TRY(const std::size_t n, connection_.write(out_, &want));
    if (n == 0) {
      wants_write_ = want == Want::write;
      break;
    }
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(n));
  }
  if (end_wanted_ && out_.empty() && !std::exchange(own_end_, true)) connection_.shutdown();
  std::array<std::uint8_t, 16'384> buffer;
  while (!their_end_ && in_.size() < most_held) {
    Want want = Want::nothing;
    const auto n = connection_.read(buffer, &want);
    if (!n) {
      if (n.error().code != Code::closed) return n.error();
      their_end_ = true;
    } else if (*n == 0) {
      break;
    } else {
      in_.insert(in_.end(), buffer.begin(), buffer.begin() + *n);
    }
  }
  if (ended()) return Error{Code::closed, "both ends are done", "connection"};
  return {};
}

Channel::Wants PlainStream::wants() const {
  Channel::Wants wants{.read = !their_end_ && in_.size() < most_held, .write = wants_write_ || !out_.empty()};
  // What the next step can do without waiting for the peer.
  if (their_end_ && end_wanted_ && out_.empty()) wants.at = Channel::Clock::time_point::min();
  return wants;
}

std::size_t PlainStream::write(ByteView data) {
  if (end_wanted_ || out_.size() >= most_held) return 0;
  const std::size_t n = std::min(data.size(), most_held - out_.size());
  out_.insert(out_.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(n));
  return n;
}

std::size_t PlainStream::read(std::span<std::uint8_t> into) {
  const std::size_t n = std::min(into.size(), in_.size());
  std::copy_n(in_.begin(), n, into.begin());
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(n));
  return n;
}

Result<Stream> Stream::open(openssl::Connection connection, const Rules& rules,
                            std::function<void(const Error&)> on_refused) {
  if (connection.alpn() != channel_alpn && !rules.demands_channel)
    return Stream(Either(PlainStream(std::move(connection))));
  ChannelOptions options = rules.channel;
  options.on_refused = std::move(on_refused);
  SEATLS_TRY(Channel channel, Channel::create(std::move(connection), std::move(options)));
  return Stream(Either(std::move(channel)));
}

Result<void> Stream::step() {
  return std::visit([](auto& s) { return s.step(); }, either_);
}
Channel::Wants Stream::wants() const {
  return std::visit([](const auto& s) { return s.wants(); }, either_);
}
bool Stream::is_open() const {
  const auto* channel = std::get_if<Channel>(&either_);
  return channel == nullptr || channel->gate_open();
}
std::size_t Stream::write(ByteView data) {
  return std::visit([&](auto& s) { return s.write(data); }, either_);
}
std::size_t Stream::read(std::span<std::uint8_t> into) {
  return std::visit([&](auto& s) { return s.read(into); }, either_);
}
void Stream::end() {
  std::visit([](auto& s) { s.end(); }, either_);
}
bool Stream::peer_ended() const {
  return std::visit([](const auto& s) { return s.peer_ended(); }, either_);
}
bool Stream::ended() const {
  return std::visit([](const auto& s) { return s.ended(); }, either_);
}

void Stream::require(std::chrono::milliseconds max_age, reattest::Claims claims,
                     std::function<void(Result<void>)> done) {
  if (auto* channel = std::get_if<Channel>(&either_))
    return channel->require(max_age, std::move(claims), std::move(done));
  done(Error{Code::attestation_required, "the peer does not speak seatls/1, and cannot be attested again",
             "connection"});
}

const openssl::Connection& Stream::connection() const {
  return std::visit([](const auto& s) -> const openssl::Connection& { return s.connection(); }, either_);
}
const reattest::Report* Stream::attestation() const {
  const auto* channel = std::get_if<Channel>(&either_);
  return channel != nullptr ? &channel->attestation() : nullptr;
}

}  // namespace seatls::cli
