// The name in a ClientHello, however it is cut into records and segments.
#include "proxy/client_hello.h"

#include <gtest/gtest.h>

namespace seatls::proxy {
namespace {

void put(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }

void put_u16(Bytes& out, std::size_t v) {
  out.push_back(static_cast<std::uint8_t>(v >> 8U));
  out.push_back(static_cast<std::uint8_t>(v));
}

Bytes with_length(const Bytes& b) {
  Bytes out;
  put_u16(out, b.size());
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

Bytes extension(std::uint16_t type, const Bytes& data) {
  Bytes out;
  put_u16(out, type);
  const auto body = with_length(data);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

// server_name is RFC 6066's list with one name.
Bytes server_name(std::string_view host) {
  Bytes entry{0};
  const auto name = with_length(bytes(view(host)));
  entry.insert(entry.end(), name.begin(), name.end());
  return extension(0, with_length(entry));
}

// hello is a handshake message of RFC 8446, section 4.1.2.
Bytes hello(const Bytes& extensions) {
  Bytes body{3, 3};
  body.insert(body.end(), 32, 0xAA);  // random
  body.push_back(0);                  // legacy_session_id
  put(body, {0, 2, 0x13, 0x01, 1, 0});
  const auto all = with_length(extensions);
  body.insert(body.end(), all.begin(), all.end());
  Bytes out{1, 0};
  put_u16(out, body.size());
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

// in_records cuts a message into records of at most `most` bytes.
Bytes in_records(const Bytes& message, std::size_t most = 16384) {
  Bytes out;
  for (std::size_t at = 0; at < message.size(); at += most) {
    const auto n = std::min(most, message.size() - at);
    put(out, {22, 3, 1});
    put_u16(out, n);
    out.insert(out.end(), message.begin() + static_cast<std::ptrdiff_t>(at),
               message.begin() + static_cast<std::ptrdiff_t>(at + n));
  }
  return out;
}

TEST(HelloName, IsReadOutOfAnyRecordsAndOnlyFromAWholeMessage) {
  auto extensions = extension(0x2b, {2, 3, 4});
  const auto name = server_name("a.example");
  extensions.insert(extensions.end(), name.begin(), name.end());
  for (const std::size_t most : {std::size_t{1}, std::size_t{3}, std::size_t{16384}}) {
    const auto all = in_records(hello(extensions), most);
    for (std::size_t n = 0; n < all.size(); ++n) {
      const auto part = read_hello_name(ByteView(all).first(n));
      ASSERT_TRUE(part.ok()) << n;
      EXPECT_FALSE(part->has_value()) << n;
    }
    const auto whole = read_hello_name(all);
    ASSERT_TRUE(whole.ok() && whole->has_value());
    EXPECT_EQ((*whole)->host, "a.example");
  }
}

TEST(HelloName, OfAHelloWithoutOneIsEmpty) {
  const auto none = read_hello_name(in_records(hello(extension(0x2b, {2, 3, 4}))));
  ASSERT_TRUE(none.ok() && none->has_value());
  EXPECT_EQ((*none)->host, "");
}

TEST(HelloName, EarlyDataBehindTheHelloIsNotLookedAt) {
  auto all = in_records(hello(server_name("a.example")));
  put(all, {23, 3, 3, 0, 1, 9});
  const auto found = read_hello_name(all);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->host, "a.example");
}

TEST(HelloName, WhatIsNoHelloIsRefusedAtOnce) {
  const auto code = [](const Bytes& b) {
    const auto read = read_hello_name(b);
    return read ? std::optional<Code>() : std::optional(read.error().code);
  };
  EXPECT_EQ(code(bytes(view("GET / HTTP/1.1\r\n"))), Code::malformed);
  EXPECT_EQ(code({22, 2}), Code::malformed);
  EXPECT_EQ(code({22, 3, 1, 0, 0}), Code::malformed) << "an empty record";
  EXPECT_EQ(code({22, 3, 1, 0xff, 0xff}), Code::malformed) << "a record that is too long";
  EXPECT_EQ(code({22, 3, 1, 0, 4, 2}), Code::malformed) << "a ServerHello";
  EXPECT_EQ(code({22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff}), Code::limit_exceeded);
}

TEST(HelloName, ANameThatIsNoneIsRefused) {
  for (const auto& host : {std::string("a b"), std::string("a\nb"), std::string("a\0b", 3),
                           std::string("\x1b[2J"), std::string(256, 'a')}) {
    const auto read = read_hello_name(in_records(hello(server_name(host))));
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, Code::malformed);
  }
  auto twice = server_name("a");
  const auto second = server_name("b");
  twice.insert(twice.end(), second.begin(), second.end());
  EXPECT_FALSE(read_hello_name(in_records(hello(twice))).ok());
  EXPECT_FALSE(read_hello_name(in_records(hello(extension(0, {0, 9, 0})))).ok());
}

}  // namespace
}  // namespace seatls::proxy
