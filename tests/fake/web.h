// Web: a web server on this machine that keeps many connections open at a time, and answers when the test
// says so: at once, or later.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "seatls/bytes.h"

namespace seatls::fake {

class Web {
 public:
  struct Request {
    std::string method, target;
    std::string head;  // the request line and the headers, as they came
    Bytes body;
  };
  // Reply sends these bytes; none: the connection is closed. From any thread, while the server lives.
  using Reply = std::function<void(std::string)>;
  using Handler = std::function<void(const Request&, Reply)>;

  explicit Web(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 1024) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      std::abort();
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~Web() {
    stop_ = true;
    notify();
    thread_.join();
    for (const auto& [fd, connection] : connections_) ::close(fd);
    ::close(listener_);
    ::close(event_);
  }
  Web(const Web&) = delete;
  Web& operator=(const Web&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] unsigned accepted() const { return accepted_; }  // connections, so far

  static std::string response(unsigned status, const std::string& type, const std::string& body,
                              const std::string& headers = "") {
    return "HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n" + (type.empty() ? "" : "Content-Type: " + type + "\r\n") + headers + "\r\n" + body;
  }

 private:
  struct Connection {
    unsigned number = 0;
    std::string in, out;
    bool end = false;  // once everything is sent
  };

  void notify() const {
    const std::uint64_t one = 1;
    std::ignore = ::write(event_, &one, sizeof one);
  }
  void reply(unsigned number, std::string bytes) {
    const std::scoped_lock lock(mutex_);
    replies_.emplace_back(number, std::move(bytes));
    notify();
  }

  void run() {
    while (!stop_) {
      std::vector<pollfd> waiting{{listener_, POLLIN, 0}, {event_, POLLIN, 0}};
      for (const auto& [fd, c] : connections_)
        waiting.push_back({fd, static_cast<short>(c.out.empty() ? POLLIN : POLLIN | POLLOUT), 0});
      ::poll(waiting.data(), waiting.size(), -1);
      std::uint64_t count = 0;
      std::ignore = ::read(event_, &count, sizeof count);
      while (true) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) break;
        connections_[fd].number = ++accepted_;
      }
      for (const auto& p : waiting)
        if ((p.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && connections_.contains(p.fd)) read(p.fd);
      deliver();
      for (auto it = connections_.begin(); it != connections_.end();) {
        const bool open = write(it->first, it->second);
        if (!open) ::close(it->first);
        it = open ? std::next(it) : connections_.erase(it);
      }
    }
  }

  void read(int fd) {
    auto& c = connections_.at(fd);
    char chunk[16384];
    while (true) {
      const auto n = ::recv(fd, chunk, sizeof chunk, 0);
      if (n == 0) c.end = true;
      if (n <= 0) break;
      c.in.append(chunk, static_cast<std::size_t>(n));
    }
    const auto head = c.in.find("\r\n\r\n");
    if (head == std::string::npos) return;
    constexpr std::string_view length = "\r\nContent-Length: ";
    const auto at = c.in.find(length);
    const std::size_t size = at < head ? std::stoul(c.in.substr(at + length.size())) : 0;
    if (c.in.size() < head + 4 + size) return;
    Request request;
    request.head = c.in.substr(0, head + 2);
    request.body = bytes(view(c.in).subspan(head + 4, size));
    c.in.erase(0, head + 4 + size);
    const auto space = request.head.find(' ');
    request.method = request.head.substr(0, space);
    request.target = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
    handler_(request, [this, number = c.number](std::string bytes) { reply(number, std::move(bytes)); });
  }

  void deliver() {
    std::vector<std::pair<unsigned, std::string>> replies;
    {
      const std::scoped_lock lock(mutex_);
      replies.swap(replies_);
    }
    std::map<unsigned, Connection*> by_number;
    for (auto& [fd, c] : connections_) by_number[c.number] = &c;
    for (auto& [number, bytes] : replies) {
      const auto found = by_number.find(number);
      if (found == by_number.end()) continue;
      found->second->end = bytes.empty();
      found->second->out += bytes;
    }
  }

  static bool write(int fd, Connection& c) {
    if (!c.out.empty()) {
      const auto n = ::send(fd, c.out.data(), c.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) return false;
      if (n > 0) c.out.erase(0, static_cast<std::size_t>(n));
    }
    return !(c.end && c.out.empty());
  }

  const Handler handler_;
  int listener_ = -1, event_ = -1;
  unsigned port_ = 0;
  std::atomic<unsigned> accepted_{0};
  std::atomic<bool> stop_{false};
  std::map<int, Connection> connections_;
  std::mutex mutex_;
  std::vector<std::pair<unsigned, std::string>> replies_;
  std::thread thread_;
};

}  // namespace seatls::fake
