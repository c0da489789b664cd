#include "exported/messages.h"

#include <algorithm>
#include <set>

#include "crypto/hash.h"

namespace seatls::exported {

using wire::HandshakeType;

Result<AuthenticatorMessages> take_apart(ByteView authenticator) {
  if (authenticator.size() > max_authenticator)
    return Error{Code::limit_exceeded,
                 "the authenticator is " + std::to_string(authenticator.size()) + " bytes; the limit is " +
                     std::to_string(max_authenticator),
                 ""};
  SEATLS_TRY(auto messages, wire::split_messages(authenticator, 3));
  const auto is = [&](std::size_t i, HandshakeType type) {
    return i < messages.size() && messages[i].msg_type == static_cast<std::uint8_t>(type);
  };
  if (messages.size() == 1 && is(0, HandshakeType::finished))
    return AuthenticatorMessages{std::nullopt, std::move(messages[0].body)};
  //= rfc9261#authenticator-is-three-messages
  if (messages.size() != 3 || !is(0, HandshakeType::certificate) ||
      !is(1, HandshakeType::certificate_verify) || !is(2, HandshakeType::finished)) {
    std::string found;
    for (const auto& m : messages) found += (found.empty() ? "" : ", ") + std::to_string(m.msg_type);
    return Error{
        Code::unexpected_message,
        "the handshake messages are of the types " + found + "; an authenticator is 11, 15, 20, or 20", ""};
  }

  auto certificate = codec::decode<wire::Certificate>(messages[0].body);
  if (!certificate) return std::move(certificate).error().in("Certificate");
  if (certificate->certificate_list.empty())
    return Error{Code::length_out_of_range, "certificate_list is empty; a refusal is a Finished alone",
                 "Certificate > certificate_list"};
  auto verify = codec::decode<wire::CertificateVerify>(messages[1].body);
  if (!verify) return std::move(verify).error().in("CertificateVerify");

  const std::size_t first = messages[0].body.size() + 4, second = messages[1].body.size() + 4;
  return AuthenticatorMessages{
      AuthenticatorMessages::Full{bytes(authenticator.first(first)),
                                  bytes(authenticator.subspan(first, second)), std::move(certificate).value(),
                                  std::move(verify).value()},
      std::move(messages[2].body)};
}

//= rfc9261#exporter-labels
//= rfc9261#exporter-context-empty
//= rfc9261#exporter-length-of-hash
Result<AuthenticatorKeys> export_keys(const Connection& connection, Role sender) {
  if (connection.hash != Hash::sha256 && connection.hash != Hash::sha384)
    return Error{Code::misuse, std::string(name(connection.hash)) + " is the hash of no TLS 1.3 suite",
                 "connection"};
  if (!connection.exporter) return Error{Code::misuse, "the connection has no exporter", "connection"};
  const auto value = [&](std::string_view what) -> Result<Bytes> {
    const std::string label =
        "EXPORTER-" + std::string(role_name(sender)) + " authenticator " + std::string(what);
    SEATLS_TRY(Bytes out, connection.exporter(label, {}, size(connection.hash)));
    if (out.size() != size(connection.hash))
      return Error{Code::misuse, "the exporter gave " + std::to_string(out.size()) + " bytes for " + label,
                   "connection"};
    return out;
  };
  AuthenticatorKeys keys;
  SEATLS_TRY(keys.handshake_context, value("handshake context"));
  SEATLS_TRY(keys.finished_key, value("finished key"));
  return keys;
}

Bytes empty_certificate(ByteView context) {
  return wire::join(HandshakeType::certificate, codec::encode(wire::Certificate{bytes(context), {}}).value())
      .value();
}

std::vector<std::uint16_t> types_of(const std::vector<Extension>& extensions) {
  std::vector<std::uint16_t> out;
  for (const Extension& e : extensions) out.push_back(e.type);
  return out;
}

Result<void> only_asked_for(const CertificateChain& chain, std::span<const std::uint16_t> asked) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    std::set<std::uint16_t> seen;
    for (std::size_t j = 0; j < chain[i].extensions.size(); ++j) {
      const std::uint16_t type = chain[i].extensions[j].type;
      const std::string path =
          "certificate_list[" + std::to_string(i) + "] > extensions[" + std::to_string(j) + "]";
      //= rfc9261#certificate-extensions-from-request
      //= expat#unsolicited-refused
      if (std::ranges::find(asked, type) == asked.end())
        return Error{Code::unsolicited_extension, "extension " + std::to_string(type) + " was not asked for",
                     path};
      //= rfc9261#no-extension-twice
      if (!seen.insert(type).second)
        return Error{Code::unknown_value, "extension " + std::to_string(type) + " stands there twice", path};
    }
  }
  return {};
}

//= rfc9261#signature-input
Bytes to_be_signed(ByteView transcript_hash) {
  Bytes out(64, 0x20);
  const ByteView label = view("Exported Authenticator");
  out.insert(out.end(), label.begin(), label.end());
  out.push_back(0);
  out.insert(out.end(), transcript_hash.begin(), transcript_hash.end());
  return out;
}

}  // namespace seatls::exported
