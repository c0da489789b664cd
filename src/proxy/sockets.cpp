#include "proxy/sockets.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <sstream>

#include "net/sockets.h"

namespace seatls::proxy {
namespace {

constexpr int first_inherited = 3;  // SD_LISTEN_FDS_START

Error network(const config::SocketAddress& where, const std::string& what) {
  return {Code::network, what, where.text()};
}

Result<std::vector<Descriptor>> one(Descriptor fd) {
  std::vector<Descriptor> out;
  out.push_back(std::move(fd));
  return out;
}

// abandoned tells whether a socket's file is left over: nobody listens on it.
bool abandoned(const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return ::connect(probe.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

Result<std::vector<Descriptor>> listen_unix(const config::SocketAddress& where) {
  const auto address = net::unix_address(where.name);
  if (abandoned(address)) ::unlink(address.sun_path);
  Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || ::bind(fd.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.fd(), SOMAXCONN) != 0)
    return network(where, std::string("cannot listen: ") + std::strerror(errno));
  return one(std::move(fd));
}

int number_in(const char* name) {
  const char* text = std::getenv(name);
  int value = 0;
  if (text == nullptr) return 0;
  const auto end = text + std::strlen(text);
  return std::from_chars(text, end, value).ptr == end ? value : 0;
}

}  // namespace

std::string Endpoint::host() const {
  char host[NI_MAXHOST] = "";
  if (family() != AF_INET && family() != AF_INET6) return "";
  getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host, sizeof host, nullptr, 0,
              NI_NUMERICHOST);
  return host;
}

std::string Endpoint::text() const {
  char port[NI_MAXSERV] = "";
  if (family() != AF_INET && family() != AF_INET6) return "unix:";
  getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, nullptr, 0, port, sizeof port,
              NI_NUMERICSERV);
  return config::to_text(config::HostPort{host(), port});
}

Endpoint local_end(int fd) {
  Endpoint out;
  out.length = sizeof out.address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&out.address), &out.length) != 0) out.length = 0;
  return out;
}

Endpoint remote_end(int fd) {
  Endpoint out;
  out.length = sizeof out.address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&out.address), &out.length) != 0) out.length = 0;
  return out;
}

Inherited Inherited::take() {
  Inherited out;
  const int count = number_in("LISTEN_PID") == ::getpid() ? number_in("LISTEN_FDS") : 0;
  const char* names = std::getenv("LISTEN_FDNAMES");
  std::istringstream list(names != nullptr ? names : "");
  for (int fd = first_inherited; fd < first_inherited + count; ++fd) {
    std::string name;
    if (!std::getline(list, name, ':')) name = "unknown";
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    out.by_name_[name].emplace_back(fd);
  }
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  return out;
}

Result<std::vector<Descriptor>> Inherited::copies(const std::string& name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end())
    return Error{Code::configuration,
                 "systemd handed over no socket of this name; write FileDescriptorName=" + name +
                     " into the .socket unit",
                 "systemd:" + name};
  std::vector<Descriptor> out;
  for (const auto& fd : found->second) {
    out.emplace_back(fcntl(fd.fd(), F_DUPFD_CLOEXEC, 0));
    if (!out.back()) return Error{Code::network, std::strerror(errno), "systemd:" + name};
  }
  return out;
}

Result<std::vector<Descriptor>> listen_at(const config::SocketAddress& address, const Inherited& inherited) {
  switch (address.kind) {
    case config::SocketAddress::Kind::tcp: {
      SEATLS_TRY(auto fd, net::listen_tcp(address.tcp));
      return one(std::move(fd));
    }
    case config::SocketAddress::Kind::unix_path: return listen_unix(address);
    case config::SocketAddress::Kind::systemd: break;
  }
  return inherited.copies(address.name);
}

int first_of_reserve() {
  constexpr rlim_t reserve = 32;
  rlimit limit{};
  constexpr int none = std::numeric_limits<int>::max();
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > none) return none;
  return static_cast<int>(limit.rlim_cur - std::min(reserve, limit.rlim_cur / 4));
}

void prepare(int fd) {
  const int on = 1;
  // Both fail on a Unix socket, which needs neither.
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

void reset_when_closed(int fd, bool on) {
  const linger at_once{.l_onoff = on ? 1 : 0, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace seatls::proxy
