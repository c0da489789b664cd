// The body of the remoteAttestation extension in each message that may hold it:
// draft-fossati-seat-early-attestation-06, section "Remote Attestation Extension".
#pragma once

#include <vector>

#include "codec/tls.h"
#include "wire/attestation_scheme.h"

namespace seatls::wire {

// A CertificateEntry's extensions take at most 2^16-1 bytes, this extension's 4-byte header and
// 3-byte length included: so much of cmw_payload<1..2^24-1> can be used, in an entry without other
// extensions.
inline constexpr std::size_t max_cmw_payload = 65528;

// ClientHello
struct ClientOffer {
  std::vector<AttestationScheme> server_attester_schemes;
  std::vector<AttestationScheme> client_attester_schemes;

  // Both lists empty: parses, and is refused by the server as empty_offer.
  [[nodiscard]] bool empty() const {
    return server_attester_schemes.empty() && client_attester_schemes.empty();
  }
  bool operator==(const ClientOffer&) const = default;
};

// EncryptedExtensions
struct ServerChoice {
  AttestationScheme chosen_server_scheme;
  bool operator==(const ServerChoice&) const = default;
};

// CertificateRequest
struct ClientChoice {
  AttestationScheme chosen_client_scheme;
  bool operator==(const ClientChoice&) const = default;
};

// Certificate, first CertificateEntry, in either direction. One that does not fit is not encoded:
// evidence_too_large.
struct CertificateCredential {
  Bytes cmw_payload;
  bool operator==(const CertificateCredential&) const = default;
};

}  // namespace seatls::wire

namespace seatls::codec {

template <>
struct Codec<wire::ClientOffer> {
  static wire::ClientOffer read(Reader& r);
  static void write(Writer& w, const wire::ClientOffer& v);
};
template <>
struct Codec<wire::ServerChoice> {
  static wire::ServerChoice read(Reader& r);
  static void write(Writer& w, const wire::ServerChoice& v);
};
template <>
struct Codec<wire::ClientChoice> {
  static wire::ClientChoice read(Reader& r);
  static void write(Writer& w, const wire::ClientChoice& v);
};
template <>
struct Codec<wire::CertificateCredential> {
  static wire::CertificateCredential read(Reader& r);
  static void write(Writer& w, const wire::CertificateCredential& v);
};

}  // namespace seatls::codec
