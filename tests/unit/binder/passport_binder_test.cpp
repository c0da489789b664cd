// Vectors by Python's hashlib:
//   hashlib.sha256(b'seatls passport v1\0' + hashlib.sha256(tik).digest() + nonce)
#include "binder/passport_binder.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/encoding.h"

namespace seatls::binder {
namespace {

Spki a_tik() {
  Bytes der(91);
  std::iota(der.begin(), der.end(), std::uint8_t{0});
  return Spki(std::move(der));
}

TEST(PassportBinder, IsWhatTheDecisionSays) {
  EXPECT_EQ(base::to_hex(passport_binder(Bytes(32, 0xA5), a_tik())),
            "cf90ed5170311d44a0f4aab1257546a672b6fab5b632ab5ee1a0c71a31adfc13");
  EXPECT_EQ(base::to_hex(passport_binder(Bytes(8, 0xA5), a_tik())),
            "51ecafcdc3d5ad72b904562a4d827f61bed0d73ef379708676d11d73218c0bec");
}

}  // namespace
}  // namespace seatls::binder
