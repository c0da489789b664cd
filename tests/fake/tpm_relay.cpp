#include "fake/tpm_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace seatls::fake {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in a = loopback(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0 && listen(fd, 8) == 0) return fd;
  close(fd);
  return -1;
}

std::uint16_t port_of(int fd) {
  sockaddr_in a{};
  socklen_t n = sizeof a;
  getsockname(fd, reinterpret_cast<sockaddr*>(&a), &n);
  return ntohs(a.sin_port);
}

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in a = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0) return fd;
  close(fd);
  return -1;
}

bool send_all(int fd, const Bytes& data) {
  for (std::size_t at = 0; at < data.size();) {
    const ssize_t n = send(fd, data.data() + at, data.size() - at, MSG_NOSIGNAL);
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}

// Commands and responses alike: tag (2), size of the whole (4), code (4), the rest.
Bytes receive_message(int fd) {
  Bytes out(10);
  for (std::size_t at = 0; at < out.size();) {
    const ssize_t n = recv(fd, out.data() + at, out.size() - at, 0);
    if (n <= 0) return {};
    at += static_cast<std::size_t>(n);
    if (at == 10) {
      const std::size_t size = static_cast<std::size_t>(out[2]) << 24 | out[3] << 16 | out[4] << 8 | out[5];
      out.resize(std::max<std::size_t>(size, 10));
    }
  }
  return out;
}

// wait_readable gives up when `stop` is set.
bool wait_readable(int fd, const std::atomic<bool>& stop) {
  while (!stop) {
    pollfd p{fd, POLLIN, 0};
    if (poll(&p, 1, 20) == 1) return true;
  }
  return false;
}

}  // namespace

TpmRelay::TpmRelay(const std::string& tcti, Hook hook) : hook_(std::move(hook)) {
  target_ = static_cast<std::uint16_t>(std::stoi(tcti.substr(tcti.rfind('=') + 1)));
  for (int i = 0; i < 100 && control_ < 0; ++i) {
    if (data_ >= 0) close(data_);
    data_ = listen_on(0);
    port_ = port_of(data_);
    control_ = listen_on(static_cast<std::uint16_t>(port_ + 1));
  }
  if (control_ < 0) throw std::runtime_error("no two free ports");
  threads_.emplace_back([this] { serve_data(); });
  threads_.emplace_back([this] { serve_control(); });
}

TpmRelay::~TpmRelay() {
  stop_ = true;
  for (auto& t : threads_) t.join();
  close(data_);
  close(control_);
}

std::string TpmRelay::tcti() const { return "swtpm:host=127.0.0.1,port=" + std::to_string(port_); }

void TpmRelay::serve_data() {
  while (wait_readable(data_, stop_)) {
    const int client = accept4(data_, nullptr, nullptr, SOCK_CLOEXEC);
    const int tpm = connect_to(target_);
    if (client >= 0 && tpm >= 0) one_connection(client, tpm);
    if (client >= 0) close(client);
    if (tpm >= 0) close(tpm);
  }
}

void TpmRelay::one_connection(int client, int tpm) {
  const Transact transact = [tpm](const Bytes& command) {
    return send_all(tpm, command) ? receive_message(tpm) : Bytes{};
  };
  while (wait_readable(client, stop_)) {
    const Bytes command = receive_message(client);
    if (command.size() < 10) return;
    const std::uint32_t code = static_cast<std::uint32_t>(command[6]) << 24 |
                               static_cast<std::uint32_t>(command[7]) << 16 |
                               static_cast<std::uint32_t>(command[8]) << 8 | command[9];
    const Bytes response = hook_(code, command, transact);
    if (response.empty() || !send_all(client, response)) return;
  }
}

// One request and one response each; neither is longer than a few bytes.
void TpmRelay::serve_control() {
  while (wait_readable(control_, stop_)) {
    const int client = accept4(control_, nullptr, nullptr, SOCK_CLOEXEC);
    const int tpm = connect_to(static_cast<std::uint16_t>(target_ + 1));
    std::array<std::uint8_t, 256> buffer{};
    ssize_t n = client >= 0 && tpm >= 0 ? recv(client, buffer.data(), buffer.size(), 0) : 0;
    if (n > 0 && send_all(tpm, Bytes(buffer.data(), buffer.data() + n))) {
      n = recv(tpm, buffer.data(), buffer.size(), 0);
      if (n > 0) send_all(client, Bytes(buffer.data(), buffer.data() + n));
    }
    if (client >= 0) close(client);
    if (tpm >= 0) close(tpm);
  }
}

}  // namespace seatls::fake
