#include "preload/socket.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include "base/encoding.h"

namespace seatls::preload {
namespace {

Error failed(const char* call, int why) {
  return {Code::io, std::string(call) + ": " + std::generic_category().message(why), "helper's socket"};
}

Error unreachable(const std::string& why) {
  return {Code::attester_unavailable, "the helper of `seatls exec` cannot be reached: " + why, {}};
}

// The leading zero makes the name an abstract one.
socklen_t fill(sockaddr_un& address, const std::string& name) {
  address = {};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::min(name.size(), sizeof(address.sun_path) - 1);
  std::memcpy(address.sun_path + 1, name.data(), length);
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
}

template <class N>
bool parse_number(std::string_view text, N* into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *into);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// parent_of reads the fourth field of /proc/PID/stat; the second one, the program's name, may hold anything.
pid_t parent_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::array<char, 512> buffer;
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  if (n <= 0) return 0;
  const std::string_view stat(buffer.data(), static_cast<std::size_t>(n));
  const auto end_of_name = stat.rfind(')');
  if (end_of_name == std::string_view::npos || stat.size() < end_of_name + 4) return 0;
  std::string_view rest = stat.substr(end_of_name + 4);  // ") S "
  rest = rest.substr(0, rest.find(' '));
  pid_t parent = 0;
  return parse_number(rest, &parent) ? parent : 0;
}

}  // namespace

std::string Address::text() const { return name + ":" + std::to_string(pid) + ":" + std::to_string(uid); }

std::optional<Address> Address::parse(std::string_view text) {
  const auto first = text.find(':');
  const auto second = text.find(':', first == std::string_view::npos ? first : first + 1);
  if (first == 0 || second == std::string_view::npos) return std::nullopt;
  Address address{std::string(text.substr(0, first)), 0, 0};
  if (!parse_number(text.substr(first + 1, second - first - 1), &address.pid) || address.pid <= 0 ||
      !parse_number(text.substr(second + 1), &address.uid))
    return std::nullopt;
  return address;
}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Socket> Socket::listen(Address* address) {
  Bytes random(16);
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    return Error{Code::crypto, "no random bytes", "helper's socket"};
  *address = {"seatls-exec-" + base::to_hex(random), ::getpid(), ::geteuid()};
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.fd() < 0) return failed("socket", errno);
  sockaddr_un at;
  const socklen_t length = fill(at, address->name);
  if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&at), length) != 0) return failed("bind", errno);
  if (::listen(socket.fd(), SOMAXCONN) != 0) return failed("listen", errno);
  return socket;
}

Result<Socket> Socket::connect(const Address& address, Clock::time_point deadline) {
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.fd() < 0) return unreachable(std::generic_category().message(errno));
  sockaddr_un at;
  const socklen_t length = fill(at, address.name);
  // EAGAIN: its queue is full at the moment. There is no event to wait for that.
  while (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&at), length) != 0) {
    if ((errno != EAGAIN && errno != EINTR) || Clock::now() >= deadline)
      return unreachable(std::generic_category().message(errno));
    ::poll(nullptr, 0, 1);
  }
  const auto peer = peer_of(socket.fd());
  if (!peer || peer->pid != address.pid || peer->uid != address.uid)
    return unreachable("another process has taken its socket");
  return socket;
}

Result<void> Socket::wait(short events, Clock::time_point deadline) const {
  using std::chrono::milliseconds;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left <= milliseconds::zero()) return Error{Code::timed_out, "no answer within the time limit", {}};
    pollfd fd{fd_, events, 0};
    const int n = ::poll(&fd, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (n > 0) return {};
    if (n < 0 && errno != EINTR) return failed("poll", errno);
  }
}

Result<void> Socket::send(ByteView message, Clock::time_point deadline) const {
  const auto size = static_cast<std::uint32_t>(message.size());
  Bytes framed{static_cast<std::uint8_t>(size >> 24), static_cast<std::uint8_t>(size >> 16),
               static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  framed.insert(framed.end(), message.begin(), message.end());
  for (std::size_t done = 0; done < framed.size();) {
    const ssize_t n = ::send(fd_, framed.data() + done, framed.size() - done, MSG_NOSIGNAL);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      SEATLS_CHECK(wait(POLLOUT, deadline));
    } else if (errno != EINTR) {
      return failed("send", errno);
    }
  }
  return {};
}

Result<void> Socket::read(std::uint8_t* into, std::size_t length, Clock::time_point deadline) const {
  for (std::size_t done = 0; done < length;) {
    const ssize_t n = ::recv(fd_, into + done, length - done, 0);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (n == 0) {
      return Error{Code::closed, "the other end has gone", "helper's socket"};
    } else if (errno == EAGAIN) {
      SEATLS_CHECK(wait(POLLIN, deadline));
    } else if (errno != EINTR) {
      return failed("recv", errno);
    }
  }
  return {};
}

Result<Bytes> Socket::receive(std::size_t most, Clock::time_point deadline) const {
  std::array<std::uint8_t, 4> head;
  SEATLS_CHECK(read(head.data(), head.size(), deadline));
  const std::size_t length = std::size_t{head[0]} << 24U | std::size_t{head[1]} << 16U |
                             std::size_t{head[2]} << 8U | std::size_t{head[3]};
  if (length > most) return Error{Code::limit_exceeded, "the message is too long", "helper's socket"};
  Bytes message(length);
  SEATLS_CHECK(read(message.data(), length, deadline));
  return message;
}

std::optional<Peer> peer_of(int fd) {
  ucred who{};
  socklen_t length = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0 || who.pid <= 0) return std::nullopt;
  return Peer{who.pid, who.uid};
}

bool descends(pid_t pid, pid_t ancestor) {
  for (int depth = 0; depth < 64 && pid > 1; ++depth) {
    if (pid == ancestor) return true;
    pid = parent_of(pid);
  }
  return false;
}

}  // namespace seatls::preload
