// What every wire structure must survive: a round trip, each of its prefixes, each change of one byte.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.h"
#include "codec/tls.h"

namespace seatls::testing {

// A strict decoder has one encoding per value: what decodes must encode to the same bytes.
template <class T>
void decodes_to_the_same_bytes_or_fails(ByteView in) {
  const auto decoded = codec::decode<T>(in);
  if (!decoded) return;
  const auto again = codec::encode(*decoded);
  ASSERT_TRUE(again.ok()) << again.error().message() << " of " << base::to_hex(in);
  ASSERT_TRUE(std::ranges::equal(*again, in)) << base::to_hex(*again) << " of " << base::to_hex(in);
}

template <class T>
void survives_mutations(const T& value) {
  const auto encoded = codec::encode(value);
  ASSERT_TRUE(encoded.ok()) << encoded.error().message();
  const auto decoded = codec::decode<T>(*encoded);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message();
  EXPECT_EQ(*decoded, value);

  for (std::size_t n = 0; n < encoded->size(); ++n) {
    const auto cut = codec::decode<T>(ByteView(*encoded).first(n));
    ASSERT_FALSE(cut.ok()) << "a prefix of " << n << " bytes";
    ASSERT_EQ(category(cut.error().code), Category::decode) << cut.error().message();
  }
  for (int extra = 0; extra < 256; ++extra) {
    Bytes longer = *encoded;
    longer.push_back(static_cast<std::uint8_t>(extra));
    ASSERT_FALSE(codec::decode<T>(longer).ok());
  }
  Bytes changed = *encoded;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    for (int x = 0; x < 256; ++x) {
      changed[i] = static_cast<std::uint8_t>(x);
      decodes_to_the_same_bytes_or_fails<T>(changed);
      if (::testing::Test::HasFatalFailure()) return;
    }
    changed[i] = (*encoded)[i];
  }
}

}  // namespace seatls::testing
