// Roles: a context whose connections may be clients and servers alike, as those that TLS_method() makes
// are. The public attach() knows one role, and refuses connections of the other one.
#pragma once

#include <optional>

#include "seatls/openssl.h"

namespace seatls::openssl {

struct Roles {
  std::optional<Config> client, server;  // at least one; both use the same extension type
  // Connections of a role without a configuration pass as if nothing were attached, TLS 1.2 included.
  bool danger_other_plain = false;
};

// attach does what that of seatls/openssl.h does, for either role.
[[nodiscard]] Result<void> attach(ssl_ctx_st* ctx, Roles roles, AttachOptions options);

}  // namespace seatls::openssl
