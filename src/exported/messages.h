// What requests and authenticators share. Inside of this module only.
#pragma once

#include <optional>
#include <string_view>

#include "seatls/exported.h"
#include "wire/exported_messages.h"

namespace seatls::exported {

// Bounds on what is read at all: a chain and one CMW fit several times.
inline constexpr std::size_t max_request = std::size_t{1} << 17, max_authenticator = std::size_t{1} << 18;

[[nodiscard]] inline std::string_view role_name(Role role) {
  return role == Role::client ? "client" : "server";
}

// AuthenticatorMessages is an authenticator taken apart; an empty one has its Finished only.
struct AuthenticatorMessages {
  struct Full {
    Bytes certificate_encoded, certificate_verify_encoded;  // with their headers, as hashed
    wire::Certificate certificate;
    wire::CertificateVerify certificate_verify;
  };
  std::optional<Full> full;
  Bytes verify_data;
};
[[nodiscard]] Result<AuthenticatorMessages> take_apart(ByteView authenticator);

// Secrets of one direction of a connection: RFC 9261, 5.1.
struct AuthenticatorKeys {
  Bytes handshake_context;
  Bytes finished_key;
};
[[nodiscard]] Result<AuthenticatorKeys> export_keys(const Connection& connection, Role sender);

// empty_certificate is the Certificate message that an empty authenticator stands for.
[[nodiscard]] Bytes empty_certificate(ByteView context);

// only_asked_for refuses extensions of a chain that are not among `asked`, or twice in an entry.
[[nodiscard]] Result<void> only_asked_for(const CertificateChain& chain,
                                          std::span<const std::uint16_t> asked);
[[nodiscard]] std::vector<std::uint16_t> types_of(const std::vector<Extension>& extensions);

// to_be_signed returns what the CertificateVerify signs: RFC 9261, 5.2.2.
[[nodiscard]] Bytes to_be_signed(ByteView transcript_hash);

}  // namespace seatls::exported
