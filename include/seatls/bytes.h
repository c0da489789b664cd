// Bytes that are owned, bytes that are looked at, and bytes that are wiped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seatls {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView view(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }
[[nodiscard]] inline Bytes bytes(ByteView v) { return {v.begin(), v.end()}; }
[[nodiscard]] inline std::string text(ByteView v) { return {v.begin(), v.end()}; }

// constant_time_equal compares without telling, by its duration, where the difference is.
// Lengths are not secret.
[[nodiscard]] bool constant_time_equal(ByteView a, ByteView b);

// Secret owns key material and wipes it. It cannot be copied, compared or printed; whoever reads it
// says so with `reveal`.
class Secret {
 public:
  explicit Secret(Bytes value) : value_(std::move(value)) {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] ByteView reveal() const { return value_; }
  [[nodiscard]] std::size_t size() const { return value_.size(); }

 private:
  void wipe() noexcept;
  Bytes value_;
};

}  // namespace seatls
