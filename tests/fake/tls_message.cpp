#include "fake/tls_message.h"

#include <algorithm>

#include "codec/tls.h"

namespace seatls::fake {
namespace {

using codec::Reader;
using codec::Writer;

constexpr std::size_t k8 = 0xff, k16 = 0xffff, k24 = 0xffffff;

void write_extensions(Writer& w, const Extensions& extensions) {
  w.vector<0, k16>("extensions", [&](Writer& block) {
    for (const Extension& e : extensions) {
      block.u16(e.type);
      block.vector<0, k16>("extension_data", e.data);
    }
  });
}

Extensions read_extensions(Reader& r) {
  Extensions out;
  Reader block(r.vector<0, k16>("extensions"));
  while (!block.done()) {
    const std::uint16_t type = block.u16("extension_type");
    out.push_back({type, bytes(block.vector<0, k16>("extension_data"))});
  }
  if (block.error()) r.fail("extensions", block.error()->code, block.error()->detail);
  return out;
}

Bytes read_random(Reader& r) {
  Bytes out;
  for (int i = 0; i < 32; ++i) out.push_back(r.u8("random"));
  return out;
}

std::uint16_t suite_number(Hash hash) { return hash == Hash::sha384 ? 0x1302 : 0x1301; }
Hash suite_hash(std::uint16_t number) { return number == 0x1302 ? Hash::sha384 : Hash::sha256; }

void write_body(Writer& w, const Message& m) {
  switch (m.type) {
    case MessageType::client_hello:
      w.u16(0x0303);
      w.bytes(m.random);
      w.vector<0, 32>("legacy_session_id", Bytes{});
      w.vector<2, 0xfffe>("cipher_suites", [&](Writer& suites) { suites.u16(suite_number(m.suite)); });
      w.vector<1, k8>("legacy_compression_methods", Bytes{0});
      return write_extensions(w, m.extensions);
    case MessageType::server_hello:
      w.u16(0x0303);
      w.bytes(m.random);
      w.vector<0, 32>("legacy_session_id_echo", Bytes{});
      w.u16(suite_number(m.suite));
      w.u8(0);
      return write_extensions(w, m.extensions);
    case MessageType::encrypted_extensions: return write_extensions(w, m.extensions);
    case MessageType::certificate_request:
      w.vector<0, k8>("certificate_request_context", Bytes{});
      return write_extensions(w, m.extensions);
    case MessageType::certificate:
      w.vector<0, k8>("certificate_request_context", Bytes{});
      return w.vector<0, k24>("certificate_list", [&](Writer& list) {
        for (const CertificateEntry& e : m.entries) {
          list.vector<1, k24>("cert_data", e.certificate);
          write_extensions(list, e.extensions);
        }
      });
    case MessageType::certificate_verify:
      w.u16(0x0403);  // ecdsa_secp256r1_sha256
      return w.vector<0, k16>("signature", m.proof);
    case MessageType::finished: return w.bytes(m.proof);
  }
}

void read_body(Reader& r, ByteView body, Message& m) {
  switch (m.type) {
    case MessageType::client_hello: {
      (void)r.u16("legacy_version");
      m.random = read_random(r);
      (void)r.vector<0, 32>("legacy_session_id");
      Reader suites(r.vector<2, 0xfffe>("cipher_suites"));
      m.suite = suite_hash(suites.u16("cipher_suite"));
      (void)r.vector<1, k8>("legacy_compression_methods");
      m.extensions = read_extensions(r);
      return;
    }
    case MessageType::server_hello:
      (void)r.u16("legacy_version");
      m.random = read_random(r);
      (void)r.vector<0, 32>("legacy_session_id_echo");
      m.suite = suite_hash(r.u16("cipher_suite"));
      (void)r.u8("legacy_compression_method");
      m.extensions = read_extensions(r);
      return;
    case MessageType::encrypted_extensions: m.extensions = read_extensions(r); return;
    case MessageType::certificate_request:
      (void)r.vector<0, k8>("certificate_request_context");
      m.extensions = read_extensions(r);
      return;
    case MessageType::certificate: {
      (void)r.vector<0, k8>("certificate_request_context");
      Reader list(r.vector<0, k24>("certificate_list"));
      while (!list.done()) {
        Bytes certificate = bytes(list.vector<1, k24>("cert_data"));
        m.entries.push_back({std::move(certificate), read_extensions(list)});
      }
      if (list.error()) r.fail("certificate_list", list.error()->code, list.error()->detail);
      return;
    }
    case MessageType::certificate_verify:
      (void)r.u16("algorithm");
      m.proof = bytes(r.vector<0, k16>("signature"));
      return;
    case MessageType::finished:
      m.proof = bytes(body);
      r = Reader({});
      return;
  }
}

}  // namespace

std::string_view name(MessageType type) {
  switch (type) {
    case MessageType::client_hello: return "ClientHello";
    case MessageType::server_hello: return "ServerHello";
    case MessageType::encrypted_extensions: return "EncryptedExtensions";
    case MessageType::certificate: return "Certificate";
    case MessageType::certificate_request: return "CertificateRequest";
    case MessageType::certificate_verify: return "CertificateVerify";
    case MessageType::finished: return "Finished";
  }
  return "?";
}

const Bytes& retry_random() {
  static const Bytes value = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C,
                              0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB,
                              0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};
  return value;
}

Bytes encode(const Message& message) {
  Writer w;
  w.u8(static_cast<std::uint8_t>(message.type));
  w.vector<0, k24>("body", [&](Writer& body) { write_body(body, message); });
  return std::move(w).take();
}

Result<Message> decode(Role sender, ByteView in) {
  Reader r(in);
  Message m;
  m.type = static_cast<MessageType>(r.u8("msg_type"));
  m.sender = sender;
  const ByteView view_of_body = r.vector<0, k24>("body");
  Reader body(view_of_body);
  read_body(body, view_of_body, m);
  for (const Reader* reader : {&r, &body}) {
    if (reader->error()) return *reader->error();
    if (!reader->done()) return Error{Code::trailing_data, "after the message", ""};
  }
  return m;
}

std::optional<Bytes> find(const Extensions& extensions, std::uint16_t type) {
  const auto found = std::ranges::find(extensions, type, &Extension::type);
  return found == extensions.end() ? std::nullopt : std::optional(found->data);
}

void set(Extensions& extensions, std::uint16_t type, std::optional<Bytes> data) {
  std::erase_if(extensions, [&](const Extension& e) { return e.type == type; });
  if (data) extensions.push_back({type, std::move(*data)});
}

}  // namespace seatls::fake
