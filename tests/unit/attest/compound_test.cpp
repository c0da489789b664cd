// The compound attester: it answers once, when all parts have, and never hangs on what is gone.
#include "seatls/compound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "crypto/signature.h"
#include "fake/swtpm.h"
#include "support/log_maker.h"

namespace seatls {
namespace {

using ::testing::HasSubstr;

const AttestationScheme compound{ContentFormat{273}};

Binder a_binder() {
  static const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  return danger::binder_from_bytes(Bytes(32, 0xb1), Hash::sha256, key.public_key().spki());
}

// Part is an attester whose answers wait until the test gives them.
class Part final : public Attester {
 public:
  explicit Part(std::vector<AttestationScheme> schemes = {{MediaType{"application/x"}}},
                std::size_t longest = 48)
      : offered(std::move(schemes)), longest_(longest) {}
  std::vector<AttestationScheme> schemes() const override { return offered; }
  std::size_t longest_binder() const override { return longest_; }
  void attest(EvidenceRequest request, Done done) override {
    asked.push_back(std::move(request));
    waiting.push_back(std::move(done));
  }
  void answer(const std::string& value) {
    waiting.back()(Cmw(CmwRecord{MediaType{"application/x"}, bytes(std::string_view(value)), 0}));
  }

  std::vector<AttestationScheme> offered;
  std::vector<EvidenceRequest> asked;
  std::vector<Done> waiting;

 private:
  std::size_t longest_;
};

struct Compound : ::testing::Test {
  std::shared_ptr<Part> cpu = std::make_shared<Part>(), gpu = std::make_shared<Part>();
  std::shared_ptr<Attester> attester =
      make_compound_attester({.parts = {{"cpu", cpu}, {"gpu", gpu}}}).value();
  std::vector<Result<Cmw>> answers;

  void ask() {
    attester->attest({compound, a_binder()}, [this](Result<Cmw> r) { answers.push_back(std::move(r)); });
  }
};

TEST_F(Compound, AnswersOnceWithAllParts) {
  ask();
  ASSERT_EQ(cpu->asked.size(), 1U);
  EXPECT_TRUE(std::ranges::equal(cpu->asked[0].binder.bytes(), a_binder().bytes()));
  EXPECT_EQ(gpu->asked.size(), 1U) << "parts work at the same time";
  gpu->answer("gpu");
  EXPECT_TRUE(answers.empty());
  cpu->answer("cpu");
  ASSERT_EQ(answers.size(), 1U);
  const auto* collection = answers[0].value().collection();
  ASSERT_NE(collection, nullptr);
  ASSERT_EQ(collection->entries.size(), 2U);
  EXPECT_EQ(collection->entries[0].first, CmwCollection::Label("cpu"));
  EXPECT_EQ(text(collection->entries[1].second.record()->value), "gpu");
  EXPECT_TRUE(encode_cmw(*answers[0]));
}

TEST_F(Compound, TheFirstFailureIsTheAnswer) {
  ask();
  gpu->waiting.back()(Error{Code::attester_unavailable, "no such device", ""});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, Code::attester_unavailable);
  EXPECT_THAT(answers[0].error().path, HasSubstr("gpu"));
  cpu->answer("late");
  EXPECT_EQ(answers.size(), 1U);
}

TEST_F(Compound, WhoGoesAwayAnswersWhatItOwes) {
  ask();
  cpu->answer("cpu");
  attester.reset();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, Code::attester_unavailable);
  gpu->answer("late");
  EXPECT_EQ(answers.size(), 1U);
}

TEST_F(Compound, MayBeDestroyedByWhomItAnswers) {
  attester->attest({compound, a_binder()}, [this](Result<Cmw> r) {
    answers.push_back(std::move(r));
    attester.reset();
  });
  gpu->answer("gpu");
  cpu->answer("cpu");
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_FALSE(attester);
}

TEST_F(Compound, PartsMayAnswerFromTheirThreads) {
  for (int round = 0; round < 50; ++round) {
    ask();
    std::thread a([&] { cpu->answer("cpu"); }), b([&] { gpu->answer("gpu"); });
    a.join();
    b.join();
    ASSERT_EQ(answers.size(), static_cast<std::size_t>(round + 1));
    EXPECT_TRUE(answers.back());
  }
}

TEST_F(Compound, APartThatShowsACollectionIsRefused) {
  ask();
  CmwCollection inner;
  inner.entries.emplace_back("x", Cmw(CmwRecord{ContentFormat{60}, {1}, 0}));
  cpu->waiting.back()(Cmw(std::move(inner)));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, Code::misuse);
}

TEST_F(Compound, OffersWhatAllCanDo) {
  EXPECT_EQ(attester->schemes(), std::vector{compound});
  gpu->offered.clear();
  EXPECT_TRUE(attester->schemes().empty());
  ask();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, Code::attester_unavailable);
  const auto short_one =
      std::make_shared<Part>(std::vector{AttestationScheme{MediaType{"application/x"}}}, 32);
  EXPECT_EQ(make_compound_attester({.parts = {{"a", cpu}, {"b", short_one}}}).value()->longest_binder(), 32U);
}

TEST_F(Compound, RefusesAnotherScheme) {
  attester->attest({{ContentFormat{263}}, a_binder()},
                   [this](Result<Cmw> r) { answers.push_back(std::move(r)); });
  EXPECT_EQ(answers.at(0).error().code, Code::misuse);
}

TEST_F(Compound, MistakesInItsMaking) {
  const auto code = [](CompoundOptions options) {
    return make_compound_attester(std::move(options)).error().code;
  };
  EXPECT_EQ(code({}), Code::configuration);
  EXPECT_EQ(code({.parts = {{"", cpu}}}), Code::configuration);
  EXPECT_EQ(code({.parts = {{"__cmwc_t", cpu}}}), Code::configuration);
  EXPECT_EQ(code({.parts = {{"a", nullptr}}}), Code::configuration);
  const auto passport = std::make_shared<Part>(std::vector{AttestationScheme{VerifierIdentity{"v"}}});
  EXPECT_EQ(code({.parts = {{"a", passport}}}), Code::configuration);
  EXPECT_EQ(code({.parts = {{"a", cpu}}, .event_logs = {{"log", "/none"}}}), Code::io);
}

TEST_F(Compound, SendsTheLogWithoutItsPadding) {
  const Bytes log = testing::LogMaker(Hash::sha384).event(1, "one").bytes();
  Bytes padded = log;
  padded.resize(padded.size() + 5000, 0xff);
  const fake::TemporaryFolder folder;
  const std::string path = (folder.path() / "ccel").string();
  std::ofstream(path, std::ios::binary) << text(padded);
  attester = make_compound_attester({.parts = {{"cpu", cpu}}, .event_logs = {{"log", path}}}).value();
  EXPECT_EQ(make_compound_attester({.parts = {{"log", cpu}}, .event_logs = {{"log", path}}}).error().code,
            Code::configuration);
  ask();
  cpu->answer("cpu");
  ASSERT_EQ(answers.size(), 1U);
  const auto& entries = answers[0].value().collection()->entries;
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].second.record()->value, log);
  EXPECT_EQ(entries[1].second.record()->type, EvidenceType{MediaType{"application/vnd.seatls.event-log"}});
  std::ofstream(path, std::ios::binary) << "no log";
  ask();
  EXPECT_EQ(answers.at(1).error().code, Code::attester_unavailable);
  EXPECT_THAT(answers.at(1).error().path, HasSubstr("log"));
}

}  // namespace
}  // namespace seatls
