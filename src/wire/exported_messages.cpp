#include "wire/exported_messages.h"

#include <algorithm>

namespace seatls::wire {

//= rfc9261#messages-have-headers
Result<std::vector<HandshakeMessage>> split_messages(ByteView in, std::size_t most) {
  codec::Reader r(in);
  std::vector<HandshakeMessage> out;
  while (!r.done()) {
    if (out.size() == most)
      return Error{Code::trailing_data, "more than " + std::to_string(most) + " handshake messages", ""};
    out.push_back(codec::Codec<HandshakeMessage>::read(r));
    if (r.error()) return *r.error();
  }
  if (out.empty()) return Error{Code::truncated, "no handshake message", ""};
  return out;
}

Result<Bytes> join(HandshakeType type, ByteView body) {
  return codec::encode(HandshakeMessage{static_cast<std::uint8_t>(type), bytes(body)});
}

}  // namespace seatls::wire

namespace seatls::codec {
namespace {

constexpr std::size_t k8 = 0xff, k16 = 0xffff, k24 = 0xffffff;
constexpr std::uint8_t kHostName = 0;

}  // namespace

// struct {
//   HandshakeType msg_type;
//   uint24 length;
//   select (Handshake.msg_type) { … };
// } Handshake;
wire::HandshakeMessage Codec<wire::HandshakeMessage>::read(Reader& r) {
  const auto type = r.u8("msg_type");
  return {type, bytes(r.vector<0, k24>("Handshake"))};
}

void Codec<wire::HandshakeMessage>::write(Writer& w, const wire::HandshakeMessage& v) {
  w.u8(v.msg_type);
  w.vector<0, k24>("Handshake", v.body);
}

// struct {
//   ExtensionType extension_type;
//   opaque extension_data<0..2^16-1>;
// } Extension;
exported::Extension Codec<exported::Extension>::read(Reader& r) {
  const auto type = r.u16("extension_type");
  return {type, bytes(r.vector<0, k16>("extension_data"))};
}

void Codec<exported::Extension>::write(Writer& w, const exported::Extension& v) {
  w.u16(v.type);
  w.vector<0, k16>("extension_data", v.data);
}

exported::SignatureScheme Codec<exported::SignatureScheme>::read(Reader& r) {
  return static_cast<exported::SignatureScheme>(r.u16("SignatureScheme"));
}

void Codec<exported::SignatureScheme>::write(Writer& w, const exported::SignatureScheme& v) {
  w.u16(static_cast<std::uint16_t>(v));
}

// struct {
//   opaque certificate_request_context<0..2^8-1>;
//   Extension extensions<2..2^16-1>;
// } CertificateRequest, ClientCertificateRequest;
wire::CertificateRequest Codec<wire::CertificateRequest>::read(Reader& r) {
  wire::CertificateRequest v;
  v.certificate_request_context = bytes(r.vector<0, k8>("certificate_request_context"));
  v.extensions = r.list<exported::Extension, 2, k16>("extensions");
  return v;
}

void Codec<wire::CertificateRequest>::write(Writer& w, const wire::CertificateRequest& v) {
  w.vector<0, k8>("certificate_request_context", v.certificate_request_context);
  w.list<exported::Extension, 2, k16>("extensions", v.extensions);
}

// struct {
//   opaque cert_data<1..2^24-1>;
//   Extension extensions<0..2^16-1>;
// } CertificateEntry;
exported::CertificateEntry Codec<exported::CertificateEntry>::read(Reader& r) {
  exported::CertificateEntry v;
  v.certificate = bytes(r.vector<1, k24>("cert_data"));
  v.extensions = r.list<exported::Extension, 0, k16>("extensions");
  return v;
}

void Codec<exported::CertificateEntry>::write(Writer& w, const exported::CertificateEntry& v) {
  w.vector<1, k24>("cert_data", v.certificate);
  w.list<exported::Extension, 0, k16>("extensions", v.extensions);
}

// struct {
//   opaque certificate_request_context<0..2^8-1>;
//   CertificateEntry certificate_list<0..2^24-1>;
// } Certificate;
wire::Certificate Codec<wire::Certificate>::read(Reader& r) {
  wire::Certificate v;
  v.certificate_request_context = bytes(r.vector<0, k8>("certificate_request_context"));
  v.certificate_list = r.list<exported::CertificateEntry, 0, k24>("certificate_list");
  return v;
}

void Codec<wire::Certificate>::write(Writer& w, const wire::Certificate& v) {
  w.vector<0, k8>("certificate_request_context", v.certificate_request_context);
  w.list<exported::CertificateEntry, 0, k24>("certificate_list", v.certificate_list);
}

// struct {
//   SignatureScheme algorithm;
//   opaque signature<0..2^16-1>;
// } CertificateVerify;
wire::CertificateVerify Codec<wire::CertificateVerify>::read(Reader& r) {
  const auto algorithm = Codec<exported::SignatureScheme>::read(r);
  return {algorithm, bytes(r.vector<0, k16>("signature"))};
}

void Codec<wire::CertificateVerify>::write(Writer& w, const wire::CertificateVerify& v) {
  Codec<exported::SignatureScheme>::write(w, v.algorithm);
  w.vector<0, k16>("signature", v.signature);
}

// struct {
//   SignatureScheme supported_signature_algorithms<2..2^16-2>;
// } SignatureSchemeList;
wire::SignatureSchemeList Codec<wire::SignatureSchemeList>::read(Reader& r) {
  return {r.list<exported::SignatureScheme, 2, k16 - 1>("supported_signature_algorithms")};
}

void Codec<wire::SignatureSchemeList>::write(Writer& w, const wire::SignatureSchemeList& v) {
  w.list<exported::SignatureScheme, 2, k16 - 1>("supported_signature_algorithms",
                                                v.supported_signature_algorithms);
}

// struct {
//   NameType name_type;                                     host_name(0)
//   select (name_type) { case host_name: opaque HostName<1..2^16-1>; } name;
// } ServerName;
// struct { ServerName server_name_list<1..2^16-1>; } ServerNameList;
//
// A list of one is all that RFC 6066 leaves: one name per type, and one type.
wire::ServerNameList Codec<wire::ServerNameList>::read(Reader& r) {
  Reader list(r.vector<1, k16>("server_name_list"));
  if (r.error()) return {};
  const auto type = list.u8("name_type");
  if (type != kHostName) {
    r.fail("name_type", Code::unknown_value, "is " + std::to_string(type) + "; known is 0, host_name");
    return {};
  }
  wire::ServerNameList v{text(list.vector<1, k16>("HostName"))};
  if (list.error())
    r.fail("server_name_list", list.error()->code, "holds no whole name: " + list.error()->detail);
  else if (!list.done())
    r.fail("server_name_list", Code::unknown_value, "holds more than one name");
  else if (!std::ranges::all_of(v.host_name, [](char c) { return c > ' ' && c < 0x7f; }))
    r.fail("HostName", Code::unknown_value, "holds a byte that is no printable ASCII");
  return v;
}

void Codec<wire::ServerNameList>::write(Writer& w, const wire::ServerNameList& v) {
  w.vector<1, k16>("server_name_list", [&](Writer& list) {
    list.u8(kHostName);
    list.vector<1, k16>("HostName", view(v.host_name));
  });
}

// struct {
//     opaque cmw_data<1..2^16-1>;
// } CMWAttestation;
wire::CmwAttestation Codec<wire::CmwAttestation>::read(Reader& r) {
  return {bytes(r.vector<1, k16>("cmw_data"))};
}

void Codec<wire::CmwAttestation>::write(Writer& w, const wire::CmwAttestation& v) {
  //= expat#cmw-data-fits
  if (v.cmw_data.size() > wire::max_cmw_data)
    return w.fail("cmw_data", Code::evidence_too_large,
                  "is " + std::to_string(v.cmw_data.size()) + " bytes; the extension holds at most " +
                      std::to_string(wire::max_cmw_data));
  w.vector<1, k16>("cmw_data", v.cmw_data);
}

// struct { AttestationScheme wanted<1..2^16-1>; }
wire::WantedSchemes Codec<wire::WantedSchemes>::read(Reader& r) {
  return {r.list<AttestationScheme, 1, k16>("wanted")};
}

void Codec<wire::WantedSchemes>::write(Writer& w, const wire::WantedSchemes& v) {
  w.list<AttestationScheme, 1, k16>("wanted", v.wanted);
}

// struct {
//     opaque kek_id[32];
//     opaque enc<1..2^16-1>;
// } PassportChallenge;
wire::PassportChallenge Codec<wire::PassportChallenge>::read(Reader& r) {
  wire::PassportChallenge v;
  v.kek_id = bytes(r.opaque<32>("kek_id"));
  v.enc = bytes(r.vector<1, k16>("enc"));
  return v;
}

void Codec<wire::PassportChallenge>::write(Writer& w, const wire::PassportChallenge& v) {
  w.opaque<32>("kek_id", v.kek_id);
  w.vector<1, k16>("enc", v.enc);
}

// struct {
//     opaque mac<32..64>;
// } PassportProof;
wire::PassportProof Codec<wire::PassportProof>::read(Reader& r) { return {bytes(r.vector<32, 64>("mac"))}; }

void Codec<wire::PassportProof>::write(Writer& w, const wire::PassportProof& v) {
  w.vector<32, 64>("mac", v.mac);
}

}  // namespace seatls::codec
