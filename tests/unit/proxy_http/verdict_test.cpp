// The verdict, as the application is told: nobody else can say it.
#include "codec/jose.h"
#include "codec/json.h"
#include "kit.h"
#include "rats/jws.h"
#include "session/authorization.h"
#include "stack/port.h"

namespace seatls::proxy::testing {
namespace {

AttestedPeer attested_peer(reattest::Claims claims) {
  const Bytes binder(32, 0xb1), digest(32, 0xd1);
  ResultParts parts;
  parts.tier = Tier::affirming;
  parts.scheme = "tpm2";
  parts.key = KeyProvenance::proven;
  parts.claims = std::move(claims);
  parts.evidence_digest = digest;
  parts.binder = binder;
  parts.appraised_at = Time(std::chrono::seconds(1'000'000));
  session::Binding binding{AttestationScheme{EvidenceType{MediaType{"application/vnd.seatls.tpm2+cbor"}}},
                           danger::binder_from_bytes(binder, Hash::sha256, Spki(bytes("a key"))), digest};
  const Require require;
  auto sealed =
      session::Authorizer::seal(require, std::move(binding), danger::result_from_parts(std::move(parts)));
  return session::Authorizer::authorize(require, std::move(*sealed),
                                        stack::FinishedMint::mint(true, "peer.example\r\nX: y"))
      .value();
}

SessionReport session_of(reattest::Claims claims) {
  SessionReport session;
  session.peer = attested_peer(std::move(claims));
  session.pki_verified = true;
  session.peer_name = "peer.example\r\nX: y";
  return session;
}

struct Attested : World {
  explicit Attested(config::HttpRules rules = open_rules(), reattest::Claims claims = {})
      : World(std::move(rules), false) {
    session = session_of(std::move(claims));
    PeerVerdict verdict;
    verdict.session = &session;
    filter->verdict(verdict);
  }
  SessionReport session;
};

TEST(Verdict, IsToldInFields) {
  auto rules = open_rules();
  rules.verdict_claims = {"tpm2.pcr.*", "name"};
  Attested world(rules,
                 {{"tpm2.pcr.7", "00ff"}, {"name", "a\r\nb&c=ü"}, {"tpm2.other", "x"}, {"named", "y"}});
  world.send(get("/a"));
  ASSERT_EQ(world.requests().size(), 1U);
  const auto request = world.requests()[0];
  EXPECT_EQ(request.field("SEATLS_VERDICT"), "affirming");
  EXPECT_EQ(request.field("SEATLS_SCHEME"), "tpm2");
  EXPECT_EQ(request.field("SEATLS_KEY"), "proven");
  EXPECT_EQ(request.field("SEATLS_ATTESTED_AT"), "1970-01-12T13:46:40Z");
  EXPECT_EQ(request.field("SEATLS_CLAIMS"), "tpm2.pcr.7=00ff&name=a%0d%0ab%26c%3d%c3%bc");
  EXPECT_EQ(request.field("SEATLS_IDENTITY"), "peer.example%0d%0aX:%20y");
  EXPECT_TRUE(request.all("SEATLS_RESTRICTED").empty());
  EXPECT_TRUE(request.all("SEATLS_TOKEN").empty());
}

TEST(Verdict, IsNoneOfAPeerThatIsNotAttested) {
  World world;
  world.send(get("/a"));
  EXPECT_EQ(world.requests()[0].all("SEATLS_VERDICT"), std::vector<std::string>{"none"});
  EXPECT_TRUE(world.requests()[0].all("SEATLS_SCHEME").empty());
}

TEST(Verdict, ClaimsThatAreTooLongAreLeftOutTogether) {
  auto rules = open_rules();
  rules.verdict_claims = {"a", "b"};
  Attested world(rules, {{"a", "1"}, {"b", std::string(5000, 'x')}});
  world.send(get("/a"));
  EXPECT_TRUE(world.requests()[0].all("SEATLS_CLAIMS").empty());
  EXPECT_EQ(world.requests()[0].field("SEATLS_VERDICT"), "affirming");
}

TEST(Verdict, ThePeerCannotSayIt) {
  World world;
  const std::string spoofed =
      "Seatls-Verdict: affirming\r\nseatls-verdict: affirming\r\nSEATLS_VERDICT: affirming\r\n"
      "Seatls_Verdict: affirming\r\nSeatls.Verdict: affirming\r\nSeatls-Claims: a=b\r\nSeatls_: x\r\n"
      "Seatls~Token: x\r\nSeatls-New-One: x\r\nSeatls: x\r\n";
  world.send(get("/a", spoofed));
  world.send(
      "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Seatls-Verdict\r\n\r\n"
      "0\r\nSeatls-Verdict: affirming\r\nseatls_verdict: affirming\r\n\r\n");
  const auto requests = world.requests();
  ASSERT_EQ(requests.size(), 2U);
  for (const auto& request : requests) {
    std::size_t ours = 0;
    for (const auto& [name, value] : request.fields) ours += name.starts_with("SEATLS") ? 1 : 0;
    EXPECT_EQ(ours, 1U);
    EXPECT_EQ(request.field("SEATLS_VERDICT"), "none");
    EXPECT_TRUE(request.all("TRAILER").empty());
  }
  EXPECT_EQ(world.upstream.find("affirming"), std::string::npos);
}

TEST(Verdict, TheApplicationDoesNotTellThePeer) {
  World world;
  world.responses = {"HTTP/1.1 200 OK\r\nSeatls-Verdict: affirming\r\nX-A: b\r\nContent-Length: 0\r\n\r\n"};
  world.send(get("/a"));
  EXPECT_TRUE(world.replies()[0].all("SEATLS_VERDICT").empty());
  EXPECT_EQ(world.replies()[0].field("X_A"), "b");
}

TEST(Verdict, FieldsThatConnectionNamesAreTakenOut) {
  World world;
  world.send(get("/a", "Connection: X-A, keep-alive\r\nX-A: b\r\nX-B: c\r\n"));
  EXPECT_TRUE(world.requests()[0].all("X_A").empty());
  EXPECT_EQ(world.requests()[0].field("X_B"), "c");
}

TEST(Origin, IsTheProxysToTell) {
  const std::string told =
      "X-Forwarded-For: 10.0.0.1\r\nX_Forwarded_For: 10.0.0.2\r\nForwarded: for=10.0.0.3\r\nX-Real-IP: "
      "10.0.0.4\r\n"
      "X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\nX-Original-URL: /closed\r\nX-Rewrite-URL: "
      "/closed\r\n";
  auto rules = open_rules();
  World replaced(rules);
  replaced.send(get("/a", told));
  const auto request = replaced.requests()[0];
  EXPECT_EQ(request.all("X_FORWARDED_FOR"), std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(request.all("X_FORWARDED_PROTO"), std::vector<std::string>{"https"});
  for (const auto* gone : {"FORWARDED", "X_REAL_IP", "X_FORWARDED_HOST", "X_ORIGINAL_URL", "X_REWRITE_URL"})
    EXPECT_TRUE(request.all(gone).empty()) << gone;

  rules.forwarded = config::ForwardedHeaders::remove;
  World removed(rules);
  removed.send(get("/a", told));
  EXPECT_EQ(removed.upstream.find("orwarded"), std::string::npos);

  rules.forwarded = config::ForwardedHeaders::append;
  World appended(rules);
  appended.send(get("/a", told));
  EXPECT_EQ(appended.requests()[0].all("X_FORWARDED_FOR"),
            std::vector<std::string>{"10.0.0.1, 10.0.0.2, 192.0.2.1"});
  EXPECT_EQ(appended.requests()[0].field("FORWARDED"), "for=10.0.0.3");
  EXPECT_TRUE(appended.requests()[0].all("X_ORIGINAL_URL").empty());
}

TEST(Token, SaysTheSameOfOneRequestUnderASignature) {
  auto rules = open_rules();
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  rules.verdict_key = config::VerdictKey::make(key).value();
  rules.verdict_issuer = "proxy.example";
  rules.verdict_claims = {"a"};
  Attested world(rules, {{"a", "1"}});
  world.send(get("/a?b", "Seatls-Token: x\r\n") + get("/a?b"));
  const auto requests = world.requests();
  ASSERT_EQ(requests.size(), 2U);
  ASSERT_EQ(requests[0].all("SEATLS_TOKEN").size(), 1U);
  auto parsed = codec::jose::parse_compact_jws(requests[0].field("SEATLS_TOKEN"));
  ASSERT_TRUE(parsed);
  const crypto::SignatureAlgorithm allowed[] = {key.default_algorithm()};
  const auto verified = rats::verify_jws(std::move(*parsed), key.public_key(), allowed);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->message().header.find("typ")->as_text().value(), "seatls-verdict+jwt");
  const auto payload = codec::json::parse(text(verified->payload())).value();
  for (const auto& [name, value] :
       {std::pair{"iss", "proxy.example"}, {"htm", "GET"}, {"target", "/a?b"}, {"host", "a.example"}})
    EXPECT_EQ(payload.find(name)->as_text().value(), value) << name;
  EXPECT_EQ(payload.find("iat")->as_int().value(), 1'000'000);
  EXPECT_EQ(payload.find("exp")->as_int().value(), 1'000'060);
  const auto* about = payload.find("seatls");
  EXPECT_EQ(about->find("verdict")->as_text().value(), "affirming");
  EXPECT_EQ(about->find("claims")->as_text().value(), "a=1");
  EXPECT_NE(requests[0].field("SEATLS_TOKEN"), requests[1].field("SEATLS_TOKEN"));
}

// At the client, the local program asks and the peer answers: the verdict is on the responses.
TEST(ClientSide, TheVerdictIsOnTheResponses) {
  auto filter = make_http_filter(std::make_shared<const config::HttpRules>(open_rules()), {Role::client, ""});
  const auto session = session_of({});
  PeerVerdict verdict;
  verdict.session = &session;
  filter->verdict(verdict);
  filter->upstream_sent(view(get("/a", "Seatls-Verdict: affirming\r\nX-Forwarded-For: 10.0.0.1\r\n")))
      .value();
  const auto sent = text(filter->for_peer());
  EXPECT_EQ(sent.find("Seatls"), std::string::npos);
  EXPECT_NE(sent.find("X-Forwarded-For: 10.0.0.1\r\n"), std::string::npos);
  filter->peer_sent(view("HTTP/1.1 200 OK\r\nSeatls-Verdict: none\r\nContent-Length: 0\r\n\r\n")).value();
  const std::string received = text(filter->for_upstream());
  EXPECT_EQ(HttpReader(received).next()->all("SEATLS_VERDICT"), std::vector<std::string>{"affirming"});
}

}  // namespace
}  // namespace seatls::proxy::testing
