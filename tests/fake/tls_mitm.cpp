#include "fake/tls_mitm.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "base/encoding.h"
#include "codec/tls.h"
#include "crypto/hash.h"
#include "crypto/signature.h"

namespace seatls::fake {
namespace {

constexpr std::size_t kHeader = 4, kTag = 16, kLargestFragment = 16'384;
constexpr auto kAlert = SSL3_RT_ALERT, kData = SSL3_RT_APPLICATION_DATA, kHandshake = SSL3_RT_HANDSHAKE;

MessageType type_of(ByteView message) { return static_cast<MessageType>(message[0]); }
std::size_t u16(ByteView b) { return static_cast<std::size_t>(b[0]) << 8 | b[1]; }
std::size_t u24(ByteView b) { return static_cast<std::size_t>(b[0]) << 16 | u16(b.subspan(1)); }
Bytes with_header(std::uint8_t type, ByteView body) {
  Bytes out{type, static_cast<std::uint8_t>(body.size() >> 16), static_cast<std::uint8_t>(body.size() >> 8),
            static_cast<std::uint8_t>(body.size())};
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

Bytes expand(ByteView secret, std::string_view label, std::size_t length) {
  return crypto::hkdf_expand_label(Hash::sha256, crypto::LabelPrefix::tls13, secret, label, {}, length)
      .value();
}

// aead is TLS_AES_128_GCM_SHA256's protection of one record (RFC 8446, 5.2).
Bytes aead(bool encrypt, ByteView secret, std::uint64_t sequence, ByteView header, ByteView in) {
  const Bytes key = expand(secret, "key", 16);
  Bytes nonce = expand(secret, "iv", 12);
  for (std::size_t i = 0; i < 8; ++i) nonce[11 - i] ^= static_cast<std::uint8_t>(sequence >> (8 * i));
  EVP_CIPHER_CTX* ctx = EVP_CIPHER_CTX_new();
  const std::size_t length = encrypt ? in.size() : in.size() - kTag;
  Bytes out(length + kTag);
  int n = 0;
  EVP_CipherInit_ex(ctx, EVP_aes_128_gcm(), nullptr, key.data(), nonce.data(), encrypt ? 1 : 0);
  EVP_CipherUpdate(ctx, nullptr, &n, header.data(), static_cast<int>(header.size()));
  EVP_CipherUpdate(ctx, out.data(), &n, in.data(), static_cast<int>(length));
  if (!encrypt) {
    Bytes tag = bytes(in.last(kTag));
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, kTag, tag.data());
  }
  const bool ok = EVP_CipherFinal_ex(ctx, out.data() + length, &n) == 1;
  if (encrypt) EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, kTag, out.data() + length);
  EVP_CIPHER_CTX_free(ctx);
  if (!ok) std::abort();  // the attacker's own keys are wrong: a mistake of this file
  if (!encrypt) out.resize(length);
  return out;
}

int keylog_index() {
  static const int value = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return value;
}

// extensions_begin returns where the block of extensions stands in a message.
std::size_t extensions_begin(ByteView m) {
  std::size_t at = kHeader;
  switch (type_of(m)) {
    case MessageType::client_hello:
      at += 34;
      at += 1 + m[at];
      at += 2 + u16(m.subspan(at));
      return at + 1 + m[at];
    case MessageType::server_hello: at += 34; return at + 1 + m[at] + 3;
    case MessageType::certificate_request: return at + 1 + m[at];
    default: return at;
  }
}

Extensions read_extensions(ByteView block) {
  codec::Reader r(block);
  Extensions out;
  while (!r.done() && !r.error()) {
    const auto type = r.u16("type");
    out.push_back({type, bytes(r.vector<0, 0xffff>("data"))});
  }
  return out;
}

void write_extensions(codec::Writer& w, const Extensions& extensions) {
  w.vector<0, 0xffff>("extensions", [&](codec::Writer& block) {
    for (const auto& e : extensions) {
      block.u16(e.type);
      block.vector<0, 0xffff>("data", e.data);
    }
  });
}

}  // namespace

TlsMitm::~TlsMitm() {
  for (const int fd : fds_)
    if (fd >= 0) ::close(fd);
}

