// LoopServer: a web server on this machine that answers each request with the bytes that a test gives it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "crypto/signature.h"
#include "crypto/x509.h"

namespace seatls::testing {

class LoopServer {
 public:
  // What is sent, byte for byte; an empty text closes without an answer.
  using Answer = std::function<std::string(const std::string& request)>;
  struct Tls {
    std::string certificate_pem, key_pem;
  };

  explicit LoopServer(Answer answer, const Tls* tls = nullptr) : answer_(std::move(answer)) {
    if (tls != nullptr) start_tls(*tls);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      std::abort();
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~LoopServer() {
    stop_ = true;
    thread_.join();
    ::close(listener_);
  }
  LoopServer(const LoopServer&) = delete;
  LoopServer& operator=(const LoopServer&) = delete;

  [[nodiscard]] std::string url(const std::string& path) const {
    return std::string(context_ ? "https" : "http") + "://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] unsigned port() const { return port_; }
  [[nodiscard]] const std::atomic<bool>& stopped() const { return stop_; }

  static std::string ok(const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n" +
           headers + "\r\n" + body;
  }

 private:
  struct Connection {
    int fd;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, SSL_free};
    [[nodiscard]] int read(char* out, int size) const {
      return ssl ? SSL_read(ssl.get(), out, size)
                 : static_cast<int>(::recv(fd, out, static_cast<std::size_t>(size), 0));
    }
    [[nodiscard]] int write(const char* data, int size) const {
      return ssl ? SSL_write(ssl.get(), data, size)
                 : static_cast<int>(::send(fd, data, static_cast<std::size_t>(size), MSG_NOSIGNAL));
    }
  };

  void start_tls(const Tls& tls) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2), and clients leave in the middle
    context_.reset(SSL_CTX_new(TLS_server_method()));
    const std::unique_ptr<BIO, decltype(&BIO_free)> certificate(
        BIO_new_mem_buf(tls.certificate_pem.data(), -1), BIO_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> key(BIO_new_mem_buf(tls.key_pem.data(), -1), BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> x(
        PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr), X509_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> k(
        PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    if (SSL_CTX_use_certificate(context_.get(), x.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context_.get(), k.get()) != 1)
      std::abort();
  }

  void run() {
    while (!stop_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, 20) != 1) continue;
      Connection c{::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)};
      serve(c);
      c.ssl.reset();
      ::close(c.fd);
    }
  }
  void serve(Connection& c) {
    if (context_) {
      c.ssl.reset(SSL_new(context_.get()));
      SSL_set_fd(c.ssl.get(), c.fd);
      if (SSL_accept(c.ssl.get()) != 1) return;
    }
    std::string request;
    char chunk[4096];
    while (!is_whole(request)) {
      const int n = c.read(chunk, sizeof chunk);
      if (n <= 0) return;
      request.append(chunk, static_cast<std::size_t>(n));
    }
    const auto out = answer_(request);
    for (std::size_t done = 0; done < out.size();) {
      const int n =
          c.write(out.data() + done, static_cast<int>(std::min<std::size_t>(out.size() - done, 65536)));
      if (n <= 0) return;
      done += static_cast<std::size_t>(n);
    }
    if (c.ssl) SSL_shutdown(c.ssl.get());
  }

  static bool is_whole(const std::string& request) {
    const auto end = request.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    constexpr std::string_view length = "\r\nContent-Length: ";
    const auto at = request.find(length);
    return at > end || request.size() - end - 4 >= std::stoul(request.substr(at + length.size()));
  }

  const Answer answer_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, SSL_CTX_free};
  int listener_ = -1;
  unsigned port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace seatls::testing
