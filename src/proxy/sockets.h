// Sockets of the proxy, non-blocking: where it listens, and who is at the other end.
#pragma once

#include <sys/socket.h>

#include <map>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "config/proxy.h"
#include "seatls/error.h"

namespace seatls::proxy {

using base::Descriptor;

// Endpoint is one end of a connection.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;

  [[nodiscard]] int family() const { return length == 0 ? AF_UNSPEC : address.ss_family; }
  [[nodiscard]] std::string host() const;  // "192.0.2.1"; empty for anything but TCP
  [[nodiscard]] std::string text() const;  // "192.0.2.1:4711", "[2001:db8::1]:4711", "unix:"
};
[[nodiscard]] Endpoint local_end(int fd);
[[nodiscard]] Endpoint remote_end(int fd);

// Inherited are the sockets that systemd opened for this process (sd_listen_fds(3)), by their names.
class Inherited {
 public:
  // take reads the environment, once in a process's life, and removes what it read.
  [[nodiscard]] static Inherited take();
  // copies returns descriptors of the sockets of this name, to be owned by who asked. Errors: configuration
  // for no such name, network.
  [[nodiscard]] Result<std::vector<Descriptor>> copies(const std::string& name) const;

 private:
  std::map<std::string, std::vector<Descriptor>> by_name_;
};

// listen_at opens what an address means, most often one socket. A Unix socket that nobody listens on any more
// is replaced. Errors: network, configuration.
[[nodiscard]] Result<std::vector<Descriptor>> listen_at(const config::SocketAddress& address,
                                                        const Inherited& inherited);

// first_of_reserve: this descriptor and those behind it are not for connections, nor for their other sides.
// Probes need some, what attests a peer again, and a configuration that is read anew.
[[nodiscard]] int first_of_reserve();

// prepare sets what the proxy wants of a TCP connection; of a Unix socket nothing.
void prepare(int fd);
// reset_when_closed has a close of a TCP connection tell the other end that it was broken off, even where the
// kernel closes it for a process that was killed.
void reset_when_closed(int fd, bool on);

}  // namespace seatls::proxy