void TlsMitm::between(int client_fd, int server_fd, SSL_CTX* client, SSL_CTX* server) {
  fds_ = {client_fd, server_fd};
  for (const int fd : fds_) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  if (!leaks_.handshake_secrets) return;
  for (SSL_CTX* ctx : {client, server}) {
    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_ex_data(ctx, keylog_index(), this);
    SSL_CTX_set_keylog_callback(ctx, on_keylog);
  }
}

void TlsMitm::on_keylog(const SSL* ssl, const char* line) {
  auto* self = static_cast<TlsMitm*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keylog_index()));
  self->keylog(SSL_is_server(ssl) == 1 ? Role::server : Role::client, line);
}

void TlsMitm::keylog(Role end, const std::string& line) {
  std::istringstream words(line);
  std::string label, random, hex;
  words >> label >> random >> hex;
  auto& secrets = secrets_[static_cast<std::size_t>(end)];
  if (label == "CLIENT_HANDSHAKE_TRAFFIC_SECRET") secrets.client = base::from_hex(hex).value();
  if (label == "SERVER_HANDSHAKE_TRAFFIC_SECRET") secrets.server = base::from_hex(hex).value();
  if (label == "CLIENT_TRAFFIC_SECRET_0") secrets.client_application = base::from_hex(hex).value();
  if (label == "SERVER_TRAFFIC_SECRET_0") secrets.server_application = base::from_hex(hex).value();
}

const Bytes& TlsMitm::secret(Role leg, Role sender) const {
  const auto& secrets = secrets_[static_cast<std::size_t>(leg)];
  if (ways_[static_cast<std::size_t>(sender)].finished)
    return sender == Role::client ? secrets.client_application : secrets.server_application;
  return sender == Role::client ? secrets.client : secrets.server;
}

void TlsMitm::fill(Role from) {
  std::array<std::uint8_t, 65'536> buffer;
  for (ssize_t n = 0; (n = ::read(fd(from), buffer.data(), buffer.size())) > 0;)
    way(from).raw.insert(way(from).raw.end(), buffer.begin(), buffer.begin() + n);
}

void TlsMitm::pump() {
  for (const Role from : {Role::client, Role::server}) {
    fill(from);
    Bytes& raw = way(from).raw;
    while (raw.size() >= 5) {
      const std::size_t length = u16(ByteView(raw).subspan(3));
      if (raw.size() < 5 + length) break;
      if (!record(from, raw[0], ByteView(raw).first(5), ByteView(raw).subspan(5, length))) break;
      raw.erase(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(5 + length));
    }
  }
}

bool TlsMitm::record(Role from, std::uint8_t type, ByteView header, ByteView body) {
  Way& w = way(from);
  if (type == kHandshake) {
    take_messages(from, bytes(body), false);
    return true;
  }
  const bool readable = w.finished ? leaks_.application_secrets : leaks_.handshake_secrets;
  if (type != kData || !readable) {
    Bytes whole = bytes(header);
    whole.insert(whole.end(), body.begin(), body.end());
    std::ignore = ::write(fd(other(from)), whole.data(), whole.size());
    return true;
  }
  if (secret(from, from).empty() || secret(other(from), from).empty()) return false;
  Bytes inner = aead(false, secret(from, from), w.read++, header, body);
  while (!inner.empty() && inner.back() == 0) inner.pop_back();
  const std::uint8_t inner_type = inner.back();
  inner.pop_back();
  if (inner_type == kHandshake) {
    take_messages(from, std::move(inner), true);
    return true;
  }
  if (inner_type == kData && on_data) on_data(from, inner);
  if (!inner.empty()) send(from, inner_type, inner, true);
  return true;
}

void TlsMitm::take_messages(Role from, Bytes plain, bool encrypted) {
  Bytes& all = way(from).messages;
  all.insert(all.end(), plain.begin(), plain.end());
  while (all.size() >= kHeader) {
    const std::size_t length = kHeader + u24(ByteView(all).subspan(1));
    if (all.size() < length) return;
    Bytes message(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(length));
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(length));
    hand_on(from, std::move(message), encrypted);
  }
}

