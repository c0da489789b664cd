// Preface: what a program says to a proxy before its data, and hears: SOCKS5 or HTTP CONNECT. No I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::proxy {

struct Target {
  std::string host;  // a name, or an address without brackets
  std::uint16_t port = 0;
};

class Preface {
 public:
  virtual ~Preface() = default;

  // take reads on. Nothing: more is needed. Errors end the connection once reply() was sent: malformed,
  // limit_exceeded.
  [[nodiscard]] virtual Result<std::optional<Target>> take(ByteView data) = 0;
  // reply returns what is to be sent by now, once.
  [[nodiscard]] virtual Bytes reply() = 0;
  // rest is what came behind the preface: the program's data.
  [[nodiscard]] virtual ByteView rest() const = 0;

  // granted and refused are the last replies. A refusal tells a code's category, and nothing of the peer.
  [[nodiscard]] virtual Bytes granted() = 0;
  [[nodiscard]] virtual Bytes refused(const Error& error) = 0;
};

[[nodiscard]] std::unique_ptr<Preface> make_socks5();
[[nodiscard]] std::unique_ptr<Preface> make_connect();

}  // namespace seatls::proxy
