// The messages of RFC 9261 and what stands in them: RFC 8446, sections 4.3.2 and 4.4, RFC 6066, section
// 3. The extension bodies of draft-fossati-seat-expat-03 are here as well.
#pragma once

#include <string>
#include <vector>

#include "codec/tls.h"
#include "seatls/exported.h"
#include "wire/attestation_scheme.h"

namespace seatls::wire {

enum class HandshakeType : std::uint8_t {
  certificate = 11,
  certificate_request = 13,
  certificate_verify = 15,
  client_certificate_request = 17,  // RFC 9261, 4
  finished = 20,
};

namespace extension_type {
inline constexpr std::uint16_t server_name = 0, signature_algorithms = 13;
}

// HandshakeMessage is one message with its 4-byte header, the same in TLS and in DTLS. The type need not
// be one of those above.
struct HandshakeMessage {
  std::uint8_t msg_type = 0;
  Bytes body;
  bool operator==(const HandshakeMessage&) const = default;
};
// split_messages cuts what is nothing but handshake messages, at most `most` of them.
[[nodiscard]] Result<std::vector<HandshakeMessage>> split_messages(ByteView in, std::size_t most);
[[nodiscard]] Result<Bytes> join(HandshakeType type, ByteView body);

// CertificateRequest and ClientCertificateRequest
struct CertificateRequest {
  Bytes certificate_request_context;
  std::vector<exported::Extension> extensions;
  bool operator==(const CertificateRequest&) const = default;
};

struct Certificate {
  Bytes certificate_request_context;
  exported::CertificateChain certificate_list;
  bool operator==(const Certificate&) const = default;
};

struct CertificateVerify {
  exported::SignatureScheme algorithm{};
  Bytes signature;
  bool operator==(const CertificateVerify&) const = default;
};

// signature_algorithms
struct SignatureSchemeList {
  std::vector<exported::SignatureScheme> supported_signature_algorithms;
  bool operator==(const SignatureSchemeList&) const = default;
};

// server_name: exactly one name, of the type host_name.
struct ServerNameList {
  std::string host_name;
  bool operator==(const ServerNameList&) const = default;
};

// cmw_attestation in Certificate. A CertificateEntry's extensions take at most 2^16-1 bytes, this one's
// 4-byte header and 2-byte length included.
inline constexpr std::size_t max_cmw_data = 65529;
struct CmwAttestation {
  Bytes cmw_data;
  bool operator==(const CmwAttestation&) const = default;
};

// remoteAttestation in an authenticator request: Decision 15.
struct WantedSchemes {
  std::vector<AttestationScheme> wanted;
  bool operator==(const WantedSchemes&) const = default;
};

// interactive_passport in an authenticator request, and in the first CertificateEntry of its answer:
// docs/protocol/interactive-passport.md.
struct PassportChallenge {
  Bytes kek_id;  // SHA-256 of the keK's SubjectPublicKeyInfo
  Bytes enc;
  bool operator==(const PassportChallenge&) const = default;
};
struct PassportProof {
  Bytes mac;
  bool operator==(const PassportProof&) const = default;
};

}  // namespace seatls::wire

namespace seatls::codec {

#define SEATLS_CODEC(T)                       \
  template <>                                 \
  struct Codec<T> {                           \
    static T read(Reader& r);                 \
    static void write(Writer& w, const T& v); \
  }
SEATLS_CODEC(exported::Extension);
SEATLS_CODEC(exported::SignatureScheme);
SEATLS_CODEC(exported::CertificateEntry);
SEATLS_CODEC(wire::HandshakeMessage);
SEATLS_CODEC(wire::CertificateRequest);
SEATLS_CODEC(wire::Certificate);
SEATLS_CODEC(wire::CertificateVerify);
SEATLS_CODEC(wire::SignatureSchemeList);
SEATLS_CODEC(wire::ServerNameList);
SEATLS_CODEC(wire::CmwAttestation);
SEATLS_CODEC(wire::WantedSchemes);
SEATLS_CODEC(wire::PassportChallenge);
SEATLS_CODEC(wire::PassportProof);
#undef SEATLS_CODEC

}  // namespace seatls::codec
