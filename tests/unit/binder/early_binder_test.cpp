#include "binder/early_binder.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "support/vector_file.h"

namespace seatls::binder {
namespace {

using testing::VectorFile;

VectorFile vector_file(const std::string& name) {
  return VectorFile(testing::vector_path("transcript", name));
}

const Spki kKey(Bytes{0x30, 0x01, 0x02}), kOther(Bytes{0x30, 0x01, 0x03});

Bytes binder_of(Hash h, bool dtls, ByteView transcript_hash, const Spki& key) {
  const auto binder = derive_early_binder(h, dtls, transcript_hash, key);
  return binder ? bytes(binder->bytes()) : Bytes{};
}

// Binder has no public constructor: derivation, or a function of `danger`, makes it.
static_assert(!std::is_constructible_v<Binder, Bytes, Hash, Spki>);
static_assert(!std::is_default_constructible_v<Binder>);

TEST(EarlyBinder, IsAsLongAsTheHashOfTheSuite) {
  EXPECT_EQ(binder_of(Hash::sha256, false, Bytes(32), kKey).size(), 32u);
  EXPECT_EQ(binder_of(Hash::sha384, false, Bytes(48), kKey).size(), 48u);
}

//= early-attestation#binder-derivation
TEST(EarlyBinder, DependsOnEveryInput) {
  const Bytes base = binder_of(Hash::sha256, false, Bytes(32, 1), kKey);
  EXPECT_EQ(binder_of(Hash::sha256, false, Bytes(32, 1), kKey), base);
  EXPECT_NE(binder_of(Hash::sha256, false, Bytes(32, 2), kKey), base);
  EXPECT_NE(binder_of(Hash::sha256, false, Bytes(32, 1), kOther), base);
  EXPECT_NE(binder_of(Hash::sha256, true, Bytes(32, 1), kKey), base);
}

TEST(EarlyBinder, AnotherConnectionOfTheSamePeersGivesAnother) {
  const auto a = vector_file("tls-sha256"), b = vector_file("tls-other-random");
  ASSERT_EQ(a.get("server_spki"), b.get("server_spki"));
  EXPECT_NE(a.get("server_binder"), b.get("server_binder"));
  EXPECT_NE(a.get("client_binder"), b.get("client_binder"));
}

// Both roles share one label: what keeps the directions apart is the key alone, and so a peer with
// this endpoint's own key is refused elsewhere.
TEST(EarlyBinder, OneKeyInBothRolesGivesOneBinder) {
  const auto v = vector_file("one-key-for-both");
  EXPECT_EQ(v.get("server_binder"), v.get("client_binder"));
}

TEST(EarlyBinder, RefusesAHashThatIsNotThatOfTheSuite) {
  for (const auto& [h, length] : {std::pair{Hash::sha256, 48},
                                  {Hash::sha384, 32},
                                  {Hash::sha256, 31},
                                  {Hash::sha256, 0},
                                  {Hash::sha512, 64},
                                  {Hash::sha1, 20}}) {
    const auto binder = derive_early_binder(h, false, Bytes(static_cast<std::size_t>(length)), kKey);
    ASSERT_FALSE(binder.ok());
    EXPECT_EQ(binder.error().code, Code::misuse);
  }
}

TEST(DangerBinder, TakesAnyValue) {
  const Binder binder = danger::binder_from_bytes({1, 2, 3}, Hash::sha256, kKey);
  EXPECT_EQ(bytes(binder.bytes()), (Bytes{1, 2, 3}));
  EXPECT_EQ(binder.tik(), kKey);
}

}  // namespace
}  // namespace seatls::binder
