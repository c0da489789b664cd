// What the patched BoringSSL calls back for: third_party/boringssl/seatls.patch.
#pragma once

#include <openssl/seatls_hooks.h>

#include <cstdint>

namespace seatls::boringssl {

// make_hooks returns the hooks of a context. `ask_cookie`: a server demands a cookie of every client.
[[nodiscard]] SEATLS_HOOKS make_hooks(std::uint16_t extension_type, bool ask_cookie);

}  // namespace seatls::boringssl
