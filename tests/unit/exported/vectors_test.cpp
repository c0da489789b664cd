// tests/vectors/exported, made by the second implementation.
#include <filesystem>

#include "codec/tls.h"
#include "fixture.h"
#include "support/vector_file.h"
#include "wire/exported_messages.h"

namespace seatls {
namespace {

using namespace exported;
using testing::VectorFile;

Role role_of(const std::string& text) { return text == "client" ? Role::client : Role::server; }

Connection connection_of(const VectorFile& v) {
  const Hash hash = v.get("hash") == "sha384" ? Hash::sha384 : Hash::sha256;
  return {other(role_of(v.get("sender"))), hash, testing::tls_exporter(hash, v.hex("exporter_secret"))};
}

class ExportedVectors : public ::testing::TestWithParam<std::string> {
 protected:
  const VectorFile v{testing::vector_path("exported", GetParam())};
};

class AttestationVectors : public ExportedVectors {};
class GoodVectors : public ExportedVectors {};

std::vector<std::string> names_where(bool (*wanted)(const VectorFile&)) {
  auto names = testing::vector_names("exported");
  std::erase_if(names,
                [&](const auto& n) { return !wanted(VectorFile(testing::vector_path("exported", n))); });
  return names;
}

void check_request(const VectorFile& v) {
  const auto request = accept_request(role_of(v.get("requester")), v.hex("request"));
  EXPECT_EQ(request ? "ok" : name(request.error().code), v.get("expect"))
      << (request ? "" : request.error().message());
  if (!request) {
    EXPECT_FALSE(request.error().path.empty());
    return;
  }
  EXPECT_EQ(context_of_request(v.hex("request")).value(), request->context());
}

void check_verified(const VectorFile& v, const VerifiedAuthenticator& verified) {
  EXPECT_EQ(verified.context(), v.hex("context"));
  if (v.has("spki")) {
    EXPECT_EQ(bytes(verified.key().der()), v.hex("spki"));
  }
  if (v.has("scheme")) {
    EXPECT_EQ(name(verified.scheme()), v.get("scheme"));
  }
  EXPECT_EQ(context_of_authenticator(v.hex("authenticator")).value(), v.hex("context"));
  // The same identity and key make an authenticator that is verified as well.
  if (!v.has("private_key")) return;
  const auto key = crypto::PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\n" + v.get("private_key") +
                                                "\n-----END PRIVATE KEY-----\n");
  ASSERT_TRUE(key.ok()) << key.error().message();
  const Role sender = role_of(v.get("sender"));
  Connection own = connection_of(v);
  own.role = sender;
  const auto request = accept_request(other(sender), v.hex("request")).value();
  const auto prepared = prepare_authenticator(own, request, verified.chain(), verified.scheme());
  ASSERT_TRUE(prepared.ok()) << prepared.error().message();
  const auto made = prepared->finish(testing::sign(*key, *prepared).value());
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_TRUE(accept_authenticator(connection_of(v), request, *made).ok());
  if (verified.scheme() == SignatureScheme::ed25519) {
    EXPECT_EQ(*made, v.hex("authenticator"));
  }
}

//= rfc9261#exporter-labels
//= rfc9261#exporter-context-empty
//= rfc9261#exporter-length-of-hash
void check_keys(const VectorFile& v) {
  const Connection c = connection_of(v);
  const std::string prefix = "EXPORTER-" + v.get("sender") + " authenticator ";
  EXPECT_EQ(c.exporter(prefix + "handshake context", {}, size(c.hash)).value(), v.hex("handshake_context"));
  EXPECT_EQ(c.exporter(prefix + "finished key", {}, size(c.hash)).value(), v.hex("finished_key"));
}

void check_spontaneous(const VectorFile& v) {
  ClientOffer offer;
  const Bytes scheme = v.hex("offer_schemes");
  offer.signature_algorithms = {codec::decode<SignatureScheme>(scheme).value()};
  const auto verified = accept_spontaneous_authenticator(connection_of(v), offer, v.hex("authenticator"));
  ASSERT_TRUE(verified.ok()) << verified.error().message();
  check_verified(v, *verified);
}

//= rfc9261#messages-have-headers
//= rfc9261#transcript
//= rfc9261#signature-input
//= rfc9261#finished
//= rfc9261#context-copied
//= rfc9261#signature-scheme-from-request
//= rfc9261#signature-schemes-of-tls13
//= rfc9261#certificate-extensions-from-request
//= rfc9261#no-extension-twice
//= rfc9261#authenticator-is-three-messages
//= rfc9261#empty-authenticator
//= rfc9261#x509-only
//= rfc9261#request-type-of-role
//= rfc9261#request-has-signature-algorithms
//= rfc9261#request-extensions-allowed
//= rfc9261#server-name-of-clients
//= rfc9261#unknown-extensions-ignored
//= expat#unsolicited-refused
TEST_P(ExportedVectors, HoldHere) {
  if (v.get("kind") == "request") return check_request(v);
  if (v.get("kind") == "spontaneous") return check_spontaneous(v);
  const auto request = accept_request(other(role_of(v.get("sender"))), v.hex("request"));
  ASSERT_TRUE(request.ok()) << request.error().message();
  const auto answer = accept_authenticator(connection_of(v), *request, v.hex("authenticator"));
  if (!answer) {
    EXPECT_EQ(name(answer.error().code), v.get("expect")) << answer.error().message();
    EXPECT_TRUE(answer.error().path.starts_with(v.get("sender") + " authenticator")) << answer.error().path;
    return;
  }
  if (std::holds_alternative<Declined>(*answer)) {
    EXPECT_EQ(v.get("expect"), "declined");
    Connection own = connection_of(v);
    own.role = other(own.role);
    EXPECT_EQ(make_empty_authenticator(own, *request).value(), v.hex("authenticator"));
    return;
  }
  EXPECT_EQ(v.get("expect"), "ok");
  check_verified(v, std::get<VerifiedAuthenticator>(*answer));
  if (v.has("handshake_context")) check_keys(v);
}

// A vector of attestation is the answer to a request that this endpoint makes byte for byte.
//= expat#binder-derivation
//= expat#binder-hash-of-suite
//= expat#configurable-label
//= expat#request-has-empty-extension
//= expat#wanted-schemes
TEST_P(AttestationVectors, ReachTheVerifier) {
  const Connection c = connection_of(v);
  testing::Side side(c.role, "relying party");
  side.verifier = std::make_shared<fake::FakeVerifier>();
  side.config.require->attestation = Requirement::required;
  side.config.require->verifier = side.verifier;
  side.start(c, nullptr,
             [&](post::Setup& s) { s.profile = post::profile_from_name(v.get("profile")).value(); });
  const auto request = side.endpoint->request({.nonce = v.hex("context")});
  ASSERT_TRUE(request.ok()) << request.error().message();
  ASSERT_EQ(request->message, v.hex("request"));

  (void)side.take(v.hex("authenticator"));
  ASSERT_EQ(side.verifier->asked.size(), 1U);
  const AppraisalRequest& asked = side.verifier->asked.front();
  EXPECT_EQ(bytes(asked.binder.bytes()), v.hex("binder"));
  EXPECT_EQ(bytes(asked.binder.tik().der()), v.hex("spki"));
  EXPECT_EQ(asked.credential_digest, crypto::digest(Hash::sha256, v.hex("cmw")));
  EXPECT_EQ(asked.credential.form(), v.get("form") == "json" ? CmwForm::json : CmwForm::cbor);
}

// Every prefix fails, and so does every change of one byte: an authenticator leaves nothing unsigned.
TEST_P(GoodVectors, NoPrefixAndNoChangedByteHolds) {
  const auto request = accept_request(other(role_of(v.get("sender"))), v.hex("request")).value();
  const Connection c = connection_of(v);
  const Bytes whole = v.hex("authenticator");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto answer = accept_authenticator(c, request, ByteView(whole).first(n));
    ASSERT_FALSE(answer.ok()) << n;
    ASSERT_TRUE(category(answer.error().code) == Category::decode ||
                answer.error().code == Code::unexpected_message)
        << n << ": " << answer.error().message();
  }
  Bytes changed = whole;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    changed[i] ^= 0x01;
    ASSERT_FALSE(accept_authenticator(c, request, changed).ok()) << i;
    changed[i] = whole[i];
  }
}

INSTANTIATE_TEST_SUITE_P(All, AttestationVectors, ::testing::ValuesIn(names_where([](const VectorFile& f) {
                           return f.get("kind") == "attestation";
                         })),
                         testing::as_test_name);
INSTANTIATE_TEST_SUITE_P(All, GoodVectors, ::testing::ValuesIn(names_where([](const VectorFile& f) {
                           return f.get("expect") == "ok" && f.has("authenticator") &&
                                  f.get("kind") != "spontaneous";
                         })),
                         testing::as_test_name);
INSTANTIATE_TEST_SUITE_P(All, ExportedVectors, ::testing::ValuesIn(testing::vector_names("exported")),
                         testing::as_test_name);

}  // namespace
}  // namespace seatls
