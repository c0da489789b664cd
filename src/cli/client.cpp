#include "cli/client.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>

namespace seatls::cli {

using Want = openssl::Connection::Want;

namespace {

// wait_for waits until one of two descriptors is ready, or until `at`; past the deadline it fails.
Result<void> wait_for(std::array<pollfd, 2> fds, std::optional<ClientLink::Clock::time_point> at,
                      ClientLink::Clock::time_point deadline) {
  if (ClientLink::Clock::now() >= deadline)
    return Error{Code::timed_out, "the time limit passed while the peer was waited for", "connection"};
  if (poll(fds.data(), fds.size(), milliseconds_until(std::min(at.value_or(deadline), deadline))) < 0 &&
      errno != EINTR)
    return Error{Code::network, "poll failed", "connection"};
  return {};
}

}  // namespace

Result<ClientLink> ClientLink::open(ssl_ctx_st* context, const LoadedConfig& loaded,
                                    const config::HostPort& where, const std::string& name,
                                    std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  SEATLS_TRY(auto socket, connect_to(where, limit));
  SEATLS_TRY(auto connection, openssl::Connection::create(context, socket.fd(), name));
  for (;;) {
    SEATLS_TRY(const auto want, connection.handshake());
    if (want == Want::nothing) break;
    const int fd = want == Want::credential ? connection.credential_fd() : socket.fd();
    const short events = want == Want::write ? POLLOUT : POLLIN;
    SEATLS_CHECK(wait_for({{{fd, events, 0}, {-1, 0, 0}}}, std::nullopt, deadline));
  }
  SEATLS_TRY(auto stream, Stream::open(std::move(connection), Stream::Rules(loaded)));
  ClientLink link(std::move(socket), std::move(stream), deadline);
  for (;;) {
    if (auto stepped = link.stream_.step(); !stepped) {
      const Code code = stepped.error().code;
      if (code != Code::closed && code != Code::network) return std::move(stepped).error();
      return Error{
          Code::refused_by_peer,
          "the server closed the connection after the handshake, before its verdict: so a server does "
          "that does not accept the client",
          {}};
    }
    if (link.stream_.is_open()) return link;
    SEATLS_CHECK(link.wait());
  }
}

Result<void> ClientLink::wait() const {
  const auto wants = stream_.wants();
  const int events = (wants.read ? POLLIN : 0) | (wants.write ? POLLOUT : 0);
  return wait_for({{{socket_.fd(), static_cast<short>(events), 0}, {wants.event_fd, POLLIN, 0}}}, wants.at,
                  deadline_);
}

Result<void> ClientLink::send(ByteView data) {
  for (;;) {
    data = data.subspan(stream_.write(data));
    SEATLS_CHECK(stream_.step());
    if (data.empty() && !stream_.wants().write) return {};
    SEATLS_CHECK(wait());
  }
}

Result<Bytes> ClientLink::receive(std::size_t size) {
  Bytes out(size);
  for (std::size_t done = 0;;) {
    done += stream_.read(std::span(out).subspan(done));
    if (done == size) return out;
    if (stream_.peer_ended()) return Error{Code::closed, "the peer sent no more", "connection"};
    SEATLS_CHECK(wait());
    SEATLS_CHECK(stream_.step());
  }
}

Result<void> ClientLink::require(std::chrono::milliseconds max_age) {
  const auto answer = std::make_shared<std::optional<Result<void>>>();
  stream_.require(max_age, {}, [answer](Result<void> result) { *answer = std::move(result); });
  while (!*answer) {
    const auto stepped = stream_.step();
    if (*answer) break;  // a refusal ends the stream, too; its reason is the answer
    SEATLS_CHECK(stepped);
    SEATLS_CHECK(wait());
  }
  return std::move(**answer);
}

}  // namespace seatls::cli
