// The bytes of a PROXY header, as haproxy's proxy-protocol.txt (section 2.2) lays them out.
#include "proxy/proxy_header.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/encoding.h"

namespace seatls::proxy {
namespace {

Endpoint v4(const char* host, std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  inet_pton(AF_INET, host, &a.sin_addr);
  Endpoint out;
  std::memcpy(&out.address, &a, sizeof a);
  out.length = sizeof a;
  return out;
}

Endpoint v6(const char* host, std::uint16_t port) {
  sockaddr_in6 a{};
  a.sin6_family = AF_INET6;
  a.sin6_port = htons(port);
  inet_pton(AF_INET6, host, &a.sin6_addr);
  Endpoint out;
  std::memcpy(&out.address, &a, sizeof a);
  out.length = sizeof a;
  return out;
}

TEST(ProxyHeader, OfIpv4) {
  ProxyHeader h;
  h.source = v4("192.0.2.1", 0x1234);
  h.destination = v4("198.51.100.7", 443);
  h.authority = "a.example";
  h.tls_version = "TLSv1.3";
  h.verdict = "{}";
  EXPECT_EQ(base::to_hex(encode(h)),
            "0d0a0d0a000d0a515549540a"  // signature
            "21"                        // version 2, PROXY
            "11"                        // TCP over IPv4
            "002f"                      // length
            "c0000201"
            "c6336407"
            "1234"
            "01bb"
            "20"
            "000f"
            "01"
            "00000001"
            "21"
            "0007"
            "544c5376312e33"  // PP2_TYPE_SSL, no certificate
            "02"
            "0009"
            "612e6578616d706c65"  // PP2_TYPE_AUTHORITY
            "e0"
            "0002"
            "7b7d");
}

TEST(ProxyHeader, OfIpv6AndOfAVerifiedPeer) {
  ProxyHeader h;
  h.source = v6("2001:db8::1", 1);
  h.destination = v6("2001:db8::2", 2);
  h.has_certificate = h.certificate_verified = true;
  h.common_name = "client";
  h.connection = "id";
  EXPECT_EQ(base::to_hex(encode(h)),
            "0d0a0d0a000d0a515549540a2121003a"
            "20010db8000000000000000000000001"
            "20010db8000000000000000000000002"
            "0001"
            "0002"
            "20"
            "000e"
            "07"
            "00000000"
            "22"
            "0006"
            "636c69656e74"
            "05"
            "0002"
            "6964");
}

TEST(ProxyHeader, ACertificateThatDidNotVerifyIsNotTold) {
  ProxyHeader h;
  h.has_certificate = true;
  const auto b = encode(h);
  EXPECT_EQ(b[13], 0) << "of no known family";
  EXPECT_EQ(base::to_hex(ByteView(b).subspan(16)),
            "20"
            "0005"
            "07"
            "00000001");
}

TEST(ProxyHeader, WhatIsTooLongIsLeftOut) {
  ProxyHeader h;
  h.source = v4("192.0.2.1", 1);
  h.destination = v4("192.0.2.2", 2);
  h.verdict = std::string(65'536, ' ');
  const auto b = encode(h);
  EXPECT_EQ(b.size(), 16U + 12U + 3U + 5U);
}

}  // namespace
}  // namespace seatls::proxy
