#include "wire/remote_attestation.h"

namespace seatls::codec {
namespace {

constexpr std::size_t k16 = 0xffff, k24 = 0xffffff;

// enum { CONTENT_FORMAT(0), MEDIA_TYPE(1) } typeEncoding;
// struct { typeEncoding e; select (e) { case CONTENT_FORMAT: uint16 content_format;
//                                       case MEDIA_TYPE: opaque media_type<0..2^16-1>; } } EvidenceType;
EvidenceType read_evidence_type(Reader& r) {
  switch (const auto e = r.u8("typeEncoding")) {
    case 0: return ContentFormat{r.u16("content_format")};
    case 1: {
      auto name = text(r.vector<0, k16>("media_type"));
      if (name.empty() && !r.error())
        r.fail("media_type", Code::unknown_value, "is empty; a media type is needed");
      return MediaType{std::move(name)};
    }
    default:
      if (!r.error())
        r.fail("typeEncoding", Code::unknown_value, "is " + std::to_string(e) + "; known are 0 and 1");
      return {};
  }
}

void write_evidence_type(Writer& w, const EvidenceType& v) {
  w.u8(static_cast<std::uint8_t>(v.index()));
  if (const auto* format = std::get_if<ContentFormat>(&v)) return w.u16(format->id);
  // The draft's vector may be empty, its meaning may not: an empty media type is never made.
  w.vector<1, k16>("media_type", view(std::get<MediaType>(v).name));
}

}  // namespace

// enum { evidence(0), result(1), (255) } AttestationMechanism;
// struct { opaque verifier_identity<0..2^16-1>; } VerifierIdentityType;
// struct { AttestationMechanism m; select (m) { case evidence: EvidenceType;
//                                               case result: VerifierIdentityType; } argument; }
//                                               AttestationScheme;
AttestationScheme Codec<AttestationScheme>::read(Reader& r) {
  switch (const auto m = r.u8("mechanism")) {
    case 0: return {read_evidence_type(r)};
    case 1: {
      auto name = text(r.vector<0, k16>("verifier_identity"));
      if (name.empty() && !r.error())
        r.fail("verifier_identity", Code::unknown_value, "is empty; it must name a verifier");
      return {VerifierIdentity{std::move(name)}};
    }
    default:
      if (!r.error())
        r.fail("mechanism", Code::unknown_value, "is " + std::to_string(m) + "; known are 0 and 1");
      return {};
  }
}

void Codec<AttestationScheme>::write(Writer& w, const AttestationScheme& v) {
  w.u8(static_cast<std::uint8_t>(v.argument.index()));
  if (const auto* type = std::get_if<EvidenceType>(&v.argument)) return write_evidence_type(w, *type);
  w.vector<1, k16>("verifier_identity", view(std::get<VerifierIdentity>(v.argument).name));
}

// struct { AttestationScheme server_attester_schemes<0..2^16-1>;
//          AttestationScheme client_attester_schemes<0..2^16-1>; }                      ClientHello
wire::ClientOffer Codec<wire::ClientOffer>::read(Reader& r) {
  wire::ClientOffer v;
  v.server_attester_schemes = r.list<AttestationScheme, 0, k16>("server_attester_schemes");
  v.client_attester_schemes = r.list<AttestationScheme, 0, k16>("client_attester_schemes");
  return v;
}

void Codec<wire::ClientOffer>::write(Writer& w, const wire::ClientOffer& v) {
  const auto list = [&w](std::string_view field, const std::vector<AttestationScheme>& schemes) {
    w.vector<0, k16>(field, [&](Writer& items) {
      for (const auto& s : schemes) Codec<AttestationScheme>::write(items, s);
    });
  };
  list("server_attester_schemes", v.server_attester_schemes);
  list("client_attester_schemes", v.client_attester_schemes);
}

// struct { AttestationScheme chosen_server_scheme; }                              EncryptedExtensions
wire::ServerChoice Codec<wire::ServerChoice>::read(Reader& r) { return {Codec<AttestationScheme>::read(r)}; }
void Codec<wire::ServerChoice>::write(Writer& w, const wire::ServerChoice& v) {
  Codec<AttestationScheme>::write(w, v.chosen_server_scheme);
}

// struct { AttestationScheme chosen_client_scheme; }                               CertificateRequest
wire::ClientChoice Codec<wire::ClientChoice>::read(Reader& r) { return {Codec<AttestationScheme>::read(r)}; }
void Codec<wire::ClientChoice>::write(Writer& w, const wire::ClientChoice& v) {
  Codec<AttestationScheme>::write(w, v.chosen_client_scheme);
}

// struct { opaque cmw_payload<1..2^24-1>; }                                               Certificate
wire::CertificateCredential Codec<wire::CertificateCredential>::read(Reader& r) {
  return {bytes(r.vector<1, k24>("cmw_payload"))};
}
void Codec<wire::CertificateCredential>::write(Writer& w, const wire::CertificateCredential& v) {
  w.vector<1, k24>("cmw_payload", v.cmw_payload);
}

}  // namespace seatls::codec
