#include "proxy/proxy_header.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstring>

namespace seatls::proxy {
namespace {

constexpr std::array<std::uint8_t, 12> signature = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                                    0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
constexpr std::uint8_t version_and_command = 0x21;  // version 2, PROXY
constexpr std::uint8_t tcp_over_ipv4 = 0x11, tcp_over_ipv6 = 0x21, unix_stream = 0x31, unspecified = 0x00;
constexpr std::size_t longest = 0xffff;

constexpr std::uint8_t type_authority = 0x02, type_unique_id = 0x05, type_ssl = 0x20;
constexpr std::uint8_t subtype_version = 0x21, subtype_common_name = 0x22, subtype_cipher = 0x23;
constexpr std::uint8_t client_ssl = 0x01, client_cert_conn = 0x02, client_cert_session = 0x04;

void put_u16(Bytes& out, std::size_t v) {
  out.push_back(static_cast<std::uint8_t>(v >> 8U));
  out.push_back(static_cast<std::uint8_t>(v));
}

void put(Bytes& out, const void* data, std::size_t n) {
  const auto* first = static_cast<const std::uint8_t*>(data);
  out.insert(out.end(), first, first + n);
}

void put_tlv(Bytes& out, std::uint8_t type, ByteView value) {
  if (value.empty() || out.size() + 3 + value.size() > longest) return;
  out.push_back(type);
  put_u16(out, value.size());
  put(out, value.data(), value.size());
}

// addresses appends the block and returns its family. Ends of two families are told as unspecified.
std::uint8_t addresses(Bytes& out, const Endpoint& source, const Endpoint& destination) {
  if (source.family() != destination.family()) return unspecified;
  const auto* from = reinterpret_cast<const sockaddr*>(&source.address);
  const auto* to = reinterpret_cast<const sockaddr*>(&destination.address);
  if (source.family() == AF_INET) {
    const auto* a = reinterpret_cast<const sockaddr_in*>(from);
    const auto* b = reinterpret_cast<const sockaddr_in*>(to);
    put(out, &a->sin_addr, 4);
    put(out, &b->sin_addr, 4);
    put(out, &a->sin_port, 2);
    put(out, &b->sin_port, 2);
    return tcp_over_ipv4;
  }
  if (source.family() == AF_INET6) {
    const auto* a = reinterpret_cast<const sockaddr_in6*>(from);
    const auto* b = reinterpret_cast<const sockaddr_in6*>(to);
    put(out, &a->sin6_addr, 16);
    put(out, &b->sin6_addr, 16);
    put(out, &a->sin6_port, 2);
    put(out, &b->sin6_port, 2);
    return tcp_over_ipv6;
  }
  if (source.family() == AF_UNIX) {
    put(out, reinterpret_cast<const sockaddr_un*>(from)->sun_path, 108);
    put(out, reinterpret_cast<const sockaddr_un*>(to)->sun_path, 108);
    return unix_stream;
  }
  return unspecified;
}

// struct pp2_tlv_ssl { uint8_t client; uint32_t verify; struct pp2_tlv sub_tlv[0]; };
Bytes ssl_value(const ProxyHeader& h) {
  Bytes out;
  std::uint8_t client = client_ssl;
  if (h.has_certificate) client |= client_cert_conn | client_cert_session;
  out.push_back(client);
  // "verify" is zero if the client presented a certificate and it was verified, and anything else if not.
  const std::uint8_t verify = h.has_certificate && h.certificate_verified ? 0 : 1;
  for (const std::uint8_t byte : {std::uint8_t{0}, std::uint8_t{0}, std::uint8_t{0}, verify})
    out.push_back(byte);
  put_tlv(out, subtype_version, view(h.tls_version));
  put_tlv(out, subtype_cipher, view(h.cipher));
  put_tlv(out, subtype_common_name, view(h.common_name));
  return out;
}

}  // namespace

Bytes encode(const ProxyHeader& h) {
  Bytes body;
  const std::uint8_t family = addresses(body, h.source, h.destination);
  put_tlv(body, type_ssl, ssl_value(h));
  put_tlv(body, type_authority, view(h.authority));
  put_tlv(body, type_unique_id, view(h.connection));
  put_tlv(body, verdict_tlv, view(h.verdict));
  Bytes out(signature.begin(), signature.end());
  out.push_back(version_and_command);
  out.push_back(family);
  put_u16(out, body.size());
  put(out, body.data(), body.size());
  return out;
}

}  // namespace seatls::proxy
