// A passport that renews itself: the verifier, the network and both clocks are the test's.
#include "remote/passport.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "binder/passport_binder.h"
#include "seatls/verifiers.h"
#include "unit/remote/kit.h"

namespace seatls::remote {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class PassportTest : public testing::Test {
 protected:
  PassportTest() {
    service.clock = [this] { return now.time_since_epoch().count(); };
    std::string name = (std::filesystem::temp_directory_path() / "seatls-passport-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder = name;
  }
  ~PassportTest() override {
    passport.reset();
    std::filesystem::remove_all(folder);
  }

  [[nodiscard]] RenewingPassportOptions options() {
    RenewingPassportOptions o;
    o.attester = peer.attester;
    o.tik = peer.tik();
    o.identity = "verifier.example";
    o.urls = {"https://verifier.example"};
    o.keys = {service.key.public_key().spki()};
    o.clock = [this] { return now; };
    o.on_trouble = [this](const Error& e) { troubles.push_back(e); };
    return o;
  }
  void start(const std::function<void(RenewingPassportOptions&)>& change = {}) {
    auto o = options();
    if (change) change(o);
    auto made_loop = std::make_shared<fake::FakeLoop>();
    loop = made_loop.get();
    passport = make_passport(std::move(o), std::move(made_loop), [] { return 0.0; }).value();
    loop->turn();
  }
  // pass lets time go by, on both clocks.
  void pass(seconds time) {
    for (; time > seconds(0); time -= seconds(1)) {
      now += seconds(1);
      loop->turn(seconds(1));
    }
  }
  void serve() {
    while (loop->waiting() > 0) {
      auto sent = loop->taken();
      urls.push_back(sent.request.url);
      sent.then(service.answer(sent.request));
      loop->turn();
    }
  }
  void fail() {
    while (loop->waiting() > 0) {
      loop->taken().then(network());
      loop->turn(seconds(1));
    }
  }
  [[nodiscard]] bool offers() const { return !passport->schemes().empty(); }
  [[nodiscard]] Result<Cmw> shown(const Spki& tik) const {
    std::optional<Result<Cmw>> out;
    passport->attest({AttestationScheme{VerifierIdentity{"verifier.example"}},
                      danger::binder_from_bytes(Bytes(32, 1), Hash::sha256, tik)},
                     [&](auto r) { out.emplace(std::move(r)); });
    return std::move(*out);
  }
  [[nodiscard]] std::string token() const { return text(shown(peer.tik()).value().record()->value); }

  Peer peer;
  fake::VerifierService service;
  Time now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  fake::FakeLoop* loop = nullptr;
  std::shared_ptr<Attester> passport;
  std::vector<Error> troubles;
  std::vector<std::string> urls;
  std::filesystem::path folder;
};

TEST_F(PassportTest, AResultIsFetchedAndRelyingPartiesVerifyItAlone) {
  start();
  EXPECT_FALSE(offers()) << "there is none yet";
  EXPECT_EQ(shown(peer.tik()).error().code, Code::attester_unavailable);
  serve();
  ASSERT_TRUE(offers());
  EXPECT_EQ(passport->schemes().front(), AttestationScheme{VerifierIdentity{"verifier.example"}});
  EXPECT_THAT(urls.front(), HasSubstr("nonceSize=32&tik="));
  EXPECT_THAT(urls.front(), HasSubstr("&binds=tik"));

  // Evidence is over nonce and key: Decision 17.
  const auto session = service.last();
  Policy software;
  software.id = "software";
  software.schemes = {"software"};
  software.software.signed_by_tik = true;
  software.software.swname = expect::Any{};
  software.danger.software_evidence = true;
  OfflineCredential submitted;
  submitted.bytes = session.evidence;
  submitted.binder = binder::passport_binder(session.nonce, peer.tik());
  submitted.tik = peer.tik();
  submitted.at = now;
  const auto judged = appraise_offline(software, submitted);
  ASSERT_TRUE(judged) << judged.error().message();
  for (const auto& reason : (*judged)->reasons)
    EXPECT_NE(reason.code, Code::binder_mismatch) << reason.detail;

  Policy policy;
  policy.id = "passport";
  policy.schemes = {"result"};
  policy.result.verifiers = {{"verifier.example", {service.key.public_key().spki()}}};
  policy.result.max_age = std::chrono::hours(1);
  const auto verifier = make_local_verifier(policy, {.clock = [this] { return now; }}).value();
  verifier->appraise({passport->schemes().front(), shown(peer.tik()).value(), peer.binder(), Bytes(32, 0)},
                     [&](const Result<AttestationResult>& result) {
                       ASSERT_TRUE(result);
                       EXPECT_EQ(result->tier(), Tier::affirming);
                       EXPECT_EQ((*result)->model, ConveyanceModel::passport);
                     });
  EXPECT_EQ(shown(Peer().tik()).error().code, Code::foreign_key);
}

TEST_F(PassportTest, ItIsRenewedBeforeItEndsAndTheOldOneIsShownMeanwhile) {
  start();
  serve();
  const auto first = token();
  pass(seconds(390));
  EXPECT_EQ(loop->waiting(), 0U) << "it lasts 600 s";
  pass(seconds(20));
  EXPECT_EQ(loop->waiting(), 1U);
  EXPECT_EQ(token(), first);
  serve();
  const auto second = token();
  EXPECT_NE(second, first);
  pass(seconds(410));
  serve();
  EXPECT_NE(token(), second);
  EXPECT_TRUE(troubles.empty());
}

TEST_F(PassportTest, WithoutAVerifierItIsShownToItsEndAndNotLonger) {
  start();
  serve();
  for (int i = 0; i < 59; ++i) {
    pass(seconds(10));
    fail();
  }
  EXPECT_TRUE(offers());
  EXPECT_FALSE(troubles.empty());
  const auto asked = troubles.size();
  EXPECT_LT(asked, 20U) << "with pauses that grow";
  for (int i = 0; i < 3; ++i) {
    pass(seconds(10));
    fail();
  }
  EXPECT_FALSE(offers());
  EXPECT_THAT(shown(peer.tik()).error().detail, HasSubstr("connection refused"));
  for (int i = 0; i < 40 && !offers(); ++i) {
    pass(seconds(10));
    serve();
  }
  EXPECT_TRUE(offers()) << "the verifier is back";
}

TEST_F(PassportTest, WhatRelyingPartiesWouldRefuseIsNotShown) {
  const auto rogue = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  struct Row {
    Code code;
    std::function<void(rats::EarClaims&)> edit;
  };
  const Row rows[] = {
      {Code::tik_mismatch, [&](auto& c) { c.submods[0].cnf->key = rogue.public_key(); }},
      {Code::result_unbound, [](auto& c) { c.submods[0].cnf.reset(); }},
      {Code::result_expired, [](auto& c) { c.exp = c.iat - 100; }},
      {Code::binder_mismatch, [](auto& c) { c.nonces = {bytes(std::string_view("another nonce"))}; }},
      {Code::evidence_inconsistent, [](auto& c) { c.evidence_digest = Bytes(32, 1); }},
      {Code::evidence_missing, [](auto& c) { c.evidence_digest.reset(); }},
      {Code::tier_not_accepted,
       [](auto& c) {
         c.submods[0].status = Tier::contraindicated;
         (*c.submods[0].vector)[TrustClaim::hardware] = 97;
       }},
  };
  for (const auto& row : rows) {
    troubles.clear();
    service.edit = row.edit;
    start();
    serve();
    EXPECT_FALSE(offers()) << name(row.code);
    ASSERT_EQ(troubles.size(), 1U);
    EXPECT_EQ(troubles.front().code, row.code) << troubles.front().message();
    passport.reset();
  }
  service.edit = {};
  start([&](auto& o) { o.keys = {rogue.public_key().spki()}; });
  serve();
  EXPECT_FALSE(offers());
}

TEST_F(PassportTest, ARefusalTakesBackWhatWasSaidBefore) {
  start();
  serve();
  ASSERT_TRUE(offers());
  service.edit = [](auto& c) {
    c.submods[0].status = Tier::contraindicated;
    (*c.submods[0].vector)[TrustClaim::hardware] = 97;
  };
  pass(seconds(410));
  serve();
  EXPECT_FALSE(offers());
}

TEST_F(PassportTest, AnAttesterThatCannotIsToldAndAskedAgain) {
  class Broken final : public Attester {
   public:
    [[nodiscard]] std::vector<AttestationScheme> schemes() const override {
      return {{*SchemeTable::defaults().find("software")}};
    }
    void attest(EvidenceRequest, Done done) override { done(Error{Code::tpm, "it is gone", "tpm"}); }
  };
  start([](auto& o) { o.attester = std::make_shared<Broken>(); });
  serve();
  EXPECT_FALSE(offers());
  ASSERT_FALSE(troubles.empty());
  EXPECT_EQ(troubles.front().code, Code::tpm);
  pass(seconds(3));
  EXPECT_EQ(loop->waiting(), 1U);
}

TEST_F(PassportTest, AFileKeepsItBetweenRuns) {
  const auto file = (folder / "server.ear").string();
  const auto cached = [&](auto& o) { o.cache = file; };
  start(cached);
  serve();
  const auto first = token();
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1)
      << "nothing else is left there";

