// Sessions, their nonces and the audit log.
#include <gmock/gmock.h>

#include <numeric>

#include "fixture.h"

namespace seatls::service {
namespace {

using Opened = Store::Opened;
using Outcome = Store::Claim::Outcome;
using Status = Session::Status;

INSTANTIATE_TEST_SUITE_P(Each, StoreTest, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         kind_name);

TEST_P(StoreTest, ASessionIsFoundAsItWasOpened) {
  Session plain = session_of(1);
  Session bound = session_of(2);
  bound.tik = Bytes{0x30, 0x00, 0xff};
  bound.binds_tik = true;
  Session empty_key = session_of(3);
  empty_key.tik = Bytes{};
  for (const Session& s : {plain, bound, empty_key}) {
    EXPECT_EQ(open(s), Opened::opened);
    EXPECT_EQ(find(s.id), s);
  }
  EXPECT_EQ(find("session-4"), std::nullopt);
  EXPECT_EQ(find("session"), std::nullopt);
  EXPECT_EQ(find("SESSION-1"), std::nullopt);
}

TEST_P(StoreTest, ANonceOpensOneSession) {
  ASSERT_EQ(open(session_of(1)), Opened::opened);
  Session second = session_of(2);
  second.nonce = session_of(1).nonce;
  EXPECT_EQ(open(second), Opened::nonce_spent);
  EXPECT_EQ(replica().open_session(second, start).value(), Opened::nonce_spent);
  EXPECT_EQ(open(session_of(1)), Opened::nonce_spent) << "the same call once more is another session";
  EXPECT_EQ(find(second.id), std::nullopt);
  EXPECT_EQ(find("session-1"), session_of(1));
}

TEST_P(StoreTest, ANonceStaysSpentWhenItsSessionIsGone) {
  const Session deleted = session_of(1);
  const Session expired = session_of(2);
  ASSERT_EQ(open(deleted), Opened::opened);
  ASSERT_EQ(open(expired), Opened::opened);
  ASSERT_TRUE(store().delete_session(deleted.id, start).value());
  EXPECT_EQ(open(deleted), Opened::nonce_spent);
  EXPECT_EQ(open(expired, expired.expires), Opened::nonce_spent);
  ASSERT_TRUE(store().sweep(expired.expires).ok());
  EXPECT_EQ(open(expired, expired.expires), Opened::nonce_spent);
}

TEST_P(StoreTest, ANonceIsForgottenOnceItIsLongSpent) {
  const Session s = session_of(1);
  ASSERT_EQ(open(s), Opened::opened);
  const Time forgotten = s.expires + StoreLimits().spent;
  ASSERT_TRUE(store().sweep(forgotten - 1s).ok());
  EXPECT_EQ(open(s, forgotten - 1s), Opened::nonce_spent);
  ASSERT_TRUE(store().sweep(forgotten).ok());
  EXPECT_EQ(open(s, forgotten), Opened::opened);
}

TEST_P(StoreTest, NoncesThatResembleEachOtherAreDifferent) {
  Session s = session_of(0);
  for (const Bytes& nonce :
       {Bytes(8, 0), Bytes(9, 0), Bytes(64, 0), Bytes(8, 0xff), Bytes{'n', 'o', 'n', 'c', 'e', 0, 0, 1},
        Bytes{'n', 'o', 'n', 'c', 'e', 0, 0, 2}}) {
    s.id += "+";
    s.nonce = nonce;
    EXPECT_EQ(open(s), Opened::opened);
    EXPECT_EQ(find(s.id), s);
  }
}

TEST_P(StoreTest, AnExpiredSessionIsUnknown) {
  const Session s = session_of(1);
  ASSERT_EQ(open(s), Opened::opened);
  EXPECT_NE(find(s.id, s.expires - 1s), std::nullopt);
  EXPECT_EQ(find(s.id, s.expires), std::nullopt);
  EXPECT_EQ(claim(s.id, s.expires), Outcome::unknown);
  EXPECT_FALSE(store().delete_session(s.id, s.expires).value());
  EXPECT_EQ(claim(s.id, s.expires - 1s), Outcome::claimed);
}

TEST_P(StoreTest, ASessionIsClaimedOnce) {
  const Session s = session_of(1);
  ASSERT_EQ(open(s), Opened::opened);
  EXPECT_EQ(claim("session-2"), Outcome::unknown);

  const Store::Evidence evidence{"application/cmw+cbor", digest_of("evidence"), bytes("retained")};
  const auto claimed = store().claim_session(s.id, evidence, start).value();
  EXPECT_EQ(claimed.outcome, Outcome::claimed);
  Session expected = s;
  expected.status = Status::processing;
  expected.evidence_type = evidence.type;
  expected.evidence_digest = evidence.digest;
  expected.evidence = evidence.retained;
  EXPECT_EQ(claimed.session, expected);
  EXPECT_EQ(find(s.id), expected);

  const auto second = replica().claim_session(s.id, evidence_of(2), start).value();
  EXPECT_EQ(second.outcome, Outcome::spent);
  EXPECT_EQ(second.session, std::nullopt);
  EXPECT_EQ(find(s.id), expected) << "a claim that failed changes nothing";

  ASSERT_TRUE(store().complete_session(s.id, "result", verdict_of(1)).ok());
  EXPECT_EQ(claim(s.id), Outcome::spent);
  ASSERT_NO_FATAL_FAILURE(open_and_claim(session_of(3)));
  ASSERT_TRUE(store().fail_session("session-3").ok());
  EXPECT_EQ(claim("session-3"), Outcome::spent);
}

TEST_P(StoreTest, AClaimCarriesTheRevisionOfItsMoment) {
  ASSERT_EQ(open(session_of(1)), Opened::opened);
  ASSERT_EQ(open(session_of(2)), Opened::opened);
  EXPECT_EQ(store().claim_session("session-1", evidence_of(1), start)->revision, revision());
  ASSERT_EQ(add("default", "a"), 1U);
  ASSERT_TRUE(replica().activate_policy("default", 1, start).value());
  EXPECT_EQ(store().claim_session("session-2", evidence_of(1), start)->revision, revision());
  EXPECT_EQ(revision(), 2U);
}

TEST_P(StoreTest, CompletionGivesTheResultAndTheVerdictTogether) {
  ASSERT_NO_FATAL_FAILURE(open_and_claim(session_of(1)));
  Verdict verdict = verdict_of(1);
  verdict.tier = Tier::contraindicated;
  verdict.policies = {"default@3", "a \"name\"\n"};
  verdict.codes = {"binder_mismatch", "größe"};
  ASSERT_TRUE(store().complete_session("session-1", "e30.e30.c2ln", verdict).ok());
  const auto found = find("session-1");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->status, Status::complete);
  EXPECT_EQ(found->result, "e30.e30.c2ln");
  EXPECT_THAT(replica().verdicts(10).value(), ::testing::ElementsAre(verdict));
}

TEST_P(StoreTest, OnlyASessionThatIsProcessedCanBeCompletedOrFailed) {
  const auto refused = [&](const std::string& id) {
    for (const auto& ended :
         {store().complete_session(id, "other", verdict_of(9)), store().fail_session(id)}) {
      ASSERT_FALSE(ended.ok()) << id;
      EXPECT_EQ(ended.error().code, Code::misuse);
    }
  };
  ASSERT_EQ(open(session_of(1)), Opened::opened);
  ASSERT_NO_FATAL_FAILURE(open_and_claim(session_of(2)));
  ASSERT_TRUE(store().complete_session("session-2", "result", verdict_of(2)).ok());
  ASSERT_NO_FATAL_FAILURE(open_and_claim(session_of(3)));
  ASSERT_TRUE(store().fail_session("session-3").ok());
  for (const std::string id : {"session-1", "session-2", "session-3", "session-4"}) refused(id);

  EXPECT_EQ(find("session-1")->status, Status::waiting);
  EXPECT_EQ(find("session-2")->result, "result");
  EXPECT_EQ(find("session-3")->status, Status::failed);
  EXPECT_EQ(find("session-3")->result, "");
  EXPECT_EQ(store().verdicts(10)->size(), 1U) << "no verdict without a result";
}

TEST_P(StoreTest, TheAuditLogIsNewestFirst) {
  std::vector<Verdict> expected;
  const Tier tiers[] = {Tier::none, Tier::affirming, Tier::warning, Tier::contraindicated};
  for (unsigned i = 0; i < 4; ++i) {
    ASSERT_NO_FATAL_FAILURE(open_and_claim(session_of(i)));
    Verdict v = verdict_of(i);
    v.tier = tiers[i];
    ASSERT_TRUE(either(i).complete_session(session_of(i).id, "result", v).ok());
    expected.insert(expected.begin(), v);
  }
  EXPECT_EQ(store().verdicts(10).value(), expected);
  expected.resize(2);
  EXPECT_EQ(store().verdicts(2).value(), expected);
  EXPECT_TRUE(store().verdicts(0)->empty());
}

TEST_P(StoreTest, ASessionIsDeletedOnce) {
  ASSERT_EQ(open(session_of(1)), Opened::opened);
  EXPECT_TRUE(store().delete_session("session-1", start).value());
  EXPECT_FALSE(replica().delete_session("session-1", start).value());
  EXPECT_EQ(find("session-1"), std::nullopt);
  EXPECT_EQ(claim("session-1"), Outcome::unknown);
}

TEST_P(StoreTest, SweepForgetsWhatExpiredAndNothingElse) {
  for (unsigned i = 0; i < 5; ++i) {
    Session s = session_of(i);
    s.expires = start + std::chrono::seconds(i);
    ASSERT_EQ(open(s, start - 1s), Opened::opened);
  }
  EXPECT_EQ(store().open_sessions(start - 1s).value(), 5U);
  EXPECT_EQ(store().open_sessions(start + 2s).value(), 2U);
  EXPECT_EQ(store().sweep(start + 2s).value(), 3U);
  EXPECT_EQ(store().sweep(start + 2s).value(), 0U);
  EXPECT_EQ(store().open_sessions(start - 1s).value(), 2U);
  EXPECT_NE(find("session-3", start), std::nullopt);
}

TEST_P(StoreTest, SessionsAreLimited) {
  ASSERT_NO_FATAL_FAILURE(reopen({.sessions = 3}));
  for (unsigned i = 0; i < 3; ++i) ASSERT_EQ(open(session_of(i)), Opened::opened);
  EXPECT_EQ(open(session_of(3)), Opened::full);
  EXPECT_EQ(find("session-3"), std::nullopt);
  Session spent = session_of(4);
  spent.nonce = session_of(1).nonce;
  EXPECT_EQ(open(spent), Opened::nonce_spent);
  ASSERT_TRUE(store().delete_session("session-1", start).value());
  EXPECT_EQ(open(session_of(3)), Opened::opened) << "the nonce of a session that was not opened is not spent";
  EXPECT_EQ(open(session_of(5)), Opened::full);
  EXPECT_EQ(open(session_of(6), session_of(0).expires), Opened::opened) << "expired sessions take no room";
  EXPECT_EQ(store().open_sessions(start).value(), 1U);
}

TEST_P(StoreTest, NoncesAreLimitedAndNotForgottenEarly) {
  ASSERT_NO_FATAL_FAILURE(reopen({.sessions = 10, .spent = 100s, .nonces = 3}));
  for (unsigned i = 0; i < 3; ++i) {
    ASSERT_EQ(open(session_of(i)), Opened::opened);
    ASSERT_TRUE(store().delete_session(session_of(i).id, start).value());
  }
  const Time expired = session_of(0).expires;
  EXPECT_EQ(open(session_of(3)), Opened::full);
  EXPECT_EQ(open(session_of(3), expired + 99s), Opened::full);
  EXPECT_EQ(open(session_of(0), expired + 99s), Opened::nonce_spent);
  EXPECT_EQ(open(session_of(3), expired + 100s), Opened::opened);
}

TEST_P(StoreTest, WhatIsNoOpeningIsRefusedAndSpendsNothing) {
  std::vector<Session> wrong(6, session_of(1));
  wrong[0].id = "";
  wrong[1].id = std::string("a\0b", 3);
  wrong[2].nonce = Bytes(7, 1);
  wrong[3].nonce = Bytes(65, 1);
  wrong[4].status = Status::complete;
  wrong[5].id = "\xff\xfe";
  for (const Session& s : wrong) {
    const auto opened = store().open_session(s, start);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::misuse);
  }
  ASSERT_EQ(open(session_of(1)), Opened::opened);
  Session taken = session_of(2);
  taken.id = "session-1";
  const auto opened = store().open_session(taken, start);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::misuse);
  EXPECT_EQ(find("session-1"), session_of(1));
  EXPECT_EQ(open(session_of(2)), Opened::opened);
}

