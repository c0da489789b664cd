// Context: what attach() leaves at an SSL_CTX.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "seatls/config.h"
#include "stack/openssl/worker.h"

namespace seatls::openssl {

using MessageCallback = void (*)(int, int, int, const void*, size_t, SSL*, void*);
using InfoCallback = void (*)(const SSL*, int, int);

// The application's own callbacks, called after ours.
struct Chained {
  MessageCallback message = nullptr;
  InfoCallback info = nullptr;
  SSL_verify_cb verify = nullptr;
};

struct Context {
  std::shared_ptr<const Config> config;
  Chained chained;
  Worker worker;  // runs attesters and verifiers of jobs that nobody else drives

  // What the configuration demands of OpenSSL: 0 leaves the application's choice alone.
  [[nodiscard]] int verify_mode() const;
  [[nodiscard]] bool full_handshakes_only() const;

  // of returns what is attached to `ctx`, or null.
  [[nodiscard]] static std::shared_ptr<Context> of(const SSL_CTX* ctx);
  // put attaches; false when OpenSSL is out of memory.
  [[nodiscard]] static bool put(SSL_CTX* ctx, std::shared_ptr<Context> context);
};

}  // namespace seatls::openssl
