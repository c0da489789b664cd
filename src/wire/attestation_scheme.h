// AttestationScheme on the wire: draft-fossati-seat-early-attestation-06, section "Remote Attestation
// Extension". The type itself is public: seatls/scheme.h.
#pragma once

#include "codec/tls.h"
#include "seatls/scheme.h"

namespace seatls::codec {

template <>
struct Codec<EvidenceType> {
  static EvidenceType read(Reader& r);
  static void write(Writer& w, const EvidenceType& v);
};
template <>
struct Codec<VerifierIdentity> {
  static VerifierIdentity read(Reader& r);
  static void write(Writer& w, const VerifierIdentity& v);
};
template <>
struct Codec<AttestationScheme> {
  static AttestationScheme read(Reader& r);
  static void write(Writer& w, const AttestationScheme& v);
};

}  // namespace seatls::codec
