// Flow: credit in both directions. Attestation must not wait behind data that an application does not read,
// so no more data is on its way than its receiver granted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::channel {

inline constexpr std::size_t first_credit = 65'536;
inline constexpr std::size_t most_credit = 0x7fff'ffff;

class Flow {
 public:
  // ---- towards the peer
  [[nodiscard]] std::size_t may_send() const { return send_credit_; }
  void sent(std::size_t n) { send_credit_ -= n; }
  // Errors: unknown_value.
  [[nodiscard]] Result<void> granted(std::uint32_t credit) {
    if (credit > most_credit - send_credit_) {
      return Error{Code::unknown_value, "a credit of more than 2^31-1 bytes in all",
                   "seatls/1 frame > window"};
    }
    send_credit_ += credit;
    return {};
  }

  // ---- from the peer
  // Errors: unknown_value for more than was granted.
  [[nodiscard]] Result<void> received(ByteView data) {
    if (data.size() > receive_credit_) {
      return Error{
          Code::unknown_value,
          std::to_string(data.size()) + " bytes of data; the credit is " + std::to_string(receive_credit_),
          "seatls/1 frame > data"};
    }
    receive_credit_ -= data.size();
    held_.insert(held_.end(), data.begin(), data.end());
    return {};
  }
  [[nodiscard]] bool empty() const { return start_ == held_.size(); }
  std::size_t take(std::span<std::uint8_t> into) {
    const std::size_t n = std::min(into.size(), held_.size() - start_);
    std::copy_n(held_.begin() + static_cast<std::ptrdiff_t>(start_), n, into.begin());
    start_ += n;
    taken_ += n;
    if (start_ == held_.size()) {
      held_.clear();
      start_ = 0;
    }
    return n;
  }
  // grant returns the credit to give back, once it is worth a frame; else 0.
  [[nodiscard]] std::uint32_t grant() {
    if (taken_ < first_credit / 2) return 0;
    const auto credit = static_cast<std::uint32_t>(taken_);
    receive_credit_ += taken_;
    taken_ = 0;
    return credit;
  }

 private:
  std::size_t send_credit_ = first_credit, receive_credit_ = first_credit;
  Bytes held_;
  std::size_t start_ = 0, taken_ = 0;
};

}  // namespace seatls::channel
