// The conversation as Veraison's services hold it (a session's JSON is theirs), and what is not taken.
#include "remote/challenge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "fake/verifier_service.h"

namespace seatls::remote {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* base_url = "https://verifier.example:8443";
constexpr const char* new_session = "https://verifier.example:8443/challenge-response/v1/newSession";
const Bytes nonce(32, 7);
const Opening opening{.base = base_url, .nonce = nonce, .tik = Spki(Bytes{1, 2, 3})};

net::HttpResponse session(unsigned status, const std::string& body, const std::string& location = "") {
  net::HttpHeaders headers = {{"content-type", std::string(fake::VerifierService::session_type)}};
  if (!location.empty()) headers.emplace_back("location", location);
  return fake::VerifierService::status(status, std::move(headers), body);
}
std::string json(const std::string& status, const std::string& more = "", const Bytes& of = nonce) {
  return R"({"status":")" + status + R"(","nonce":")" + base::to_base64url(of) + "\"" + more + "}";
}

template <class T>
const Trouble& trouble(const Outcome<T>& outcome) {
  if (!std::holds_alternative<Trouble>(outcome)) {
    ADD_FAILURE() << "it was taken";
    static const Trouble none{};
    return none;
  }
  EXPECT_EQ(std::get<Trouble>(outcome).error.code, Code::verifier_unavailable);
  return std::get<Trouble>(outcome);
}

TEST(Challenge, ASessionIsOpenedForTheNonceAndTheKey) {
  const auto request = open_session(opening);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, std::string(new_session) + "?nonce=" + base::to_base64url(nonce) + "&tik=AQID");
  EXPECT_THAT(request.headers, ::testing::Contains(::testing::Pair(
                                   "Accept", "application/vnd.veraison.challenge-response-session+json")));
  EXPECT_EQ(
      open_session(
          {.base = "https://v.example/prefix/", .nonce = {}, .tik = Spki(Bytes{1, 2, 3}), .binds_tik = true})
          .url,
      "https://v.example/prefix/challenge-response/v1/newSession?nonceSize=32&tik=AQID&binds=tik");
}

TEST(Challenge, ANewSessionIsReadAsVeraisonWritesIt) {
  const auto outcome = read_session(
      session(201,
              R"({"nonce":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","expiry":"2030-10-12T07:20:50.52Z",
        "accept":["application/psa-attestation-token","application/eat-cwt; profile=\"http://arm.com/psa/2.0.0\""],
        "status":"waiting"})",
              "session/d5d8a8a4-1b3f-4a3c-9b0f-0a8f6c4b8a55"),
      opening);
  ASSERT_TRUE(std::holds_alternative<Session>(outcome)) << std::get<Trouble>(outcome).error.message();
  EXPECT_EQ(
      std::get<Session>(outcome).url,
      "https://verifier.example:8443/challenge-response/v1/session/d5d8a8a4-1b3f-4a3c-9b0f-0a8f6c4b8a55");
  EXPECT_EQ(std::get<Session>(outcome).nonce, nonce);
}

TEST(Challenge, NoncesOfEveryBase64AreRead) {
  const Bytes odd = {0xfb, 0xff, 0xbf, 0, 1, 2, 3, 4};
  for (const char* text : {"-_-_AAECAwQ", "-_-_AAECAwQ=", "+/+/AAECAwQ="}) {
    const auto body = read_session_body(view(R"({"status":"waiting","nonce":")" + std::string(text) + "\"}"));
    ASSERT_TRUE(body) << text << ": " << body.error().message();
    EXPECT_EQ(body->nonce, odd);
  }
  for (const char* text : {"", "AAEC", "-_-_AAECAwQ==", "-_-_AAECAw Q", "-_-_AAECAwR", "AAECAwQ==="})
    EXPECT_FALSE(read_session_body(view(R"({"status":"waiting","nonce":")" + std::string(text) + "\"}")))
        << text;
}

