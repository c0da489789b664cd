#include "proxy/client_hello.h"

#include <algorithm>
#include <tuple>

#include "codec/tls.h"

namespace seatls::proxy {
namespace {

constexpr std::uint8_t handshake_record = 22, alert_record = 21, client_hello_message = 1;
constexpr std::size_t record_header = 5, message_header = 4, longest_record = 1U << 14U;

Error malformed(const std::string& what) { return {Code::malformed, what, "ClientHello"}; }

// whole_length is the length of a message with its header, as far as that is known: 0 before.
std::size_t whole_length(const Bytes& message) {
  if (message.size() < message_header) return 0;
  return message_header + (std::size_t{message[1]} << 16U | std::size_t{message[2]} << 8U | message[3]);
}

// message_of takes the first handshake message out of its records. Nothing: more is needed. What follows the
// message (early data) is not looked at.
Result<std::optional<Bytes>> message_of(ByteView received) {
  Bytes message;
  while (!received.empty()) {
    if (received[0] != handshake_record) return malformed("no record of a handshake");
    if (received.size() > 1 && received[1] != 3) return malformed("a record of no version of TLS");
    if (received.size() < record_header) break;
    const std::size_t length = std::size_t{received[3]} << 8U | received[4];
    if (length == 0 || length > longest_record) return malformed("a record of a length that cannot be");
    received = received.subspan(record_header);
    const auto part = received.first(std::min(length, received.size()));
    received = received.subspan(part.size());
    message.insert(message.end(), part.begin(), part.end());
    if (!message.empty() && message[0] != client_hello_message)
      return malformed("another message than a ClientHello");
    const std::size_t whole = whole_length(message);
    if (whole > longest_hello) return Error{Code::limit_exceeded, "longer than 64 KiB", "ClientHello"};
    if (whole != 0 && message.size() >= whole) {
      message.resize(whole);
      return std::optional(std::move(message));
    }
  }
  return std::optional<Bytes>();
}

// RFC 6066, section 3: struct { NameType name_type; HostName host_name; } ServerName;
Result<std::string> host_of(ByteView extension) {
  codec::Reader outer(extension);
  codec::Reader list(outer.vector<1, 65535>("server_name_list"));
  std::string host;
  while (!list.done() && !list.error()) {
    const auto type = list.u8("name_type");
    const auto name = list.vector<1, 65535>("host_name");
    if (type != 0) continue;
    if (!host.empty()) return malformed("two names of a host");
    host = text(name);
  }
  if (outer.error() || list.error() || !outer.done()) return malformed("server_name cannot be read");
  // It is compared and logged: a name of DNS, and nothing that a log or a terminal takes for something else.
  const bool good = std::ranges::all_of(host, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  if (!good || host.size() > 255) return malformed("server_name holds no name of a host");
  return host;
}

}  // namespace

Result<std::optional<HelloName>> read_hello_name(ByteView received) {
  SEATLS_TRY(const auto message, message_of(received));
  if (!message) return std::optional<HelloName>();
  codec::Reader in(ByteView(*message).subspan(message_header));
  std::ignore = in.u16("legacy_version");
  std::ignore = in.opaque<32>("random");
  std::ignore = in.vector<0, 32>("legacy_session_id");
  std::ignore = in.vector<2, 65534>("cipher_suites");
  std::ignore = in.vector<1, 255>("legacy_compression_methods");
  HelloName out;
  if (!in.done()) {
    codec::Reader extensions(in.vector<0, 65535>("extensions"));
    bool seen = false;
    while (!extensions.done() && !extensions.error()) {
      const auto type = extensions.u16("extension_type");
      const auto data = extensions.vector<0, 65535>("extension_data");
      if (type != 0 || extensions.error()) continue;
      if (seen) return malformed("server_name twice");
      seen = true;
      SEATLS_TRY(out.host, host_of(data));
    }
    if (extensions.error()) return malformed("its extensions cannot be read");
  }
  if (in.error() || !in.done()) return malformed("it cannot be read");
  return std::optional(std::move(out));
}

Bytes unrecognized_name() { return {alert_record, 3, 3, 0, 2, 2, 112}; }

}  // namespace seatls::proxy
