// What makes a context of the program's attested, and what the program has set on it instead of us.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <optional>

#include "preload/messages.h"
#include "preload/socket.h"
#include "stack/openssl/context.h"

namespace seatls::preload {

using openssl::MessageCallback;
using ChainVerify = int (*)(X509_STORE_CTX*, void*);

// Kept is what the program has set on a context, and what ours stand in front of.
struct Kept {
  std::atomic<MessageCallback> message = nullptr;
  std::atomic<ChainVerify> verify = nullptr;
  std::atomic<void*> verify_arg = nullptr;
};

// cover attaches the context, once. False: it must not be used; why is told and on OpenSSL's error queue.
[[nodiscard]] bool cover(SSL_CTX* ctx);
[[nodiscard]] Kept* kept_of(const SSL_CTX* ctx);

// helper is where the helper listens. Nothing: nobody has told this process.
[[nodiscard]] const std::optional<Address>& helper();
// settings_of_role returns what the helper has said of a role; null without any.
[[nodiscard]] const RoleSettings* settings_of_role(Role role);

// refuse tells the helper's log, and puts the error on OpenSSL's queue, where programs look for it.
void refuse(const SSL* ssl, const Error& error);
void tell(const Event& event);
// raise does the latter alone.
void raise(const Error& error);

// verify_chain stands in front of what SSL_CTX_set_cert_verify_callback sets.
[[nodiscard]] int verify_chain(X509_STORE_CTX* given, void* unused);

}  // namespace seatls::preload