TEST(Challenge, ASessionHasItsFieldsAndTheirTypes) {
  const auto whole = read_session_body(view(
      json("complete",
           R"(,"expiry":"x","accept":["a/b"],"evidence":{"type":"a/b","value":"AA=="},"result":"e.y.J")")));
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_EQ(whole->status, Status::complete);
  EXPECT_THAT(whole->accept, ElementsAre("a/b"));
  EXPECT_EQ(whole->result, "e.y.J");
  for (const char* bad :
       {"", "[]", "1", "{}", R"({"status":"waiting"})", R"({"nonce":"BwcHBwcHBwc"})",
        R"({"state":"waiting","nonce":"BwcHBwcHBwc"})", R"({"status":"done","nonce":"BwcHBwcHBwc"})",
        R"({"status":1,"nonce":"BwcHBwcHBwc"})", R"({"status":"waiting","nonce":7})",
        R"({"status":"waiting","nonce":"BwcHBwcHBwc","result":{"is_valid":true}})",
        R"({"status":"waiting","nonce":"BwcHBwcHBwc","accept":"a/b"})",
        R"({"status":"waiting","nonce":"BwcHBwcHBwc","accept":[1]})",
        R"({"status":"waiting","nonce":"BwcHBwcHBwc","expiry":1})",
        R"({"status":"waiting","nonce":"BwcHBwcHBwc","evidence":"x"})",
        R"({"status":"waiting","status":"complete","nonce":"BwcHBwcHBwc"})",
        R"({"status":"waiting","nonce":"BwcHBwcHBwc"} )"
        "x"})
    EXPECT_FALSE(read_session_body(view(bad))) << bad;
}

TEST(Challenge, WhatIsNoSessionOfOursIsNotOpened) {
  const auto good = session(201, json("waiting"), "session/1");
  ASSERT_TRUE(std::holds_alternative<Session>(read_session(good, opening)));
  auto r = good;
  r.status = 200;
  EXPECT_FALSE(trouble(read_session(r, opening)).may_pass);
  r = good;
  r.headers[0].second = "text/html";
  EXPECT_TRUE(trouble(read_session(r, opening)).its_fault);
  EXPECT_THAT(trouble(read_session(session(201, json("waiting")), opening)).error.detail,
              HasSubstr("Location"));
  EXPECT_THAT(trouble(read_session(session(201, json("waiting", "", Bytes(32, 8)), "session/1"), opening))
                  .error.detail,
              HasSubstr("another nonce"));
  trouble(read_session(session(201, json("complete"), "session/1"), opening));
  trouble(read_session(session(201, "{", "session/1"), opening));
}

TEST(Challenge, LocationsStayWhereTheyAre) {
  const auto at = [](const std::string& path) { return std::string(base_url) + path; };
  for (const auto& [location, url] : std::vector<std::pair<std::string, std::string>>{
           {"session/1", at("/challenge-response/v1/session/1")},
           {"/challenge-response/v1/session/1", at("/challenge-response/v1/session/1")},
           {at("/s/1"), at("/s/1")},
           {"https://Verifier.Example:8443/s/1", at("/s/1")},
           {"session/1?a=b", at("/challenge-response/v1/session/1?a=b")}}) {
    const auto resolved = resolve(location, new_session);
    ASSERT_TRUE(resolved) << location << ": " << resolved.error().message();
    EXPECT_EQ(*resolved, url);
  }
  EXPECT_EQ(resolve("https://v.example:443/s", "https://v.example/a").value(), "https://v.example/s");
  EXPECT_EQ(resolve("http://[::1]:80/s", "http://[::1]/a").value(), "http://[::1]/s");
  for (const std::string& bad : std::vector<std::string>{
           "", "https://evil.example/s/1", "http://verifier.example:8443/s/1", "https://verifier.example/s/1",
           "https://verifier.example:8443@evil.example/s", "https://verifier.example:84430/s",
           "//evil.example/s/1", "javascript:alert", "../../admin", "session/../x", "session/%2e%2e/x", "./s",
           "session/1#f", "session/1 2", "session\\1", "session/\r\nX: y", std::string(3000, 'a')})
    EXPECT_FALSE(resolve(bad, new_session)) << bad;
}

