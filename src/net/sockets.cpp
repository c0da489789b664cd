#include "net/sockets.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace seatls::net {
namespace {

Error network(std::string what, const base::HostPort& where) {
  return {Code::network, std::move(what), to_text(where)};
}

}  // namespace

Result<Addresses> resolve(const base::HostPort& address, bool to_listen) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (to_listen ? AI_PASSIVE : 0);
  addrinfo* list = nullptr;
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  if (const int e = getaddrinfo(host, address.port.c_str(), &hints, &list); e != 0)
    return network(std::string("the name cannot be resolved: ") + gai_strerror(e), address);
  return Addresses(list);
}

Result<base::Descriptor> listen_tcp(const base::HostPort& address) {
  SEATLS_TRY(const auto list, resolve(address, true));
  int last = 0;
  for (const addrinfo* a = list.get(); a != nullptr; a = a->ai_next) {
    base::Descriptor fd(::socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol));
    const int on = 1;
    if (fd) setsockopt(fd.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd && ::bind(fd.fd(), a->ai_addr, a->ai_addrlen) == 0 && ::listen(fd.fd(), SOMAXCONN) == 0) return fd;
    last = errno;
  }
  return network(std::string("cannot listen: ") + std::strerror(last) + "; port 0 picks a free one", address);
}

sockaddr_un unix_address(std::string_view file) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  std::copy_n(file.data(), std::min(file.size(), sizeof out.sun_path - 1), out.sun_path);
  return out;
}

}  // namespace seatls::net
