// The messages of RFC 9261, and the frames of seatls/1 that carry them.
#include <array>

#include "base/encoding.h"
#include "cli/inspect_types.h"
#include "crypto/x509.h"
#include "seatls/post_handshake.h"
#include "wire/exported_messages.h"
#include "wire/frame.h"

namespace seatls::cli {
namespace {

using wire::HandshakeType;

constexpr std::size_t most_messages = 3;  // Certificate, CertificateVerify, Finished
constexpr std::size_t most_frames = 1000;

bool is(const wire::HandshakeMessage& message, HandshakeType type) {
  return message.msg_type == static_cast<std::uint8_t>(type);
}

// Two numbers of cmw_attestation are deployed besides our own.
bool is_cmw_attestation(std::uint16_t type) {
  return type == post::expat_03().cmw_attestation || type == post::deployed_ff00().cmw_attestation ||
         type == post::deployed_ffff().cmw_attestation;
}

Node number(std::uint16_t type) {
  std::array<char, 8> out{};
  std::snprintf(out.data(), out.size(), "0x%04x", unsigned{type});
  return std::string(out.data());
}

// What cannot be read is told with its reason: the rest of the message still says something.
template <class T>
Node or_why(const Result<T>& value, auto tell) {
  return value ? tell(*value) : Node::object().set("malformed", value.error().message());
}

Node request_extension(const exported::Extension& e) {
  Node node = Node::object().set("type", number(e.type)).set("size", e.data.size());
  if (e.type == wire::extension_type::signature_algorithms) {
    node.set("name", "signature_algorithms");
    node.set("schemes", or_why(codec::decode<wire::SignatureSchemeList>(e.data), [](const auto& list) {
               Node names = Node::array();
               for (const auto s : list.supported_signature_algorithms) names.add(exported::name(s));
               return names;
             }));
  } else if (e.type == wire::extension_type::server_name) {
    node.set("name", "server_name");
    node.set("host_name", or_why(codec::decode<wire::ServerNameList>(e.data),
                                 [](const auto& names) { return Node(names.host_name); }));
  } else if (e.type == post::expat_03().remote_attestation) {
    node.set("name", "remoteAttestation");
    node.set("wanted", or_why(codec::decode<wire::WantedSchemes>(e.data), [](const auto& wanted) {
               Node list = Node::array();
               for (const auto& scheme : wanted.wanted) list.add(describe(scheme));
               return list;
             }));
  } else if (e.type == post::expat_03().interactive_passport) {
    node.set("name", "interactive_passport");
    node.set("challenge", or_why(codec::decode<wire::PassportChallenge>(e.data), [](const auto& challenge) {
               return Node::object()
                   .set("kek_id", base::to_hex(challenge.kek_id))
                   .set("enc", base::to_hex(challenge.enc));
             }));
  } else if (is_cmw_attestation(e.type)) {
    node.set("name", "cmw_attestation").set("empty", e.data.empty());
  } else {
    node.set("data", base::to_hex(e.data));
  }
  return node;
}

Node entry_extension(const exported::Extension& e, unsigned depth) {
  Node node = Node::object().set("type", number(e.type)).set("size", e.data.size());
  if (e.type == post::expat_03().interactive_passport)
    return node.set("name", "interactive_passport")
        .set("answer", or_why(codec::decode<wire::PassportProof>(e.data), [](const auto& proof) {
               return Node::object().set("mac", base::to_hex(proof.mac));
             }));
  if (!is_cmw_attestation(e.type)) return node.set("data", base::to_hex(e.data));
  node.set("name", "cmw_attestation");
  return node.set("cmw_data", or_why(codec::decode<wire::CmwAttestation>(e.data), [&](const auto& body) {
                    return or_why(inspect_cmw(body.cmw_data, depth + 1), [](const Node& cmw) { return cmw; });
                  }));
}

Result<Node> certificate(const wire::HandshakeMessage& message, unsigned depth) {
  SEATLS_TRY(const auto body, codec::decode<wire::Certificate>(message.body));
  Node entries = Node::array();
  for (const auto& entry : body.certificate_list) {
    Node extensions = Node::array();
    for (const auto& e : entry.extensions) extensions.add(entry_extension(e, depth));
    entries.add(Node::object()
                    .set("certificate", or_why(inspect_certificates(entry.certificate),
                                               [](const Node& told) { return *told.find("certificates"); }))
                    .set("extensions", std::move(extensions)));
  }
  return Node::object()
      .set("certificate_request_context", base::to_hex(body.certificate_request_context))
      .set("certificate_list", std::move(entries));
}

}  // namespace

Result<Node> inspect_authenticator_request(ByteView data) {
  SEATLS_TRY(const auto messages, wire::split_messages(data, 1));
  const bool client = is(messages.front(), HandshakeType::client_certificate_request);
  if (!client && !is(messages.front(), HandshakeType::certificate_request))
    return Error{
        Code::malformed,
        "a request is a CertificateRequest (13) or a ClientCertificateRequest (17), not a message of type " +
            std::to_string(messages.front().msg_type),
        "authenticator request"};
  SEATLS_TRY(const auto body, codec::decode<wire::CertificateRequest>(messages.front().body));
  Node extensions = Node::array();
  for (const auto& e : body.extensions) extensions.add(request_extension(e));
  return Node::object()
      .set("type", "authenticator request")
      .set("message", client ? "ClientCertificateRequest" : "CertificateRequest")
      .set("asks", client ? "the server" : "the client")
      .set("certificate_request_context", base::to_hex(body.certificate_request_context))
      .set("extensions", std::move(extensions));
}

Result<Node> inspect_authenticator(ByteView data, unsigned depth) {
  SEATLS_TRY(const auto messages, wire::split_messages(data, most_messages));
  Node node = Node::object().set("type", "authenticator").set("size", data.size());
  if (messages.size() == 1 && is(messages[0], HandshakeType::finished))
    return node.set("empty", true)
        .set("meaning", "the request is declined")
        .set("finished", base::to_hex(messages[0].body));
  if (messages.size() != most_messages || !is(messages[0], HandshakeType::certificate) ||
      !is(messages[1], HandshakeType::certificate_verify) || !is(messages[2], HandshakeType::finished))
    return Error{Code::malformed,
                 "an authenticator is Certificate, CertificateVerify and Finished, or a Finished alone",
                 "authenticator"};
  SEATLS_TRY(const Node told, certificate(messages[0], depth));
  SEATLS_TRY(const auto verify, codec::decode<wire::CertificateVerify>(messages[1].body));
  node.set("empty", false);
  for (const auto& [key, value] : *told.members()) node.set(key, value);
  return node
      .set("certificate_verify", Node::object()
                                     .set("algorithm", exported::name(verify.algorithm))
                                     .set("signature", base::to_hex(verify.signature)))
      .set("finished", base::to_hex(messages[2].body));
}

Result<Node> inspect_frames(ByteView data, unsigned depth) {
  wire::FrameReader reader;
  reader.feed(data);
  Node frames = Node::array();
  for (std::size_t i = 0;; ++i) {
    SEATLS_TRY(const auto frame, reader.next());
    if (!frame) break;
    if (i == most_frames)
      return Error{Code::limit_exceeded, "more than " + std::to_string(most_frames) + " frames", "seatls/1"};
    const ByteView body = frame->body;
    Node node = Node::object().set("frame", wire::name(frame->type)).set("size", body.size());
    switch (frame->type) {
      case wire::FrameType::data: node.set("end", body.empty()); break;
      case wire::FrameType::authenticator_request:
        node.set("content", or_why(inspect_authenticator_request(body), [](const Node& n) { return n; }));
        break;
      case wire::FrameType::authenticator:
        node.set("content", or_why(inspect_authenticator(body, depth + 1), [](const Node& n) { return n; }));
        break;
      case wire::FrameType::verdict: {
        SEATLS_TRY(const auto verdict, wire::decode_verdict(body));
        using Standing = wire::Verdict::Standing;
        node.set("standing", verdict.standing == Standing::trusted      ? "trusted"
                             : verdict.standing == Standing::restricted ? "restricted"
                                                                        : "refused");
        node.set("alert", unsigned{verdict.reason});
        break;
      }
      case wire::FrameType::error: {
        SEATLS_TRY(const auto reason, wire::decode_error(body));
        node.set("alert", unsigned{reason});
        break;
      }
      case wire::FrameType::window: {
        SEATLS_TRY(const auto credit, wire::decode_window(body));
        node.set("credit", std::int64_t{credit});
        break;
      }
    }
    frames.add(std::move(node));
  }
  return Node::object()
      .set("type", "seatls/1")
      .set("frames", std::move(frames))
      .set("left_over", reader.buffered());
}

}  // namespace seatls::cli
