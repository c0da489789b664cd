// Transport: a non-blocking connection, TLS or plain, of which reads and writes say what they wait for.
#pragma once

#include <memory>
#include <span>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/openssl.h"

namespace seatls::service {

class Transport {
 public:
  using Want = openssl::Connection::Want;
  virtual ~Transport() = default;
  // handshake, read and write are those of openssl::Connection.
  [[nodiscard]] virtual Result<Want> handshake() = 0;
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::uint8_t> into, Want* want) = 0;
  [[nodiscard]] virtual Result<std::size_t> write(ByteView from, Want* want) = 0;
  [[nodiscard]] virtual int credential_fd() const = 0;
  virtual void shutdown() = 0;
};

// Both leave the socket to their caller. Errors: internal.
[[nodiscard]] Result<std::unique_ptr<Transport>> make_tls(std::shared_ptr<ssl_ctx_st> context, int fd);
[[nodiscard]] std::unique_ptr<Transport> make_plain(int fd);

}  // namespace seatls::service
