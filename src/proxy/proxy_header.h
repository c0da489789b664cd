// The header of the PROXY protocol, version 2 (haproxy's proxy-protocol.txt): it tells an application who is
// at the other end. It is the proxy's alone: what a peer sends is data behind it.
#pragma once

#include <string>

#include "proxy/sockets.h"
#include "seatls/bytes.h"

namespace seatls::proxy {

// A custom TLV (PP2_TYPE_MIN_CUSTOM): the verdict as JSON.
inline constexpr std::uint8_t verdict_tlv = 0xE0;

struct ProxyHeader {
  Endpoint source, destination;  // of the connection that was accepted
  std::string authority;         // that the peer asked for (SNI); empty: none
  std::string connection;        // its name in the log
  std::string tls_version, cipher;
  bool has_certificate = false;       // the peer presented one
  bool certificate_verified = false;  // by its chain, or by the evidence
  std::string common_name;            // the verified one
  std::string verdict;                // JSON
};

// encode returns the header. Parts that would make it longer than the protocol allows are left out.
[[nodiscard]] Bytes encode(const ProxyHeader& header);

}  // namespace seatls::proxy
