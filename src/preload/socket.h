// The socket between library and helper: where it is, who is at the other end, one message each way.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::preload {

// Address is an abstract Unix socket (a worker may have changed its user, or live in a chroot), and who
// listens there: an abstract name that its owner has left is anybody's to take.
struct Address {
  std::string name;
  pid_t pid = 0;
  uid_t uid = 0;

  [[nodiscard]] std::string text() const;  // "NAME:PID:UID"
  [[nodiscard]] static std::optional<Address> parse(std::string_view text);
};

// The environment variable that tells it.
inline constexpr const char* helper_variable = "SEATLS_EXEC_HELPER";

class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();
  [[nodiscard]] int fd() const { return fd_; }

  using Clock = std::chrono::steady_clock;

  // listen makes the helper's socket, under a name that nobody can guess.
  [[nodiscard]] static Result<Socket> listen(Address* address);
  // connect returns a connection whose other end is the helper that `address` tells of. Errors:
  // attester_unavailable.
  [[nodiscard]] static Result<Socket> connect(const Address& address, Clock::time_point deadline);

  // One message: its length in four bytes, and itself. Errors: timed_out, closed, io, limit_exceeded.
  [[nodiscard]] Result<void> send(ByteView message, Clock::time_point deadline) const;
  [[nodiscard]] Result<Bytes> receive(std::size_t most, Clock::time_point deadline) const;

 private:
  [[nodiscard]] Result<void> wait(short events, Clock::time_point deadline) const;
  [[nodiscard]] Result<void> read(std::uint8_t* into, std::size_t length, Clock::time_point deadline) const;
  int fd_;
};

// Peer is who made a connection, as the kernel knows it.
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
};
[[nodiscard]] std::optional<Peer> peer_of(int fd);

// descends tells whether `pid` is a process that `ancestor` started, at any remove. What is orphaned comes to
// the helper, which is a subreaper: the chain of parents of all that it started ends at it.
[[nodiscard]] bool descends(pid_t pid, pid_t ancestor);

}  // namespace seatls::preload
