#include "cli/sockets.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/sockets.h"

namespace seatls::cli {
namespace {

Error network(const std::string& what, const config::HostPort& where) {
  return {Code::network, what, to_text(where)};
}

config::HostPort numeric(const sockaddr_storage& storage, socklen_t length) {
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  getnameinfo(reinterpret_cast<const sockaddr*>(&storage), length, host, sizeof host, port, sizeof port,
              NI_NUMERICHOST | NI_NUMERICSERV);
  return {host, port};
}

// finish_connect waits for a connect() under way. Returns 0 or an errno.
int finish_connect(int fd, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return ETIMEDOUT;
    pollfd p{fd, POLLOUT, 0};
    const int n = poll(&p, 1, static_cast<int>(left.count()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0 ? ETIMEDOUT : errno;
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
  }
}

}  // namespace

Result<Socket> connect_to(const config::HostPort& address, std::chrono::milliseconds limit) {
  SEATLS_TRY(const auto list, net::resolve(address, false));
  const auto deadline = std::chrono::steady_clock::now() + limit;
  int last = 0;
  for (const addrinfo* a = list.get(); a != nullptr; a = a->ai_next) {
    Socket s(::socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol));
    if (s.fd() < 0) {
      last = errno;
      continue;
    }
    const int one = 1;
    setsockopt(s.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    last = ::connect(s.fd(), a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (last == EINPROGRESS) last = finish_connect(s.fd(), deadline);
    if (last == 0) return s;
  }
  if (last == ETIMEDOUT)
    return Error{Code::timed_out, "no connection within " + std::to_string(limit.count()) + " ms",
                 to_text(address)};
  return network(std::string(std::strerror(last)) + "; does the server run there?", address);
}

Result<Socket> accept_from(const Socket& listener, std::string* peer) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  Socket s(
      ::accept4(listener.fd(), reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (s.fd() >= 0) {
    const int one = 1;
    setsockopt(s.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *peer = to_text(numeric(storage, length));
    return s;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED) return s;
  return Error{Code::network, std::string("accept: ") + std::strerror(errno), ""};
}

config::HostPort local_address(const Socket& socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&storage), &length);
  return numeric(storage, length);
}

int milliseconds_until(std::chrono::steady_clock::time_point at) {
  const auto now = std::chrono::steady_clock::now();
  if (at <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at - now).count();
  return static_cast<int>(std::min<std::int64_t>(left, 3'600'000));
}

void make_non_blocking(int fd) {
  if (const int flags = fcntl(fd, F_GETFL); flags >= 0) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

}  // namespace seatls::cli
