// RFC 9261 without attestation: what the vectors do not show.
#include <algorithm>

#include "fixture.h"
#include "wire/exported_messages.h"

namespace seatls {
namespace {

using namespace exported;
using testing::chain_of;
using testing::connection;

struct Exchange {
  AuthenticatorRequest request = make_request(Role::client, {.context = Bytes(32, 7)}).value();
  const fake::Identity& identity = fake::identity("server");
  Connection server = connection(Role::server), client = connection(Role::client);

  [[nodiscard]] PreparedAuthenticator prepare() const {
    return prepare_authenticator(server, request, chain_of(identity), SignatureScheme::ecdsa_secp256r1_sha256)
        .value();
  }
  [[nodiscard]] Bytes made() const {
    const auto prepared = prepare();
    return prepared.finish(testing::sign(identity.key, prepared).value()).value();
  }
};

TEST(Authenticator, IsMadeWithASignerThatTakesItsTime) {
  const Exchange x;
  const PreparedAuthenticator prepared = x.prepare();
  EXPECT_EQ(prepared.digest(), crypto::digest(Hash::sha256, prepared.message()));
  const PreparedAuthenticator kept = prepared;  // as long as it takes
  const auto made = kept.finish(testing::sign(x.identity.key, prepared).value());
  ASSERT_TRUE(made.ok());
  const auto verified = accept_authenticator(x.client, x.request, *made);
  ASSERT_TRUE(verified.ok()) << verified.error().message();
  EXPECT_EQ(std::get<VerifiedAuthenticator>(*verified).key(), x.identity.spki());
}

TEST(Authenticator, IsNotMadeOfAnotherKeysSignature) {
  const Exchange x;
  const auto prepared = x.prepare();
  const auto made = prepared.finish(testing::sign(fake::identity("another").key, prepared).value());
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::certificate_verify_invalid);
}

//= rfc9261#signature-scheme-from-request
//= rfc9261#no-scheme-no-authenticator
TEST(Authenticator, SchemeIsChosenFromTheRequest) {
  using enum SignatureScheme;
  const Spki& p256 = fake::identity("server").spki();
  const std::vector<SignatureScheme> offered = {ed25519, rsa_pss_rsae_sha256, ecdsa_secp256r1_sha256};
  EXPECT_EQ(choose_scheme(offered, p256), ecdsa_secp256r1_sha256);
  const std::vector<SignatureScheme> own = {ecdsa_secp384r1_sha384};
  EXPECT_EQ(choose_scheme(offered, p256, own), std::nullopt);
  const auto rsa = crypto::PrivateKey::generate(crypto::KeyType::rsa).value().public_key().spki();
  EXPECT_EQ(choose_scheme(offered, rsa), rsa_pss_rsae_sha256);
  EXPECT_EQ(choose_scheme(std::vector{static_cast<SignatureScheme>(0x0401)}, rsa), std::nullopt);

  const Exchange x;
  const auto request =
      make_request(Role::client, {.context = Bytes(32, 7), .signature_algorithms = {ed25519}}).value();
  const auto refused = prepare_authenticator(x.server, request, chain_of(x.identity), ecdsa_secp256r1_sha256);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::misuse);
}

// E03, swapped direction: a role's authenticator is no answer of the other role.
TEST(Authenticator, DirectionsAreNotSwapped) {
  const Exchange x;
  Connection reflected = x.client;
  reflected.role = Role::server;
  const auto own_request = make_request(Role::server, {.context = Bytes(32, 7)}).value();
  EXPECT_EQ(accept_authenticator(reflected, x.request, x.made()).error().code, Code::misuse);
  EXPECT_EQ(accept_authenticator(reflected, own_request, x.made()).error().code, Code::finished_invalid);
  EXPECT_EQ(prepare_authenticator(x.client, x.request, chain_of(x.identity), supported_schemes().front())
                .error()
                .code,
            Code::misuse);
  EXPECT_EQ(make_empty_authenticator(x.client, x.request).error().code, Code::misuse);
}

//= rfc9261#spontaneous-by-servers-only
TEST(Authenticator, SpontaneousByServersOnly) {
  const Exchange x;
  const ClientOffer offer{supported_schemes()};
  const auto of_client = prepare_spontaneous_authenticator(
      x.client, offer, Bytes(32, 1), chain_of(x.identity), SignatureScheme::ecdsa_secp256r1_sha256);
  EXPECT_EQ(of_client.error().code, Code::misuse);
  const auto prepared = prepare_spontaneous_authenticator(x.server, offer, Bytes(32, 1), chain_of(x.identity),
                                                          SignatureScheme::ecdsa_secp256r1_sha256)
                            .value();
  const Bytes made = prepared.finish(testing::sign(x.identity.key, prepared).value()).value();
  EXPECT_TRUE(accept_spontaneous_authenticator(x.client, offer, made).ok());
  EXPECT_EQ(accept_spontaneous_authenticator(x.server, offer, made).error().code, Code::misuse);
  EXPECT_EQ(accept_spontaneous_authenticator(x.client, {{SignatureScheme::ed25519}}, made).error().code,
            Code::unknown_value);
}

