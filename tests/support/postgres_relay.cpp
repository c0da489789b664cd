#include "support/postgres_relay.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>

namespace seatls::testing {
namespace {

using namespace std::chrono_literals;

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

bool send_all(int fd, const std::vector<char>& data) {
  return send(fd, data.data(), data.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(data.size());
}

std::vector<char> receive(int fd) {
  std::vector<char> data(1 << 16);
  const ssize_t got = recv(fd, data.data(), data.size(), 0);
  data.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return data;
}

// A client sends COMMIT by itself, as a simple query.
bool is_commit(const std::vector<char>& data) {
  const std::string_view text(data.data(), data.size());
  return text.starts_with('Q') && text.find("COMMIT") != std::string_view::npos;
}

}  // namespace

PostgresRelay::PostgresRelay(std::filesystem::path folder, std::filesystem::path server)
    : server_(std::move(server)), listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_un own = address_of(folder / ".s.PGSQL.5432");
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0) listen(listener_, 16);
  acceptor_ = std::thread([this] { serve(); });
}

PostgresRelay::~PostgresRelay() {
  ending_ = true;
  acceptor_.join();
  for (std::thread& one : relays_) one.join();
  close(listener_);
}

void PostgresRelay::serve() {
  while (!ending_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, 20) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) relays_.emplace_back([this, client] { relay(client); });
  }
}

void PostgresRelay::relay(int client) {
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un real = address_of(server_);
  bool open = connect(server, reinterpret_cast<const sockaddr*>(&real), sizeof real) == 0;
  while (open && !ending_) {
    pollfd waiting[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(waiting, 2, 20) <= 0) continue;
    if (waiting[0].revents != 0) {
      const auto data = receive(client);
      open =
          !data.empty() && (is_commit(data) ? forward_commit(client, server, data) : send_all(server, data));
    }
    if (open && waiting[1].revents != 0) {
      const auto data = receive(server);
      open = !data.empty() && send_all(client, data);
    }
  }
  shutdown(client, SHUT_RDWR);
  close(client);
  close(server);
}

bool PostgresRelay::forward_commit(int client, int server, const std::vector<char>& message) {
  const Break how = next_.exchange(Break::none);
  if (how == Break::none) return send_all(server, message);
  ++broken_;
  if (how == Break::before_commit) return false;
  if (how == Break::late_commit) {
    shutdown(client, SHUT_RDWR);
    std::this_thread::sleep_for(300ms);
  }
  if (send_all(server, message)) (void)receive(server);
  return false;
}

}  // namespace seatls::testing