  passport.reset();
  start(cached);
  EXPECT_EQ(token(), first);
  EXPECT_EQ(loop->waiting(), 0U) << "nobody is asked";
  passport.reset();

  const Peer other;
  start([&](auto& o) {
    cached(o);
    o.attester = other.attester;
    o.tik = other.tik();
  });
  EXPECT_FALSE(offers()) << "it is about another key";
  passport.reset();
  for (const std::string& spoiled : {std::string(), std::string("e30.e30.AA"), std::string(2U << 20U, 'e')}) {
    std::ofstream(file, std::ios::trunc) << spoiled;
    start(cached);
    EXPECT_FALSE(offers());
    EXPECT_EQ(loop->waiting(), 1U) << "a new one is fetched";
    passport.reset();
  }
  std::ofstream(file, std::ios::trunc) << first;
  now += std::chrono::hours(2);
  start(cached);
  EXPECT_FALSE(offers()) << "it has ended";
}

TEST_F(PassportTest, AFileThatCannotBeWrittenIsTold) {
  start([&](auto& o) { o.cache = (folder / "none" / "server.ear").string(); });
  serve();
  EXPECT_TRUE(offers());
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_EQ(troubles.front().code, Code::io);
}

TEST_F(PassportTest, ItMayEndAtAnyTime) {
  start();
  loop = nullptr;
  passport.reset();
  start();
  serve();
  pass(seconds(410));
  EXPECT_EQ(loop->waiting(), 1U);
  passport.reset();
  EXPECT_TRUE(troubles.empty());
}

TEST_F(PassportTest, WhatCannotBeMeantIsRefused) {
  const auto mistake = [&](const std::function<void(RenewingPassportOptions&)>& change) {
    auto o = options();
    change(o);
    const auto made = make_passport(std::move(o), std::make_shared<fake::FakeLoop>());
    if (made) return std::string();
    EXPECT_EQ(made.error().code, Code::configuration);
    return made.error().detail;
  };
  EXPECT_EQ(mistake([](auto&) {}), "");
  EXPECT_THAT(mistake([](auto& o) { o.attester = nullptr; }), HasSubstr("attester"));
  EXPECT_THAT(mistake([](auto& o) { o.tik = Spki(Bytes{}); }), HasSubstr("tik"));
  EXPECT_THAT(mistake([](auto& o) { o.urls.clear(); }), HasSubstr("no address"));
  EXPECT_THAT(mistake([](auto& o) { o.urls = {"http://v.example"}; }), HasSubstr("plain http"));
  EXPECT_THAT(mistake([](auto& o) { o.identity.clear(); }), HasSubstr("identity"));
  EXPECT_THAT(mistake([](auto& o) { o.keys.clear(); }), HasSubstr("key"));
  EXPECT_THAT(mistake([](auto& o) { o.renew_at = 1; }), HasSubstr("renew_at"));
  EXPECT_THAT(mistake([](auto& o) { o.back_off = milliseconds(0); }), HasSubstr("back_off"));
}

}  // namespace
}  // namespace seatls::remote
