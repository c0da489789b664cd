#include "wire/attestation_scheme.h"

namespace seatls::codec {
namespace {

constexpr std::size_t k16 = 0xffff;

std::string unknown(std::uint8_t value) { return "is " + std::to_string(value) + "; known are 0 and 1"; }

}  // namespace

// enum { CONTENT_FORMAT(0), MEDIA_TYPE(1) } typeEncoding;
// struct {
//   typeEncoding type_encoding;
//   select (EvidenceType.type_encoding) {
//     case CONTENT_FORMAT: uint16 content_format;
//     case MEDIA_TYPE: opaque media_type<0..2^16-1>;
//   };
// } EvidenceType;
//
// The vector may be empty, a media type may not: an empty one parses, and is a value that this field
// may not hold.
//= early-attestation#body-values-known
EvidenceType Codec<EvidenceType>::read(Reader& r) {
  switch (const auto encoding = r.u8("type_encoding")) {
    case 0: return ContentFormat{r.u16("content_format")};
    case 1: {
      auto name = text(r.vector<0, k16>("media_type"));
      if (name.empty()) r.fail("media_type", Code::unknown_value, "is empty; it must name a type");
      return MediaType{std::move(name)};
    }
    default: r.fail("type_encoding", Code::unknown_value, unknown(encoding)); return {};
  }
}

void Codec<EvidenceType>::write(Writer& w, const EvidenceType& v) {
  w.u8(static_cast<std::uint8_t>(v.index()));
  if (const auto* format = std::get_if<ContentFormat>(&v)) return w.u16(format->id);
  w.vector<1, k16>("media_type", view(std::get<MediaType>(v).name));
}

// struct { opaque verifier_identity<0..2^16-1>; } VerifierIdentityType;
//
// An empty identity names no verifier: as with media_type.
VerifierIdentity Codec<VerifierIdentity>::read(Reader& r) {
  auto name = text(r.vector<0, k16>("verifier_identity"));
  if (name.empty()) r.fail("verifier_identity", Code::unknown_value, "is empty; it must name a verifier");
  return {std::move(name)};
}

void Codec<VerifierIdentity>::write(Writer& w, const VerifierIdentity& v) {
  w.vector<1, k16>("verifier_identity", view(v.name));
}

// enum { evidence(0), result(1), (255) } AttestationMechanism;
// struct {
//   AttestationMechanism mechanism;
//   select (mechanism) {
//     case evidence: EvidenceType;
//     case result:   VerifierIdentityType;
//   } argument;
// } AttestationScheme;
AttestationScheme Codec<AttestationScheme>::read(Reader& r) {
  switch (const auto mechanism = r.u8("mechanism")) {
    case 0: return {Codec<EvidenceType>::read(r)};
    case 1: return {Codec<VerifierIdentity>::read(r)};
    default: r.fail("mechanism", Code::unknown_value, unknown(mechanism)); return {};
  }
}

void Codec<AttestationScheme>::write(Writer& w, const AttestationScheme& v) {
  w.u8(static_cast<std::uint8_t>(v.argument.index()));
  std::visit(
      [&w](const auto& argument) { Codec<std::remove_cvref_t<decltype(argument)>>::write(w, argument); },
      v.argument);
}

}  // namespace seatls::codec