void TlsMitm::hand_on(Role from, Bytes message, bool encrypted) {
  Bytes original = message;
  if (change_) change_(from, message);
  mend(from, message);
  for (const auto& [end, bytes_seen] : {std::pair{from, &original}, std::pair{other(from), &message}}) {
    Bytes& seen = seen_by(end);
    if (type_of(message) == MessageType::server_hello &&
        std::equal(retry_random().begin(), retry_random().end(), message.begin() + kHeader + 2))
      seen = with_header(254, crypto::digest(Hash::sha256, seen));  // message_hash(ClientHello1)
    seen.insert(seen.end(), bytes_seen->begin(), bytes_seen->end());
  }
  passed_.emplace_back(from, message);
  send(from, kHandshake, message, encrypted);
  if (type_of(message) != MessageType::finished) return;
  way(from).finished = true;
  way(from).read = way(from).written = 0;  // other keys, other record numbers
}

// mend makes the proofs of a flight anew where the receiver's transcript is not the sender's.
void TlsMitm::mend(Role from, Bytes& message) {
  const Bytes& seen = seen_by(other(from));
  if (!leaks_.handshake_secrets || seen == seen_by(from)) return;
  const Bytes hash = crypto::digest(Hash::sha256, seen);
  if (type_of(message) == MessageType::finished) {
    message = with_header(
        message[0], crypto::hmac(Hash::sha256, expand(secret(other(from), from), "finished", 32), hash));
  }
  const auto* key = from == Role::client ? leaks_.client_key : leaks_.server_key;
  if (type_of(message) == MessageType::certificate_verify && key != nullptr) {
    Bytes content(64, 0x20);
    const std::string context =
        std::string("TLS 1.3, ") + (from == Role::client ? "client" : "server") + " CertificateVerify";
    content.insert(content.end(), context.begin(), context.end());
    content.push_back(0);
    content.insert(content.end(), hash.begin(), hash.end());
    codec::Writer body;
    body.u16(0x0403);  // ecdsa_secp256r1_sha256
    body.vector<0, 0xffff>(
        "signature",
        key->sign(crypto::SignatureAlgorithm::ecdsa_p256_sha256, content, crypto::EcdsaForm::der).value());
    message = with_header(message[0], std::move(body).take());
  }
}

void TlsMitm::send(Role from, std::uint8_t type, ByteView content, bool encrypted) {
  do {
    const auto piece = content.first(std::min(content.size(), kLargestFragment));
    content = content.subspan(piece.size());
    Bytes fragment = bytes(piece);
    if (encrypted) fragment.push_back(type);
    const std::size_t length = fragment.size() + (encrypted ? kTag : 0);
    Bytes record{encrypted ? static_cast<std::uint8_t>(kData) : type, 3, 3,
                 static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    if (encrypted) fragment = aead(true, secret(other(from), from), way(from).written++, record, fragment);
    record.insert(record.end(), fragment.begin(), fragment.end());
    std::ignore = ::write(fd(other(from)), record.data(), record.size());
  } while (!content.empty());
}

TlsMitm::Change on(Role sender, MessageType type, std::function<void(Bytes&)> change) {
  return [sender, type, change = std::move(change)](Role from, Bytes& message) {
    if (from == sender && type_of(message) == type) change(message);
  };
}

void edit_extensions(Bytes& message, const std::function<void(Extensions&)>& edit) {
  const std::size_t begin = extensions_begin(message);
  Extensions extensions = read_extensions(ByteView(message).subspan(begin + 2));
  edit(extensions);
  codec::Writer w;
  w.bytes(ByteView(message).subspan(kHeader, begin - kHeader));
  write_extensions(w, extensions);
  message = with_header(message[0], std::move(w).take());
}

void edit_entries(Bytes& certificate, const std::function<void(std::vector<CertificateEntry>&)>& edit) {
  codec::Reader r(ByteView(certificate).subspan(kHeader));
  const Bytes context = bytes(r.vector<0, 0xff>("certificate_request_context"));
  codec::Reader list(r.vector<0, 0xffffff>("certificate_list"));
  std::vector<CertificateEntry> entries;
  while (!list.done() && !list.error()) {
    Bytes der = bytes(list.vector<1, 0xffffff>("cert_data"));
    entries.push_back({std::move(der), read_extensions(list.vector<0, 0xffff>("extensions"))});
  }
  edit(entries);
  codec::Writer w;
  w.vector<0, 0xff>("certificate_request_context", context);
  w.vector<0, 0xffffff>("certificate_list", [&](codec::Writer& all) {
    for (const auto& e : entries) {
      all.vector<1, 0xffffff>("cert_data", e.certificate);
      write_extensions(all, e.extensions);
    }
  });
  certificate = with_header(certificate[0], std::move(w).take());
}

}  // namespace seatls::fake
