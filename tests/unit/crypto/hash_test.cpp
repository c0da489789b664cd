#include "crypto/hash.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/encoding.h"

namespace seatls::crypto {
namespace {

Bytes hex(std::string_view digits) { return *base::from_hex(digits); }

TEST(Hash, DigestsOfAbc) {  // FIPS 180-4, example values
  EXPECT_EQ(base::to_hex(digest(Hash::sha1, view("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(base::to_hex(digest(Hash::sha256, view("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(
      base::to_hex(digest(Hash::sha384, view("abc"))),
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(
      base::to_hex(digest(Hash::sha512, view("abc"))),
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d"
      "4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(base::to_hex(digest(Hash::sha256, {})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hash, HmacVectorsOfRfc4231) {
  struct Case {
    Bytes key, data;
    const char *sha256, *sha384;
  };
  const Case cases[] = {
      {Bytes(20, 0x0b), bytes("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
       "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"},
      {bytes("Jefe"), bytes("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
       "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"},
      // Test case 6: a key longer than the block.
      {Bytes(131, 0xaa), bytes("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
       "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952"}};
  for (const auto& c : cases) {
    EXPECT_EQ(base::to_hex(hmac(Hash::sha256, c.key, c.data)), c.sha256);
    EXPECT_EQ(base::to_hex(hmac(Hash::sha384, c.key, c.data)), c.sha384);
  }
}

TEST(Hash, HmacTakesAnEmptyKey) {
  EXPECT_EQ(base::to_hex(hmac(Hash::sha256, {}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hash, HasherGivesTheHashSoFarAndGoesOn) {
  Hasher hasher(Hash::sha384);
  EXPECT_EQ(hasher.current(), digest(Hash::sha384, {}));
  hasher.update(view("a"));
  hasher.update({});
  EXPECT_EQ(hasher.current(), digest(Hash::sha384, view("a")));
  hasher.update(view("bc"));
  EXPECT_EQ(hasher.current(), digest(Hash::sha384, view("abc")));
  EXPECT_EQ(hasher.current(), digest(Hash::sha384, view("abc")));
  Hasher moved = std::move(hasher);
  EXPECT_EQ(moved.current(), digest(Hash::sha384, view("abc")));
}

// RFC 8448, 3: "derive write traffic keys for handshake data" and "derived" of the simple handshake.
TEST(Hash, HkdfExpandLabelVectorsOfRfc8448) {
  const auto early_secret = hex("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
  const auto empty_hash = hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(base::to_hex(*hkdf_expand_label(Hash::sha256, LabelPrefix::tls13, early_secret, "derived",
                                            empty_hash, 32)),
            "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
  const auto server_secret = hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
  EXPECT_EQ(base::to_hex(*hkdf_expand_label(Hash::sha256, LabelPrefix::tls13, server_secret, "key", {}, 16)),
            "3fce516009c21727d0f2e4e86ee403bc");
  EXPECT_EQ(base::to_hex(*hkdf_expand_label(Hash::sha256, LabelPrefix::tls13, server_secret, "iv", {}, 12)),
            "5d313eb2671276ee13000b30");
}

// HkdfLabel put together here by hand, and HKDF-Expand's first block by hand: T(1) = HMAC(info || 1).
TEST(Hash, HkdfExpandLabelWritesItsStructure) {
  const Bytes secret(48, 7);
  for (const auto& [prefix, text] : {std::pair{LabelPrefix::tls13, "tls13 attestation base"},
                                     std::pair{LabelPrefix::dtls13, "dtls13attestation base"}}) {
    Bytes info = {0, 48, 22};
    for (char c : std::string_view(text)) info.push_back(static_cast<std::uint8_t>(c));
    info.insert(info.end(), {3, 'x', 'y', 'z', 1});
    EXPECT_EQ(*hkdf_expand_label(Hash::sha384, prefix, secret, "attestation base", view("xyz"), 48),
              hmac(Hash::sha384, secret, info));
  }
}

TEST(Hash, HkdfExpandLabelRefusesWhatTheStructureCannotHold) {
  const Bytes secret(32, 1), long_context(256, 0);
  const std::string longest(249, 'a');
  const auto expand = [&](ByteView s, std::string_view label, ByteView context, std::size_t length) {
    return hkdf_expand_label(Hash::sha256, LabelPrefix::tls13, s, label, context, length);
  };
  EXPECT_TRUE(expand(secret, longest, ByteView(long_context).first(255), 255 * 32));
  const Result<Bytes> refused[] = {expand(secret, longest + "a", {}, 32), expand(secret, "", {}, 32),
                                   expand(secret, "a", long_context, 32), expand(secret, "a", {}, 0),
                                   expand(secret, "a", {}, 255 * 32 + 1), expand({}, "a", {}, 32)};
  for (const auto& r : refused) {
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code, Code::misuse);
  }
}

TEST(Hash, RandomBytesDiffer) {
  EXPECT_NE(random_bytes(32), random_bytes(32));
  EXPECT_TRUE(random_bytes(0).empty());
}

TEST(Hash, FirstUseByManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<Bytes> out(8);
  for (auto& o : out)
    threads.emplace_back([&o] {
      o = *hkdf_expand_label(Hash::sha256, LabelPrefix::tls13, digest(Hash::sha256, view("abc")), "x", {},
                             32);
    });
  for (auto& t : threads) t.join();
  for (const auto& o : out) EXPECT_EQ(o, out[0]);
}

}  // namespace
}  // namespace seatls::crypto
