#include "bench/place.h"

#include <stdlib.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>

namespace seatls::bench {

Result<Folder> Folder::make() {
  std::string path = (std::filesystem::temp_directory_path() / "seatls-bench-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) return Error{Code::io, "no temporary folder can be made", path};
  return Folder(path);
}

Folder::~Folder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

Result<void> allow_descriptors(std::uint64_t needed) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return {};
  limit.rlim_cur = std::min<rlim_t>(needed, limit.rlim_max);
  if (limit.rlim_cur == needed && ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return Error{
      Code::configuration,
      std::to_string(needed) + " file descriptors are needed; raise `ulimit -n`, or take fewer connections",
      "bench"};
}

}  // namespace seatls::bench
