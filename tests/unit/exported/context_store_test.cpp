#include "exported/context_store.h"

#include <gtest/gtest.h>

#include <set>

namespace seatls {
namespace {

using post::ContextStore;

//= rfc9261#context-unique
//= expat#new-context-each-time
TEST(ContextStore, FreshContextsDifferAndAreKnownAgainWithoutMemory) {
  ContextStore store(1000), other(1000);
  std::set<Bytes> seen;
  for (int i = 0; i < 500; ++i) {
    const Bytes context = store.fresh().value();
    EXPECT_EQ(context.size(), 32U);
    EXPECT_TRUE(seen.insert(context).second);
    EXPECT_TRUE(store.issued(context));
    EXPECT_FALSE(other.issued(context));
    EXPECT_EQ(store.admit(context).error().code, Code::reflected);
  }
  EXPECT_EQ(store.remembered(), 0U);
}

TEST(ContextStore, OneBitMakesItAStranger) {
  ContextStore store(10);
  Bytes context = store.fresh().value();
  for (auto& byte : context) {
    byte ^= 1;
    EXPECT_FALSE(store.issued(context));
    byte ^= 1;
  }
}

TEST(ContextStore, PeersContextsOnce) {
  ContextStore store(10);
  EXPECT_TRUE(store.admit(Bytes(8, 1)).ok());
  EXPECT_EQ(store.admit(Bytes(8, 1)).error().code, Code::context_reused);
  EXPECT_TRUE(store.admit(Bytes(9, 1)).ok());
  EXPECT_EQ(store.admit(Bytes(7, 1)).error().code, Code::unknown_value);
  EXPECT_FALSE(store.issued(Bytes(8, 1)));
}

// A verifier's nonce is unique over both directions.
TEST(ContextStore, NoncesOnceInEitherDirection) {
  ContextStore store(10);
  EXPECT_TRUE(store.reserve(Bytes(8, 1)).ok());
  EXPECT_TRUE(store.issued(Bytes(8, 1)));
  EXPECT_EQ(store.reserve(Bytes(8, 1)).error().code, Code::context_reused);
  EXPECT_EQ(store.admit(Bytes(8, 1)).error().code, Code::reflected);
  EXPECT_TRUE(store.admit(Bytes(8, 2)).ok());
  EXPECT_EQ(store.reserve(Bytes(8, 2)).error().code, Code::context_reused);
  EXPECT_EQ(store.reserve(Bytes(65, 2)).error().code, Code::misuse);
}

TEST(ContextStore, IsBounded) {
  ContextStore store(3);
  EXPECT_TRUE(store.fresh().ok());
  EXPECT_TRUE(store.admit(Bytes(8, 1)).ok());
  EXPECT_FALSE(store.full());
  EXPECT_TRUE(store.reserve(Bytes(8, 2)).ok());
  EXPECT_TRUE(store.full());
  EXPECT_EQ(store.fresh().error().code, Code::context_limit);
  EXPECT_EQ(store.admit(Bytes(8, 3)).error().code, Code::context_limit);
  EXPECT_EQ(store.reserve(Bytes(8, 3)).error().code, Code::context_limit);
  EXPECT_EQ(store.remembered(), 2U);
}

}  // namespace
}  // namespace seatls
