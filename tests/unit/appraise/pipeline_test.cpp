// What is judged alike for every scheme.
#include <thread>

#include "codec/cbor.h"
#include "unit/appraise/vector_file.h"

namespace seatls::appraise {
namespace {

using testing::appraise_now;
using testing::has_reason;

class Pipeline : public ::testing::Test {
 protected:
  Policy policy(const std::string& file, const std::string& topic = "tpm") {
    return *check_policy_text(read(file, topic).policy, testing::vectors_folder(topic), "p").policy;
  }
  testing::VectorFile read(const std::string& file, const std::string& topic = "tpm") {
    return testing::read_vector(testing::vectors_folder(topic) + "/" + file + ".txt");
  }
  // request is an honest one, over the scheme's own type.
  AppraisalRequest request(const std::string& file = "ok-p256", std::string scheme = "tpm2") {
    const auto v = read(file, scheme == "tpm2" ? "tpm" : scheme);
    const EvidenceType type = *SchemeTable::defaults().find(scheme);
    return {{type},
            Cmw(CmwRecord{type, v.hex("evidence"), 0}),
            danger::binder_from_bytes(v.hex("binder"), Hash::sha256, Spki(v.hex("tik"))),
            Bytes(32, 1)};
  }
  const Time at = *base::from_rfc3339("2026-11-21T10:00:00Z");
};

TEST_F(Pipeline, AnHonestRequestIsAffirmed) {
  const auto result = appraise_now(policy("ok-p256"), request(), at);
  EXPECT_EQ(result.first_fatal(), nullptr) << explain(result);
  EXPECT_EQ(result->evidence_digest, Bytes(32, 1));
  EXPECT_EQ(result->appraised_at, at);
  EXPECT_EQ(result->vector[TrustClaim::hardware], 2);
  EXPECT_EQ(result->vector[TrustClaim::executables], 3);
  EXPECT_EQ(result->vector[TrustClaim::configuration], 2);
}

// Attack D07: the credential's type is the negotiated one, byte for byte.
TEST_F(Pipeline, TheTypeIsTheNegotiatedOne) {
  for (const EvidenceType& type : {EvidenceType{MediaType{"application/vnd.seatls.tpm2+cbor "}},
                                   EvidenceType{MediaType{"APPLICATION/vnd.seatls.tpm2+cbor"}},
                                   EvidenceType{MediaType{"application/vnd.seatls.tpm2+cbor; x=1"}},
                                   EvidenceType{ContentFormat{263}}, EvidenceType{ContentFormat{0}}}) {
    auto r = request();
    r.credential = Cmw(CmwRecord{type, r.credential.record()->value, 0});
    const auto result = appraise_now(policy("ok-p256"), std::move(r), at);
    ASSERT_NE(result.first_fatal(), nullptr);
    EXPECT_EQ(result.first_fatal()->code, Code::credential_type_mismatch) << explain(result);
    EXPECT_EQ(result.tier(), Tier::contraindicated);
    EXPECT_EQ(result->vector, TrustVector{});
  }
}

// A content format and its media type mean the same, and are not the same bytes.
TEST_F(Pipeline, AContentFormatIsNotItsMediaType) {
  auto r = request("ok-es256", "software");
  r.credential = Cmw(CmwRecord{MediaType{"application/eat+cwt"}, r.credential.record()->value, 0});
  const auto result = appraise_now(policy("ok-es256", "software"), std::move(r), at);
  ASSERT_NE(result.first_fatal(), nullptr);
  EXPECT_EQ(result.first_fatal()->code, Code::credential_type_mismatch);
}

TEST_F(Pipeline, TheIndicatorMustNotDenyTheType) {
  for (const auto& [indicator, good] :
       {std::pair{0U, true}, {4U, true}, {12U, true}, {8U, false}, {1U, false}}) {
    auto r = request();
    r.credential = Cmw(CmwRecord{r.credential.record()->type, r.credential.record()->value, indicator});
    const auto result = appraise_now(policy("ok-p256"), std::move(r), at);
    EXPECT_EQ(has_reason(result, Code::credential_type_mismatch), !good) << indicator;
  }
}

TEST_F(Pipeline, ACollectionIsNoTpm2Evidence) {
  auto r = request();
  r.credential = Cmw(CmwCollection{"", {{std::int64_t{1}, r.credential}}});
  const auto result = appraise_now(policy("ok-p256"), std::move(r), at);
  ASSERT_NE(result.first_fatal(), nullptr);
  EXPECT_EQ(result.first_fatal()->code, Code::credential_type_mismatch);
}

TEST_F(Pipeline, ASchemeThatThePolicyDoesNotNameIsRefused) {
  const auto result = appraise_now(policy("ok-es256", "software"), request(), at);
  ASSERT_NE(result.first_fatal(), nullptr);
  EXPECT_EQ(result.first_fatal()->code, Code::scheme_below_policy);
  auto r = request();
  r.scheme = {EvidenceType{ContentFormat{9999}}};
  r.credential = Cmw(CmwRecord{ContentFormat{9999}, r.credential.record()->value, 0});
  EXPECT_TRUE(has_reason(appraise_now(policy("ok-p256"), std::move(r), at), Code::scheme_below_policy));
}

TEST_F(Pipeline, SizeIsBounded) {
  auto r = request();
  Bytes large = r.credential.record()->value;
  large.resize(65'529);
  r.credential = Cmw(CmwRecord{r.credential.record()->type, large, 0});
  const auto result = appraise_now(policy("ok-p256"), std::move(r), at);
  ASSERT_NE(result.first_fatal(), nullptr);
  EXPECT_EQ(result.first_fatal()->code, Code::evidence_malformed);
  EXPECT_NE(result.first_fatal()->detail.find("65529 bytes; at most 65528"), std::string::npos);
}

// I10: the very same evidence is accepted once, in whatever wrapping it comes again.
TEST_F(Pipeline, EvidenceIsAcceptedOnce) {
  LocalVerifierOptions options;
  options.clock = [this] { return at; };
  options.evidence_cache = std::make_shared<EvidenceCache>();
  const auto first = *make_local_verifier(policy("ok-p256"), options);
  const auto second = *make_local_verifier(policy("ok-p256"), options);  // shares the cache
  const auto outcome = [&](Verifier& verifier, AppraisalRequest r) {
    std::optional<AttestationResult> out;
    verifier.appraise(std::move(r), [&](Result<AttestationResult> result) { out = *result; });
    return *out;
  };
  EXPECT_EQ(outcome(*first, request()).first_fatal(), nullptr);
  for (auto* verifier : {first.get(), second.get()}) {
    const auto again = outcome(*verifier, request());
    ASSERT_NE(again.first_fatal(), nullptr);
    EXPECT_EQ(again.first_fatal()->code, Code::evidence_reused);
    EXPECT_EQ(again.tier(), Tier::contraindicated);
  }
  auto wrapped = request();
  const auto map = *codec::cbor::parse(wrapped.credential.record()->value);
  Bytes other_bytes = {0xBF};
  const auto append = [&](const codec::cbor::Value& item) {
    const auto encoded = *codec::cbor::encode(item);
    other_bytes.insert(other_bytes.end(), encoded.begin(), encoded.end());
  };
  for (auto row = map.map()->rbegin(); row != map.map()->rend(); ++row) {
    append(row->first);
    append(row->second);
  }
  other_bytes.push_back(0xFF);
  wrapped.credential = Cmw(CmwRecord{wrapped.credential.record()->type, other_bytes, 0});
  wrapped.credential_digest = Bytes(32, 2);
  const auto again = outcome(*second, std::move(wrapped));
  ASSERT_NE(again.first_fatal(), nullptr);
  EXPECT_EQ(again.first_fatal()->code, Code::evidence_reused) << explain(again);
  // Other evidence of the same machine is as good as ever.
  EXPECT_EQ(outcome(*second, request("ok-more-quoted")).first_fatal(), nullptr);
}

// What did not verify is not remembered: nobody can fill the cache with noise, or have it refuse what is
// honest.
TEST_F(Pipeline, RefusedEvidenceIsNotRemembered) {
  LocalVerifierOptions options;
  options.clock = [this] { return at; };
  options.evidence_cache = std::make_shared<EvidenceCache>();
  const auto verifier = *make_local_verifier(policy("ok-p256"), options);
  auto foreign = request();
  foreign.binder = danger::binder_from_bytes(Bytes(32, 9), Hash::sha256, foreign.binder.tik());
  verifier->appraise(std::move(foreign), [](Result<AttestationResult> r) {
    EXPECT_EQ(r->first_fatal()->code, Code::binder_mismatch);
    EXPECT_FALSE(has_reason(*r, Code::evidence_reused));
  });
  verifier->appraise(request(), [](Result<AttestationResult> r) { EXPECT_EQ(r->first_fatal(), nullptr); });
}

// I10 is for evidence: a result serves as many connections as it lives for.
TEST_F(Pipeline, ResultsMayRepeat) {
  LocalVerifierOptions options;
  options.clock = [this] { return at; };
  options.evidence_cache = std::make_shared<EvidenceCache>();
  const auto verifier = *make_local_verifier(policy("ok-jwt", "result"), options);
  const auto v = read("ok-jwt", "result");
  for (int i = 0; i < 2; ++i)
    verifier->appraise({{VerifierIdentity{"verifier.example"}},
                        Cmw(CmwRecord{MediaType{"application/eat+jwt"}, v.hex("result"), 0}),
                        danger::binder_from_bytes(Bytes(32, 9), Hash::sha256, Spki(v.hex("tik"))),
                        Bytes(32, 1)},
                       [](Result<AttestationResult> r) { EXPECT_EQ(r->first_fatal(), nullptr); });
}

TEST_F(Pipeline, EveryReasonIsTold) {
  const auto v = read("everything");
  const auto result = appraise_now(policy("everything"), request("everything"), at);
  for (const Code code :
       {Code::signature_invalid, Code::evidence_inconsistent, Code::untrusted_attestation_key,
        Code::binder_mismatch, Code::tik_mismatch, Code::key_unproven, Code::reference_mismatch})
    EXPECT_TRUE(has_reason(result, code)) << name(code) << "\n" << explain(result);
  EXPECT_EQ(result->reasons.front().code, Code::signature_invalid);
  EXPECT_TRUE(result->claims.empty());  // nothing that did not verify is told as a claim
  EXPECT_TRUE(result->instance.empty());
  EXPECT_EQ(result->vector[TrustClaim::hardware], 99);
}

TEST_F(Pipeline, DemandOnTheKeyMayComeFromTheEndpoint) {
  auto p = policy("ok-key-unproven-allowed");
  p.danger.allow_unproven_tik = false;
  p.tpm2.key = KeyProvenance::measured;
  EXPECT_TRUE(has_reason(appraise_now(p, request("ok-key-unproven-allowed"), at), Code::key_unproven));
  p.key = KeyProvenance::proven;  // the stricter demand counts
  const auto result = appraise_now(p, request("ok-key-unproven-allowed"), at);
  ASSERT_NE(result.first_fatal(), nullptr);
  EXPECT_NE(result.first_fatal()->detail.find("demands \"proven\""), std::string::npos);
  EXPECT_EQ(appraise_now(p, request(), at).first_fatal(), nullptr);
}

// ---- several policies --------------------------------------------------------------------------

class SeveralPolicies : public Pipeline {
 protected:
  AttestationResult judge(const std::vector<Policy>& policies) {
    LocalVerifierOptions options;
    options.clock = [this] { return at; };
    options.evidence_cache = std::make_shared<EvidenceCache>();
    std::optional<AttestationResult> out;
    make_local_verifier(policies, std::move(options)).value()->appraise(request(), [&](auto r) {
      out = std::move(r).value();
    });
    return std::move(*out);
  }
  Policy named(const std::string& id) {
    Policy p = policy("ok-p256");
    p.id = id;
    return p;
  }
};

TEST_F(SeveralPolicies, AllAcceptAndAllAreNamed) {
  const auto result = judge({named("site"), named("team")});
  EXPECT_EQ(result.tier(), Tier::affirming) << explain(result);
  EXPECT_EQ(result->policy_ids, (std::vector<std::string>{"site", "team"}));
  EXPECT_EQ(policies_of(*result), "site, team");
  EXPECT_EQ(result->claims, judge({named("site")})->claims);  // told once
  EXPECT_TRUE(result->reasons.empty());
}

TEST_F(SeveralPolicies, WhatOneRefusesIsRefused) {
  Policy strict = named("strict");
  strict.machine = {"ak:sha256:00"};
  for (const auto& policies : {std::vector{named("site"), strict}, std::vector{strict, named("site")}}) {
    const auto result = judge(policies);
    EXPECT_EQ(result.tier(), Tier::contraindicated);
    ASSERT_NE(result.first_fatal(), nullptr);
    EXPECT_EQ(result.first_fatal()->code, Code::instance_mismatch);
    EXPECT_NE(result.first_fatal()->detail.find("by policy strict"), std::string::npos);
  }
}

TEST_F(SeveralPolicies, NothingIsBetterThanTheWorst) {
  Policy weak = named("weak");
  weak.tpm2.pcrs.begin()->second.begin()->second = expect::Any{};
  const auto strong = judge({named("site")}), result = judge({named("site"), weak});
  EXPECT_EQ(result.first_fatal(), nullptr);
  EXPECT_FALSE(result->dangers.empty()) << "a weakening of one policy is one of the result";
  for (std::size_t i = 0; i < trust_claim_count; ++i)
    EXPECT_EQ(worse(tier_of(result->vector.value[i]), tier_of(strong->vector.value[i])),
              tier_of(result->vector.value[i]));
}

TEST_F(SeveralPolicies, TheySpeakOfTheSameSchemes) {
  const auto apart = make_local_verifier({named("site"), policy("ok-es256", "software")});
  ASSERT_FALSE(apart);
  EXPECT_EQ(apart.error().code, Code::configuration);
  EXPECT_NE(apart.error().detail.find("no scheme in common"), std::string::npos);
  EXPECT_FALSE(make_local_verifier(std::vector<Policy>{}));
}

TEST_F(Pipeline, WhatAPeerWritesCannotForgeALog) {
  auto p = policy("ok-any-name", "software");
  auto r = request("ok-any-name", "software");
  const auto v = appraise_now(p, std::move(r), at);
  for (const auto& [claim, value] : v->claims)
    for (const char c : value) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << claim;
}

TEST(Verifier, OffersWhatThePolicyAccepts) {
  const auto report = check_policy_text(R"(
id = "p"
schemes = ["result", "tpm2"]
[tpm2]
ak_ca = "tpm/ca.pem"
[tpm2.pcrs.sha256]
0 = "expect.any"
[result]
verifiers = [{ identity = "one", key = "result/ark.pem" }, { identity = "two", key = "result/ark2.pem" }]
max_age = "1h"
)",
                                        testing::vectors_folder("."));
  ASSERT_TRUE(report.policy) << report.mistakes.front().message();
  const auto verifier = *make_local_verifier(*report.policy);
  const auto schemes = verifier->schemes();
  ASSERT_EQ(schemes.size(), 3U);
  EXPECT_EQ(schemes[0], AttestationScheme{VerifierIdentity{"one"}});
  EXPECT_EQ(schemes[1], AttestationScheme{VerifierIdentity{"two"}});
  EXPECT_EQ(schemes[2], AttestationScheme{*SchemeTable::defaults().find("tpm2")});
}

TEST(Verifier, IsNotMadeOfAPolicyThatLacksSomething) {
  const auto verifier = make_local_verifier(Policy{});
  ASSERT_FALSE(verifier);
  EXPECT_EQ(verifier.error().code, Code::configuration);
  Policy p;
  p.id = "p";
  p.schemes = {"tpm2"};
  p.tpm2.ak = {KeyPin{KeyPin::Kind::spki_sha256, Bytes(32)}};
  p.tpm2.pcrs[Hash::sha256][0] = expect::Any{};
  EXPECT_TRUE(make_local_verifier(p));
  LocalVerifierOptions empty_table;
  empty_table.table = SchemeTable();
  EXPECT_FALSE(make_local_verifier(p, empty_table));
}

TEST(EvidenceCacheTest, ForgetsTheOldestFirst) {
  EvidenceCache cache(2);
  EXPECT_TRUE(cache.admit(view("a")));
  EXPECT_TRUE(cache.admit(view("b")));
  EXPECT_FALSE(cache.admit(view("a")));
  EXPECT_TRUE(cache.admit(view("c")));
  EXPECT_FALSE(cache.admit(view("b")));
  EXPECT_TRUE(cache.admit(view("a")));
}

TEST(EvidenceCacheTest, AdmitsOnceAcrossThreads) {
  EvidenceCache cache;
  std::atomic<int> admitted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) admitted += cache.admit(view(std::to_string(i))) ? 1 : 0;
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(admitted, 1000);
}

TEST(EvidenceCacheTest, IsSharedByTheProcess) {
  EXPECT_EQ(EvidenceCache::of_process(), EvidenceCache::of_process());
  EXPECT_EQ(LocalVerifierOptions{}.evidence_cache, EvidenceCache::of_process());
}

}  // namespace
}  // namespace seatls::appraise
