// Addresses of sockets, and sockets that listen. They never wait.
#pragma once

#include <netdb.h>
#include <sys/un.h>

#include <memory>
#include <string_view>

#include "base/descriptor.h"
#include "base/host_port.h"
#include "seatls/error.h"

namespace seatls::net {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// resolve waits for the name to be resolved. `to_listen`: an empty host is every address of this machine.
// Errors: network.
[[nodiscard]] Result<Addresses> resolve(const base::HostPort& address, bool to_listen);

// listen_tcp binds the first address of the name that can be. Errors: network.
[[nodiscard]] Result<base::Descriptor> listen_tcp(const base::HostPort& address);

// unix_address is that of a file, whose name the caller knows to fit.
[[nodiscard]] sockaddr_un unix_address(std::string_view file);

}  // namespace seatls::net
