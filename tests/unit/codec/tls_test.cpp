#include "codec/tls.h"

#include <gtest/gtest.h>

namespace seatls::codec {
namespace {

// struct { uint8 kind; opaque name<1..3>; } Leaf;
struct Leaf {
  std::uint8_t kind = 0;
  Bytes name;
  bool operator==(const Leaf&) const = default;
};
// struct { Leaf first; Leaf others<0..2^16-1>; uint16 number; } Tree;
struct Tree {
  Leaf first;
  std::vector<Leaf> others;
  std::uint16_t number = 0;
  bool operator==(const Tree&) const = default;
};

}  // namespace

template <>
struct Codec<Leaf> {
  static Leaf read(Reader& r) {
    Leaf v;
    v.kind = r.u8("kind");
    if (v.kind > 1) r.fail("kind", Code::unknown_value, "is " + std::to_string(v.kind));
    v.name = bytes(r.vector<1, 3>("name"));
    return v;
  }
  static void write(Writer& w, const Leaf& v) {
    w.u8(v.kind);
    w.vector<1, 3>("name", v.name);
  }
};
template <>
struct Codec<Tree> {
  static Tree read(Reader& r) {
    Tree v;
    v.first = r.item<Leaf>("first");
    v.others = r.list<Leaf, 0, 0xffff>("others");
    v.number = r.u16("number");
    return v;
  }
  static void write(Writer& w, const Tree& v) {
    w.item("first", v.first);
    w.list<Leaf, 0, 0xffff>("others", v.others);
    w.u16(v.number);
  }
};

namespace {

const Tree kTree{{0, {'a'}}, {{1, {'b', 'c'}}, {0, {'d', 'e', 'f'}}}, 0x0102};
const Bytes kEncoded{0, 1, 'a', 0, 9, 1, 2, 'b', 'c', 0, 3, 'd', 'e', 'f', 1, 2};

Error error_of(Bytes in) {
  const auto result = decode<Tree>(in);
  return result ? Error{Code::internal, "it decodes", ""} : result.error();
}
Bytes changed(std::size_t at, std::uint8_t to) {
  Bytes out = kEncoded;
  out[at] = to;
  return out;
}

TEST(PrefixWidth, FollowsFromTheUpperBound) {
  static_assert(prefix_width(1) == 1);
  static_assert(prefix_width(0xff) == 1);
  static_assert(prefix_width(0x100) == 2);
  static_assert(prefix_width(0xfffe) == 2);
  static_assert(prefix_width(0xffff) == 2);
  static_assert(prefix_width(0xffffff) == 3);
}

TEST(Decode, GivesWhatWasEncoded) {
  EXPECT_EQ(*encode(kTree), kEncoded);
  EXPECT_EQ(*decode<Tree>(kEncoded), kTree);
}

//= early-attestation#body-parses-exactly
TEST(Decode, NamesTheFieldThatEndsEarly) {
  const std::pair<std::size_t, const char*> rows[] = {
      {0, "first > kind"}, {1, "first > name"}, {2, "first > name"}, {3, "others"},
      {4, "others"},       {13, "others"},      {14, "number"},      {15, "number"}};
  for (const auto& [n, path] : rows) {
    const auto e = error_of({kEncoded.begin(), kEncoded.begin() + static_cast<std::ptrdiff_t>(n)});
    EXPECT_EQ(e.code, Code::truncated) << n;
    EXPECT_EQ(e.path, path) << n;
  }
  EXPECT_EQ(error_of({kEncoded.begin(), kEncoded.end() - 1}).detail, "number needs 2 bytes, 1 are left");
}

TEST(Decode, NamesTheItemOfAList) {
  // The second item's name says 4 bytes: out of its bounds. With 2 it leaves a byte, which begins a
  // third item.
  auto e = error_of(changed(10, 4));
  EXPECT_EQ(e.code, Code::length_out_of_range);
  EXPECT_EQ(e.path, "others[1] > name");
  EXPECT_EQ(e.detail, "name is 4 bytes; the field holds 1 to 3");
  e = error_of(changed(10, 2));
  EXPECT_EQ(e.code, Code::unknown_value);
  EXPECT_EQ(e.path, "others[2] > kind");
}

TEST(Decode, KeepsTheFirstFailure) {
  const auto e = error_of(changed(0, 7));  // nothing after it can be read any more
  EXPECT_EQ(e.code, Code::unknown_value);
  EXPECT_EQ(e.path, "first > kind");
  EXPECT_EQ(e.detail, "kind is 7");
}

TEST(Decode, HoldsBothBounds) {
  EXPECT_EQ(error_of(changed(1, 0)).code, Code::length_out_of_range);
  EXPECT_EQ(error_of(changed(1, 4)).code, Code::length_out_of_range);
}

//= early-attestation#body-parses-exactly
TEST(Decode, RefusesWhatFollows) {
  Bytes longer = kEncoded;
  longer.push_back(0);
  EXPECT_EQ(error_of(longer).code, Code::trailing_data);
}

TEST(Reader, YieldsNothingAfterAFailure) {
  const Bytes in{1, 2, 3, 4};
  Reader r(in);
  r.fail("x", Code::unknown_value, "is wrong");
  EXPECT_EQ(r.u8("a"), 0);
  EXPECT_EQ(r.u16("b"), 0);
  EXPECT_TRUE((r.vector<0, 0xff>("c").empty()));
  EXPECT_TRUE((r.list<Leaf, 0, 0xff>("d").empty()));
  EXPECT_TRUE(r.done());
  EXPECT_EQ(r.error()->path, "x");
}

TEST(Encode, RefusesWhatDoesNotFitAndNamesIt) {
  Tree tree = kTree;
  tree.others[1].name.clear();
  auto result = encode(tree);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::length_out_of_range);
  EXPECT_EQ(result.error().path, "others[1] > name");
  EXPECT_EQ(result.error().detail, "name is 0 bytes; the field holds 1 to 3");

  tree = kTree;
  tree.first.name.resize(4);
  EXPECT_EQ(encode(tree).error().path, "first > name");

  tree = kTree;
  tree.others.assign(0x10000 / 5, {0, {'x', 'y', 'z'}});
  EXPECT_TRUE(encode(tree).ok());
  tree.others.push_back({0, {'x', 'y', 'z'}});
  EXPECT_EQ(encode(tree).error().path, "others");
  EXPECT_EQ(encode(tree).error().detail, "others is 65540 bytes; the field holds 0 to 65535");
}

TEST(Writer, NamesTheVectorAroundAFailure) {
  Writer w;
  w.vector<0, 0xffff>("outer", [](Writer& inner) { inner.vector<2, 3>("inner", Bytes{1}); });
  EXPECT_EQ(w.error()->path, "outer > inner");
}

}  // namespace
}  // namespace seatls::codec
