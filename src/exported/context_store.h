// ContextStore: a request context is unique on its connection, over both directions, and answered once
// (RFC 9261, 4; Decision 13).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <unordered_set>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::post {

// Own contexts need no memory: each is 16 random bytes and a MAC of them under a key that never leaves
// this object, so an own one is known again for as long as the connection lives, and looks random to
// everybody else. Of the peer's contexts, and of nonces that a verifier gave, 16 bytes of digest stay.
class ContextStore {
 public:
  explicit ContextStore(std::size_t limit);

  // fresh returns a context for a request of this endpoint. Error context_limit.
  [[nodiscard]] Result<Bytes> fresh();
  // reserve takes a verifier's nonce for one. Errors: misuse (8 to 64 bytes), context_reused,
  // context_limit.
  [[nodiscard]] Result<void> reserve(ByteView nonce);
  // admit takes the context of a request of the peer. Errors: unknown_value (too short to be
  // unpredictable), reflected, context_reused, context_limit.
  [[nodiscard]] Result<void> admit(ByteView context);
  // issued tells whether a context was one of this endpoint's, ever.
  [[nodiscard]] bool issued(ByteView context) const;

  [[nodiscard]] std::size_t remembered() const { return seen_.size(); }
  [[nodiscard]] bool full() const { return fresh_ + seen_.size() >= limit_; }

 private:
  using Digest = std::array<std::uint8_t, 16>;
  struct First8 {
    std::size_t operator()(const Digest& d) const;
  };
  [[nodiscard]] Digest digest(std::string_view owner, ByteView context) const;
  [[nodiscard]] Bytes mac(std::string_view purpose, ByteView data) const;
  [[nodiscard]] Result<void> remember(std::string_view owner, ByteView context);
  [[nodiscard]] Error limit() const;

  Secret key_;
  std::size_t limit_;
  std::size_t fresh_ = 0;
  std::unordered_set<Digest, First8> seen_;
};

}  // namespace seatls::post
