// One HTTP/1.1 message, parsed as it comes: its head as a whole, its body a piece at a time (Boost.Beast,
// behind checks of what Beast tolerates and others read differently).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/buffer.h"
#include "proxy/http_message.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::proxy {

struct HttpLimits {
  std::size_t head = 32U << 10U;       // bytes, of a head, of a chunk's first line, and of trailers
  std::size_t fields = 128;            // of a head
  std::size_t waiting = 64U << 10U;    // bytes, in each direction
  std::uint64_t drained = 64U << 10U;  // of the body of a request that was refused
};

// How the end of a body is known.
enum class BodyForm : std::uint8_t { none, length, chunked, until_end };

class HttpParser {
 public:
  enum class Kind : std::uint8_t { request, response, response_to_head };
  HttpParser(Kind kind, const HttpLimits& limits);
  HttpParser(HttpParser&&) noexcept;
  HttpParser& operator=(HttpParser&&) noexcept;
  ~HttpParser();

  // take_head uses up the head, or nothing while it is not all there, and returns how many bytes that are.
  // Errors: malformed, limit_exceeded, protocol_version, unknown_value for a transfer coding but chunked.
  [[nodiscard]] Result<std::size_t> take_head(ByteView from);
  [[nodiscard]] bool has_head() const;
  [[nodiscard]] const Head& head() const;
  [[nodiscard]] BodyForm body() const;
  [[nodiscard]] std::uint64_t length() const;  // of BodyForm::length

  // take_body uses up what it can of the body, and appends the body to `into`: as chunks, the sender's own
  // without their extensions and trailers, if `as_chunks` and it came in chunks. Errors: malformed,
  // limit_exceeded.
  [[nodiscard]] Result<std::size_t> take_body(ByteView from, bool as_chunks, Buffer& into);
  [[nodiscard]] bool done() const;  // also of a message without a body, after its head
  // ended: no more comes. Errors: truncated, unless the message is whole, which only the end can tell for
  // BodyForm::until_end.
  [[nodiscard]] Result<void> ended();

 private:
  struct State;
  template <bool is_request>
  struct Beast;
  std::unique_ptr<State> state_;
};

}  // namespace seatls::proxy
