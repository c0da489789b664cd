// Context::Impl: an SSL_CTX and the configuration that it was made of.
#pragma once

#include <openssl/seatls_hooks.h>
#include <openssl/ssl.h>

#include <sys/time.h>

#include <chrono>
#include <memory>
#include <optional>

#include "seatls/config.h"
#include "stack/boringssl/connection.h"

namespace seatls::boringssl {

struct Context::Impl {
  std::shared_ptr<const Config> config;
  Settings settings;  // without the identity, whose key only the SSL_CTX keeps
  std::optional<Spki> own_key;
  // The SSL_CTX refers to these.
  Bytes alpn;  // as on the wire
  SEATLS_HOOKS hooks{};
  bssl::UniquePtr<SSL_CTX> ctx;

  [[nodiscard]] std::chrono::steady_clock::time_point now() const {
    return settings.clock ? settings.clock() : std::chrono::steady_clock::now();
  }
  [[nodiscard]] bool over_datagrams() const { return settings.carrier == Carrier::datagrams; }
};

// Running lends BoringSSL the clock of a context, on this thread: its own callback for the time is not told
// whose time is asked for. Every call that may look at a timer stands in one.
class Running {
 public:
  explicit Running(const Context::Impl& context);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  static void tell_time(const SSL*, timeval* out);

 private:
  const Context::Impl* const before_;
};

}  // namespace seatls::boringssl