TEST(Authenticator, ExtensionsThatNobodyAskedForAreNotSent) {
  const Exchange x;
  auto chain = chain_of(x.identity);
  chain.front().extensions = {{5, {1, 0, 0, 0}}};
  const auto refused =
      prepare_authenticator(x.server, x.request, chain, SignatureScheme::ecdsa_secp256r1_sha256);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::misuse);
  EXPECT_EQ(refused.error().path, "server authenticator > Certificate > certificate_list[0] > extensions[0]");
}

TEST(Authenticator, ExportersErrorsArePassedOn) {
  Exchange x;
  x.server.exporter = [](std::string_view, ByteView, std::size_t) -> Result<Bytes> {
    return Error{Code::too_early, "", ""};
  };
  EXPECT_EQ(prepare_authenticator(x.server, x.request, chain_of(x.identity),
                                  SignatureScheme::ecdsa_secp256r1_sha256)
                .error()
                .code,
            Code::too_early);
  x.client.hash = Hash::sha512;
  EXPECT_EQ(accept_authenticator(x.client, x.request, x.request.encoded()).error().code,
            Code::unexpected_message);
  EXPECT_EQ(make_empty_authenticator(connection(Role::server, Hash::sha512), x.request).error().code,
            Code::misuse);
}

// RFC 8446, 4.2.3: "rsae" schemes are for keys of the algorithm rsaEncryption.
//= rfc9261#signature-schemes-of-tls13
TEST(Authenticator, PssOnlyKeysSignNoRsaeScheme) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::rsa).value().public_key().spki();
  ASSERT_TRUE(goes_with(SignatureScheme::rsa_pss_rsae_sha256, key));
  Bytes marked = bytes(key.der());
  const Bytes plain = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
  const auto at = std::ranges::search(marked, plain);
  ASSERT_FALSE(at.empty());
  *(at.end() - 1) = 0x0a;
  EXPECT_FALSE(goes_with(SignatureScheme::rsa_pss_rsae_sha256, Spki(marked)));
}

TEST(Request, IsNotMadeWrong) {
  EXPECT_EQ(make_request(Role::client, {.context = Bytes(256)}).error().code, Code::misuse);
  EXPECT_EQ(make_request(Role::client, {.context = {}, .signature_algorithms = {}}).error().code,
            Code::misuse);
  EXPECT_EQ(make_request(Role::server, {.context = {}, .server_name = "a.example"}).error().code,
            Code::misuse);
  EXPECT_EQ(make_request(Role::client, {.context = {}, .server_name = ""}).error().code, Code::misuse);
  EXPECT_EQ(make_request(Role::client, {.context = {}, .extensions = {{13, {}}}}).error().code, Code::misuse);
  EXPECT_EQ(make_request(Role::client, {.context = {}, .extensions = {{51, {}}}}).error().code, Code::misuse);
}

//= rfc9261#unknown-extensions-ignored
TEST(Request, KeepsWhatItDoesNotKnow) {
  const auto made = make_request(
      Role::client, {.context = Bytes(8, 1), .server_name = "a.example", .extensions = {{0xEEEE, {9}}}});
  ASSERT_TRUE(made.ok()) << made.error().message();
  const auto read = accept_request(Role::client, made->encoded());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->server_name(), "a.example");
  EXPECT_EQ(read->signature_algorithms(), supported_schemes());
  ASSERT_NE(read->find(0xEEEE), nullptr);
  EXPECT_EQ(*read->find(0xEEEE), Bytes{9});
  EXPECT_EQ(read->find(0xEEEF), nullptr);
}

TEST(Request, EveryPrefixFailsAndEveryChangeIsSeen) {
  const auto made = make_request(Role::client, {.context = Bytes(8, 1), .server_name = "a.example"}).value();
  const Bytes whole = bytes(made.encoded());
  for (std::size_t n = 0; n < whole.size(); ++n)
    ASSERT_FALSE(accept_request(Role::client, ByteView(whole).first(n)).ok()) << n;
  Bytes changed = whole;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int x = 0; x < 256; ++x) {
      changed[i] = static_cast<std::uint8_t>(x);
      const auto read = accept_request(Role::client, changed);
      ASSERT_TRUE(!read || bytes(read->encoded()) == changed);
    }
    changed[i] = whole[i];
  }
}

TEST(Limits, BoundWhatIsRead) {
  EXPECT_EQ(accept_request(Role::client, Bytes(1 << 18)).error().code, Code::limit_exceeded);
  EXPECT_EQ(context_of_authenticator(Bytes(1 << 19)).error().code, Code::limit_exceeded);
}

}  // namespace
}  // namespace seatls