TEST_P(StoreTest, IdsThatAreNoTextAreUnknown) {
  ASSERT_EQ(open(session_of(1)), Opened::opened);
  for (const std::string& id : {std::string("session-1\0", 10), std::string("\xff\xfe"),
                                std::string("' OR 1=1 --"), std::string(100'000, 'a'), std::string()}) {
    EXPECT_EQ(find(id), std::nullopt);
    EXPECT_EQ(claim(id), Outcome::unknown);
    EXPECT_FALSE(store().delete_session(id, start).value());
    EXPECT_EQ(store().fail_session(id).error().code, Code::misuse);
    EXPECT_EQ(store().complete_session(id, "r", verdict_of(1)).error().code, Code::misuse);
  }
  EXPECT_EQ(find("session-1"), session_of(1));
}

TEST_P(StoreTest, RetainedEvidenceIsKeptByteForByte) {
  ASSERT_EQ(open(session_of(1)), Opened::opened);
  Store::Evidence evidence = evidence_of(1);
  evidence.retained.resize(1 << 20);
  std::iota(evidence.retained.begin(), evidence.retained.end(), std::uint8_t{0});
  ASSERT_EQ(store().claim_session("session-1", evidence, start)->outcome, Outcome::claimed);
  EXPECT_EQ(find("session-1")->evidence, evidence.retained);
}

TEST_P(StoreTest, CheckPasses) {
  EXPECT_TRUE(store().check().ok());
  EXPECT_TRUE(replica().check().ok());
}

}  // namespace
}  // namespace seatls::service
