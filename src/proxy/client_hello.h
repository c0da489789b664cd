// The name that a ClientHello asks for, read before TLS begins: it says which listener the connection is for.
#pragma once

#include <optional>
#include <string>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::proxy {

struct HelloName {
  std::string host;  // of server_name; empty: none is named
};

// read_hello_name reads the beginning of a connection. Nothing: the ClientHello is not there as a whole yet.
// Errors: malformed for what is no ClientHello, limit_exceeded.
[[nodiscard]] Result<std::optional<HelloName>> read_hello_name(ByteView received);

inline constexpr std::size_t longest_hello = 64U << 10U;  // with its records

// unrecognized_name is a record with the alert of that name (RFC 6066, section 3).
[[nodiscard]] Bytes unrecognized_name();

}  // namespace seatls::proxy
