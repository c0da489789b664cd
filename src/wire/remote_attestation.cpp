#include "wire/remote_attestation.h"

namespace seatls::codec {
namespace {

constexpr std::size_t k16 = 0xffff, k24 = 0xffffff;

}  // namespace

// struct {
//   select (Handshake.msg_type) {
//     case client_hello:
//       AttestationScheme server_attester_schemes<0..2^16-1>;
//       AttestationScheme client_attester_schemes<0..2^16-1>;
wire::ClientOffer Codec<wire::ClientOffer>::read(Reader& r) {
  wire::ClientOffer v;
  v.server_attester_schemes = r.list<AttestationScheme, 0, k16>("server_attester_schemes");
  v.client_attester_schemes = r.list<AttestationScheme, 0, k16>("client_attester_schemes");
  return v;
}

void Codec<wire::ClientOffer>::write(Writer& w, const wire::ClientOffer& v) {
  w.list<AttestationScheme, 0, k16>("server_attester_schemes", v.server_attester_schemes);
  w.list<AttestationScheme, 0, k16>("client_attester_schemes", v.client_attester_schemes);
}

//     case encrypted_extensions:
//       AttestationScheme chosen_server_scheme;
wire::ServerChoice Codec<wire::ServerChoice>::read(Reader& r) {
  return {r.item<AttestationScheme>("chosen_server_scheme")};
}

void Codec<wire::ServerChoice>::write(Writer& w, const wire::ServerChoice& v) {
  w.item("chosen_server_scheme", v.chosen_server_scheme);
}

//     case certificate_request:
//       AttestationScheme chosen_client_scheme;
wire::ClientChoice Codec<wire::ClientChoice>::read(Reader& r) {
  return {r.item<AttestationScheme>("chosen_client_scheme")};
}

void Codec<wire::ClientChoice>::write(Writer& w, const wire::ClientChoice& v) {
  w.item("chosen_client_scheme", v.chosen_client_scheme);
}

//     case certificate:
//       opaque cmw_payload<1..2^24-1>;
//   };
// } remoteAttestation;
wire::CertificateCredential Codec<wire::CertificateCredential>::read(Reader& r) {
  return {bytes(r.vector<1, k24>("cmw_payload"))};
}

void Codec<wire::CertificateCredential>::write(Writer& w, const wire::CertificateCredential& v) {
  //= early-attestation#payload-fits
  if (v.cmw_payload.size() > wire::max_cmw_payload)
    return w.fail("cmw_payload", Code::evidence_too_large,
                  "is " + std::to_string(v.cmw_payload.size()) + " bytes; the extension holds at most " +
                      std::to_string(wire::max_cmw_payload));
  w.vector<1, k24>("cmw_payload", v.cmw_payload);
}

}  // namespace seatls::codec
