// Context: what attach() leaves at an SSL_CTX, for each role that connections may play.
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
};

struct Attachment {
  std::shared_ptr<Context> client, server;
  bool other_plain = false;  // a role that has no Context is nobody's business
  MessageCallback message = nullptr;

  // holds is what a connection of `role` is held to: of the other role when this one has no rules, which
  // then refuse it. Null: it passes untouched.
  [[nodiscard]] const std::shared_ptr<Context>& holds(Role role) const;

  // of returns what is attached to `ctx`, or null.
  [[nodiscard]] static const Attachment* of(const SSL_CTX* ctx);
  // passes tells whether `ssl` is of a role that passes untouched.
  [[nodiscard]] static bool passes(const SSL* ssl);
  // put attaches; false when OpenSSL is out of memory.
  [[nodiscard]] static bool put(SSL_CTX* ctx, Attachment attachment);
};

[[nodiscard]] inline Role role_of(const SSL* ssl) {
  return SSL_is_server(ssl) == 1 ? Role::server : Role::client;
}

}  // namespace seatls::openssl
