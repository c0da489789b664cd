#include "cli/client.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace seatls::cli {

using Want = openssl::Connection::Want;

Result<ClientLink> ClientLink::open(ssl_ctx_st* context, const config::HostPort& where,
                                    const std::string& name, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  SEATLS_TRY(auto socket, connect_to(where, limit));
  SEATLS_TRY(auto connection, openssl::Connection::create(context, socket.fd(), name));
  ClientLink link(std::move(socket), std::move(connection), deadline);
  for (;;) {
    SEATLS_TRY(const auto want, link.connection_.handshake());
    if (want == Want::nothing) return link;
    SEATLS_CHECK(link.wait_for(want));
  }
}

Result<void> ClientLink::wait_for(Want want) const {
  pollfd p{want == Want::credential ? connection_.credential_fd() : socket_.fd(),
           static_cast<short>(want == Want::write ? POLLOUT : POLLIN), 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    const int n = poll(&p, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
    if (n > 0) return {};
    if (n == 0)
      return Error{Code::timed_out, "the time limit passed while the peer was waited for", "connection"};
    if (errno != EINTR) return Error{Code::network, "poll failed", "connection"};
  }
}

Result<void> ClientLink::send(ByteView data) {
  while (!data.empty()) {
    Want want = Want::nothing;
    SEATLS_TRY(const auto n, connection_.write(data, &want));
    data = data.subspan(n);
    if (n == 0) SEATLS_CHECK(wait_for(want));
  }
  return {};
}

Result<Bytes> ClientLink::receive(std::size_t size) {
  Bytes out(size);
  std::size_t done = 0;
  while (done < size) {
    Want want = Want::nothing;
    SEATLS_TRY(const auto n, connection_.read(std::span(out).subspan(done), &want));
    done += n;
    if (n == 0) SEATLS_CHECK(wait_for(want));
  }
  return out;
}

}  // namespace seatls::cli