TEST(Challenge, StatusesSayWhatIsWorthDoing) {
  using fake::VerifierService;
  const auto at_opening = [](unsigned status, net::HttpHeaders headers = {}, const std::string& body = "") {
    return trouble(read_session(VerifierService::status(status, std::move(headers), body), opening));
  };
  for (const unsigned status : {400U, 404U, 406U, 409U, 413U, 415U, 301U, 200U}) {
    EXPECT_FALSE(at_opening(status).may_pass) << status;
    EXPECT_FALSE(at_opening(status).its_fault) << status;
  }
  EXPECT_TRUE(at_opening(500).its_fault);
  EXPECT_FALSE(at_opening(500).may_pass);
  EXPECT_TRUE(at_opening(429).may_pass);
  EXPECT_FALSE(at_opening(429).its_fault) << "peers can have it say so";
  EXPECT_TRUE(at_opening(503).may_pass);
  EXPECT_TRUE(at_opening(503).its_fault);
  EXPECT_EQ(at_opening(503, {{"retry-after", "3"}}).retry_after, std::chrono::seconds(3));
  for (const char* odd : {"", "-1", "1e3", "9999999", "Fri, 31 Dec 1999 23:59:59 GMT"})
    EXPECT_FALSE(at_opening(503, {{"retry-after", odd}}).retry_after) << odd;

  const auto told =
      at_opening(400, {{"content-type", "application/problem+json"}},
                 R"({"type":"about:blank","title":"Bad\u0007 Request","detail":"nonce must be …"})");
  EXPECT_THAT(told.error.detail, HasSubstr("status 400: Bad? Request: nonce must be"));
  EXPECT_THAT(at_opening(415, {{"accept", "application/psa-attestation-token"}}).error.detail,
              HasSubstr("appraises application/psa-attestation-token"));

  const Session s{at_opening(400).error.detail, nonce};
  EXPECT_FALSE(trouble(read_progress(VerifierService::status(500), s)).its_fault) << "bad evidence causes it";
  EXPECT_TRUE(trouble(read_progress(VerifierService::status(502), s)).its_fault);
}

TEST(Challenge, EvidenceIsSubmittedAsItIs) {
  const Cmw cbor(CmwRecord{MediaType{"application/x"}, {1, 2}, 4}, CmwForm::cbor);
  const auto submission = submission_of(cbor).value();
  EXPECT_EQ(submission.type, "application/cmw+cbor");
  EXPECT_EQ(submission.body, encode_cmw(cbor).value());
  EXPECT_EQ(submission_of(Cmw(*cbor.record(), CmwForm::json))->type, "application/cmw+json");
  const auto request = submit({"https://v.example/s/1", nonce}, submission);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://v.example/s/1");
  EXPECT_EQ(request.body, submission.body);
  EXPECT_EQ(poll({"https://v.example/s/1", nonce}).method, "GET");
}

TEST(Challenge, ProgressIsRead) {
  const Session s{"https://v.example/s/1", nonce};
  const auto progress = [&](unsigned status, const std::string& body) {
    auto outcome = read_progress(session(status, body), s);
    EXPECT_TRUE(std::holds_alternative<Progress>(outcome)) << body;
    return std::get<Progress>(std::move(outcome));
  };
  EXPECT_TRUE(std::holds_alternative<Unsubmitted>(progress(200, json("waiting"))));
  EXPECT_TRUE(std::holds_alternative<Pending>(progress(202, json("processing"))));
  EXPECT_EQ(std::get<Verdict>(progress(200, json("complete", R"(,"result":"a.b.c")"))).ear, "a.b.c");
  EXPECT_FALSE(trouble(read_progress(session(200, json("failed")), s)).its_fault);
  EXPECT_TRUE(trouble(read_progress(session(200, json("complete")), s)).its_fault) << "without a result";
  trouble(read_progress(session(200, json("complete", R"(,"result":"a.b.c")", Bytes(32, 9))), s));
  trouble(read_progress(session(204, ""), s));
}

}  // namespace
}  // namespace seatls::remote
