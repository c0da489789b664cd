// Authenticator requests: RFC 9261, section 4.
#include <algorithm>
#include <array>
#include <set>

#include "exported/messages.h"
#include "wire/exported_messages.h"

namespace seatls::exported {
namespace {

namespace extension_type = wire::extension_type;

std::string place(Role requester) {
  return std::string(role_name(requester)) + " " +
         (requester == Role::client ? "ClientCertificateRequest" : "CertificateRequest");
}

wire::HandshakeType type_of(Role requester) {
  return requester == Role::client ? wire::HandshakeType::client_certificate_request
                                   : wire::HandshakeType::certificate_request;
}

// Extensions that RFC 8446, 4.2 and the registry know for other messages only. An extension that is
// known and may not stand here ends the exchange; one that is unknown is ignored.
constexpr std::array<std::uint16_t, 17> kElsewhere = {1 /* max_fragment_length */,
                                                      10 /* supported_groups */,
                                                      14 /* use_srtp */,
                                                      15 /* heartbeat */,
                                                      16 /* ALPN */,
                                                      19 /* client_certificate_type */,
                                                      20 /* server_certificate_type */,
                                                      21 /* padding */,
                                                      28 /* record_size_limit */,
                                                      35 /* session_ticket */,
                                                      41 /* pre_shared_key */,
                                                      42 /* early_data */,
                                                      43 /* supported_versions */,
                                                      44 /* cookie */,
                                                      45 /* psk_key_exchange_modes */,
                                                      49 /* post_handshake_auth */,
                                                      51 /* key_share */};

Result<void> check_places(Role requester, const std::vector<Extension>& extensions) {
  std::set<std::uint16_t> seen;
  for (std::size_t i = 0; i < extensions.size(); ++i) {
    const std::uint16_t type = extensions[i].type;
    const std::string path = "extensions[" + std::to_string(i) + "]";
    //= rfc9261#no-extension-twice
    if (!seen.insert(type).second)
      return Error{Code::unknown_value, "extension " + std::to_string(type) + " stands there twice", path};
    //= rfc9261#request-extensions-allowed
    if (std::ranges::find(kElsewhere, type) != kElsewhere.end())
      return Error{Code::misplaced_extension,
                   "extension " + std::to_string(type) + " may not stand in a certificate request", path};
    //= rfc9261#server-name-of-clients
    if (type == extension_type::server_name && requester == Role::server)
      return Error{Code::misplaced_extension, "server_name may stand in a ClientCertificateRequest only",
                   path};
  }
  return {};
}

template <class T>
Result<std::optional<T>> body_of(const std::vector<Extension>& extensions, std::uint16_t type,
                                 std::string_view name) {
  const auto at = std::ranges::find(extensions, type, &Extension::type);
  if (at == extensions.end()) return std::optional<T>();
  auto decoded = codec::decode<T>(at->data);
  if (!decoded) return std::move(decoded).error().in(name);
  return std::optional<T>(std::move(decoded).value());
}

}  // namespace

class RequestCodec {
 public:
  static Result<AuthenticatorRequest> read(Role requester, Bytes encoded, ByteView body) {
    auto message = codec::decode<wire::CertificateRequest>(body);
    if (!message) return std::move(message).error();
    AuthenticatorRequest out;
    SEATLS_CHECK(check_places(requester, message->extensions));

    SEATLS_TRY(const auto schemes,
               body_of<wire::SignatureSchemeList>(message->extensions, extension_type::signature_algorithms,
                                                  "signature_algorithms"));
    //= rfc9261#request-has-signature-algorithms
    if (!schemes)
      return Error{Code::missing_extension, "signature_algorithms is mandatory in a request", "extensions"};
    SEATLS_TRY(const auto server_name, body_of<wire::ServerNameList>(
                                           message->extensions, extension_type::server_name, "server_name"));

    out.requester_ = requester;
    out.encoded_ = std::move(encoded);
    out.context_ = std::move(message->certificate_request_context);
    out.schemes_ = schemes->supported_signature_algorithms;
    if (server_name) out.server_name_ = server_name->host_name;
    out.extensions_ = std::move(message->extensions);
    return out;
  }
};

//= rfc9261#unknown-extensions-ignored
const Bytes* AuthenticatorRequest::find(std::uint16_t type) const {
  const auto at = std::ranges::find(extensions_, type, &Extension::type);
  return at == extensions_.end() ? nullptr : &at->data;
}

Result<AuthenticatorRequest> make_request(Role requester, RequestOptions options) {
  const auto misuse = [&](Error error) {
    error.detail = std::string(seatls::name(error.code)) + ": " + error.detail;
    error.code = Code::misuse;
    return std::move(error).in(place(requester));
  };
  wire::CertificateRequest message{std::move(options.context), {}};
  auto schemes = codec::encode(wire::SignatureSchemeList{std::move(options.signature_algorithms)});
  if (!schemes) return misuse(std::move(schemes).error());
  message.extensions.push_back({extension_type::signature_algorithms, std::move(schemes).value()});
  if (options.server_name) {
    auto names = codec::encode(wire::ServerNameList{std::move(*options.server_name)});
    if (!names) return misuse(std::move(names).error());
    message.extensions.push_back({extension_type::server_name, std::move(names).value()});
  }
  for (Extension& extension : options.extensions) message.extensions.push_back(std::move(extension));

  auto body = codec::encode(message);
  if (!body) return misuse(std::move(body).error());
  auto encoded = wire::join(type_of(requester), *body);
  if (!encoded) return misuse(std::move(encoded).error());
  // What would be refused is not sent.
  auto request = RequestCodec::read(requester, std::move(encoded).value(), *body);
  if (!request) return misuse(std::move(request).error());
  return request;
}

Result<AuthenticatorRequest> accept_request(Role requester, ByteView message) {
  if (message.size() > max_request)
    return Error{Code::limit_exceeded,
                 "the request is " + std::to_string(message.size()) + " bytes; the limit is " +
                     std::to_string(max_request),
                 place(requester)};
  auto messages = wire::split_messages(message, 1);
  if (!messages) return std::move(messages).error().in(place(requester));
  const auto& [type, body] = messages->front();
  //= rfc9261#request-type-of-role
  if (type != static_cast<std::uint8_t>(type_of(requester)))
    return Error{Code::unexpected_message,
                 "handshake message " + std::to_string(type) + " is no request of a " +
                     std::string(role_name(requester)),
                 place(requester)};
  auto request = RequestCodec::read(requester, bytes(message), body);
  if (!request) return std::move(request).error().in(place(requester));
  return request;
}

Result<Bytes> context_of_request(ByteView message) {
  auto messages = wire::split_messages(message, 1);
  if (!messages) return std::move(messages).error().in("authenticator request");
  const Role requester = messages->front().msg_type == static_cast<std::uint8_t>(type_of(Role::client))
                             ? Role::client
                             : Role::server;
  SEATLS_TRY(AuthenticatorRequest request, accept_request(requester, message));
  return request.context();
}

}  // namespace seatls::exported
