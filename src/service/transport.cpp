#include "service/transport.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace seatls::service {
namespace {

class Tls final : public Transport {
 public:
  Tls(std::shared_ptr<ssl_ctx_st> context, openssl::Connection connection)
      : context_(std::move(context)), connection_(std::move(connection)) {}
  Result<Want> handshake() override { return connection_.handshake(); }
  Result<std::size_t> read(std::span<std::uint8_t> into, Want* want) override {
    return connection_.read(into, want);
  }
  Result<std::size_t> write(ByteView from, Want* want) override { return connection_.write(from, want); }
  int credential_fd() const override { return connection_.credential_fd(); }
  void shutdown() override { connection_.shutdown(); }

 private:
  const std::shared_ptr<ssl_ctx_st> context_;
  openssl::Connection connection_;
};

class Plain final : public Transport {
 public:
  explicit Plain(int fd) : fd_(fd) {}
  Result<Want> handshake() override { return Want::nothing; }
  Result<std::size_t> read(std::span<std::uint8_t> into, Want* want) override {
    *want = Want::nothing;
    const auto got = ::recv(fd_, into.data(), into.size(), 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) return Error{Code::closed, "", ""};
    return waits_or_fails(Want::read, want);
  }
  Result<std::size_t> write(ByteView from, Want* want) override {
    *want = Want::nothing;
    const auto sent = ::send(fd_, from.data(), from.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    return waits_or_fails(Want::write, want);
  }
  int credential_fd() const override { return -1; }
  void shutdown() override { ::shutdown(fd_, SHUT_WR); }

 private:
  static Result<std::size_t> waits_or_fails(Want what, Want* want) {
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
      return Error{Code::network, std::strerror(errno), ""};
    *want = what;
    return std::size_t{0};
  }
  const int fd_;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_tls(std::shared_ptr<ssl_ctx_st> context, int fd) {
  SEATLS_TRY(auto connection, openssl::Connection::create(context.get(), fd));
  return std::unique_ptr<Transport>(std::make_unique<Tls>(std::move(context), std::move(connection)));
}

std::unique_ptr<Transport> make_plain(int fd) { return std::make_unique<Plain>(fd); }

}  // namespace seatls::service
