// TLS 1.3 handshake messages on the wire, as far as the fake stack needs them: real framing, real
// extension blocks, so that a test can change what a machine in the middle could change.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::fake {

enum class MessageType : std::uint8_t {
  client_hello = 1,
  server_hello = 2,
  encrypted_extensions = 8,
  certificate = 11,
  certificate_request = 13,
  certificate_verify = 15,
  finished = 20,
};
[[nodiscard]] std::string_view name(MessageType type);

struct Extension {
  std::uint16_t type = 0;
  Bytes data;
};
using Extensions = std::vector<Extension>;

struct CertificateEntry {
  Bytes certificate;  // DER
  Extensions extensions;
};

// Message is any of them; which fields count is a matter of the type.
struct Message {
  MessageType type = MessageType::client_hello;
  Role sender = Role::client;
  Hash suite = Hash::sha256;              // hellos: TLS_AES_128_GCM_SHA256 or TLS_AES_256_GCM_SHA384
  Bytes random;                           // hellos
  Extensions extensions;                  // hellos, EncryptedExtensions, CertificateRequest
  std::vector<CertificateEntry> entries;  // Certificate
  Bytes proof;                            // CertificateVerify: signature; Finished: verify_data
};

// The random of a HelloRetryRequest (RFC 8446, 4.1.3).
[[nodiscard]] const Bytes& retry_random();

[[nodiscard]] Bytes encode(const Message& message);  // with the 4-byte handshake header
[[nodiscard]] Result<Message> decode(Role sender, ByteView bytes);

// find returns the data of the one extension of that type; set replaces, adds or removes it.
[[nodiscard]] std::optional<Bytes> find(const Extensions& extensions, std::uint16_t type);
void set(Extensions& extensions, std::uint16_t type, std::optional<Bytes> data);

}  // namespace seatls::fake
