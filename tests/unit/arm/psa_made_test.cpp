// PSA tokens that are made here: what a policy accepts and refuses, claim by claim, in every profile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/cbor.h"
#include "crypto/hash.h"
#include "rats/sign1.h"
#include "seatls/verifiers.h"
#include "support/claims_edit.h"
#include "support/verdict.h"

namespace seatls::appraise::psa {
namespace {

namespace cbor = codec::cbor;
using seatls::testing::filled;
using seatls::testing::set;
using seatls::testing::without;
using Edit = seatls::testing::ClaimsEdit;

const crypto::PrivateKey& iak() {
  static const auto key = *crypto::PrivateKey::generate(crypto::KeyType::p256);
  return key;
}

cbor::Value component(std::uint8_t value, std::uint8_t signer) {
  return cbor::map({{cbor::integer(1), cbor::text("PRoT")},
                    {cbor::integer(2), filled(32, value)},
                    {cbor::integer(4), cbor::text("1.3.5")},
                    {cbor::integer(5), filled(32, signer)}});
}
Bytes instance() {
  Bytes id(33, 0x33);
  id[0] = 1;
  return id;
}

struct World : seatls::testing::JudgedWorld {
  World() : JudgedWorld("psa") {
    policy.psa.iak = {iak().public_key().spki()};
    policy.psa.implementation_id = expect::Exactly<Bytes>{Bytes(32, 0x44)};
    policy.psa.components = expect::Exactly<Bytes>{Bytes(32, 0x22)};
    policy.psa.client_id = expect::Exactly<std::int64_t>{-1};
  }
  static Bytes signed_by(const crypto::PrivateKey& key, cbor::Map claims) {
    return *rats::sign_sign1(*cbor::encode(cbor::map(std::move(claims))), key);
  }
  [[nodiscard]] Bytes token(const Edit& edit = {}) const {
    cbor::Map claims = {{cbor::integer(265), cbor::text("tag:psacertified.org,2023:psa#tfm")},
                        {cbor::integer(10), cbor::bytes(binder)},
                        {cbor::integer(256), cbor::bytes(instance())},
                        {cbor::integer(2396), filled(32, 0x44)},
                        {cbor::integer(2394), cbor::integer(-1)},
                        {cbor::integer(2395), cbor::integer(0x3000)},
                        {cbor::integer(2399), cbor::array({component(0x22, 0x55)})}};
    if (edit) edit(claims);
    return signed_by(iak(), std::move(claims));
  }
  // first is a token of PSA_IOT_PROFILE_1.
  [[nodiscard]] Bytes first(const Edit& edit = {}) const {
    cbor::Map claims = {{cbor::integer(-75008), cbor::bytes(binder)},
                        {cbor::integer(-75009), cbor::bytes(instance())},
                        {cbor::integer(-75003), filled(32, 0x44)},
                        {cbor::integer(-75001), cbor::integer(-1)},
                        {cbor::integer(-75002), cbor::integer(0x3000)},
                        {cbor::integer(-75004), filled(32, 0x66)},
                        {cbor::integer(-75006), cbor::array({component(0x22, 0x55)})}};
    if (edit) edit(claims);
    return signed_by(iak(), std::move(claims));
  }
};

TEST(PsaMade, EveryProfileIsAccepted) {
  World w;
  const auto a = w.judge(w.token(set(268, filled(8, 0x66))));
  ASSERT_TRUE(a) << w.reasons.at(0).path << ": " << w.reasons.at(0).detail;
  EXPECT_EQ(a->key, KeyProvenance::measured);
  EXPECT_EQ(a->vector.worst(), Tier::affirming);
  EXPECT_TRUE(a->dangers.empty());
  ASSERT_EQ(a->instance.size(), 2U);
  EXPECT_EQ(a->instance[0].substr(0, 9), "ueid:0133");
  EXPECT_EQ(a->instance[1].substr(0, 10), "ak:sha256:");
  EXPECT_THAT(a->claims,
              ::testing::Contains(std::pair<std::string, std::string>("psa.lifecycle", "secured")));
  w.expect_accepted(w.token(set(265, cbor::text("http://arm.com/psa/2.0.0"))));
  w.expect_accepted(w.first());
  w.expect_accepted(w.first(set(-75000, cbor::text("PSA_IOT_PROFILE_1"))));
  w.expect_refused(w.first(set(-75000, cbor::text("PSA_IOT_PROFILE_9"))), {Code::evidence_malformed});
  w.expect_refused(w.token(set(265, cbor::text("tag:psacertified.org,2029:x"))), {Code::evidence_malformed});
  w.expect_refused(w.token(without(265)), {Code::evidence_malformed});
}

TEST(PsaMade, OtherKeysAreRefused) {
  World w;
  w.policy.psa.iak = {crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key().spki()};
  w.expect_refused(w.token(), {Code::signature_invalid});
  w.policy.psa.iak.push_back(iak().public_key().spki());
  w.expect_accepted(w.token());
  w.policy.psa.iak = {crypto::PrivateKey::generate(crypto::KeyType::p384)->public_key().spki()};
  w.expect_refused(w.token(), {Code::algorithm_not_allowed});
  w.policy.psa.iak.clear();
  w.expect_refused(w.token(), {Code::untrusted_attestation_key});
}

// Who can verify a COSE_Mac0 can make one.
TEST(PsaMade, SymmetricTokensAreRefused) {
  World w;
  const auto claims = *cbor::encode(cbor::map({{cbor::integer(10), cbor::bytes(w.binder)}}));
  const auto mac = cbor::tag(17, cbor::array({cbor::bytes(*cbor::encode(cbor::map({}))), cbor::map({}),
                                              cbor::bytes(claims), filled(32, 1)}));
  w.expect_refused(*cbor::encode(mac), {Code::algorithm_not_allowed});
}

TEST(PsaMade, TheNonceIsTheBinder) {
  World w;
  Bytes other = w.binder;
  other[31] ^= 1;
  w.expect_refused(w.token(set(10, cbor::bytes(other))), {Code::binder_mismatch});
  other = w.binder;
  other.resize(64, 0);
  w.expect_refused(w.token(set(10, cbor::bytes(other))), {Code::binder_mismatch});
  w.expect_refused(w.token(set(10, cbor::array({cbor::bytes(w.binder), cbor::bytes(w.binder)}))),
                   {Code::evidence_malformed});
  w.binder = Bytes(48, 0xB1);
  w.expect_accepted(w.token());
}

TEST(PsaMade, LifecyclesThatAreNotSecuredAreRefused) {
  World w;
  w.expect_accepted(w.token(set(2395, cbor::integer(0x30FF))));
  for (const int debug : {0x4000, 0x5000}) {
    w.policy.danger.allow_debug = false;
    w.expect_refused(w.token(set(2395, cbor::integer(debug))), {Code::debug_enabled});
    w.policy.danger.allow_debug = true;
    w.expect_accepted(w.token(set(2395, cbor::integer(debug))));
  }
  for (const int other : {0, 0x1000, 0x2000, 0x6000, 0x7000})
    w.expect_refused(w.token(set(2395, cbor::integer(other))), {Code::tcb_rejected});
}

TEST(PsaMade, SoftwareIsNamedByMeasurementOrBySigner) {
  World w;
  const auto two = set(2399, cbor::array({component(0x22, 0x55), component(0x23, 0x56)}));
  w.expect_refused(w.token(two), {Code::key_unproven, Code::reference_mismatch});
  w.policy.psa.components = expect::OneOf<Bytes>{{Bytes(32, 0x22), Bytes(32, 0x23)}};
  w.expect_accepted(w.token(two));
  w.policy.psa.signers = expect::Exactly<Bytes>{Bytes(32, 0x55)};
  w.expect_refused(w.token(two), {Code::key_unproven, Code::reference_mismatch});
  w.policy.psa.components = {};
  w.expect_accepted(w.token());
  w.policy.psa.components = expect::Any{};
  const auto a = w.judge(w.token());
  ASSERT_TRUE(a);
  EXPECT_EQ(a->dangers, std::vector<std::string>{"expect.any: psa.components"});
  w.policy.psa.signers = {};
  w.expect_refused(w.token(), {Code::key_unproven});
  w.policy.psa.components = {};
  w.expect_refused(w.token(), {Code::key_unproven, Code::policy_unset});
}

// PSA_IOT_PROFILE_1 lets a device say that it measures nothing.
TEST(PsaMade, UnmeasuredSoftwareIsNone) {
  World w;
  const auto none = [](cbor::Map& map) {
    without(-75006)(map);
    set(-75007, cbor::integer(1))(map);
  };
  w.expect_refused(w.first(none), {Code::key_unproven, Code::reference_mismatch});
  w.policy.psa.components = expect::Any{};
  w.expect_refused(w.first(none), {Code::key_unproven});
  w.policy.danger.allow_unproven_tik = true;
  const auto a = w.judge(w.first(none));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->key, KeyProvenance::none);
  w.expect_refused(w.first(set(-75007, cbor::integer(1))), {Code::evidence_malformed});
}

TEST(PsaMade, ImplementationAndCallerAreJudged) {
  World w;
  w.expect_refused(w.token(set(2396, filled(32, 1))), {Code::reference_mismatch});
  w.expect_refused(w.token(set(2394, cbor::integer(1))), {Code::reference_mismatch});
  w.policy.psa.client_id = expect::Any{};
  w.policy.psa.implementation_id = expect::Any{};
  const auto a = w.judge(w.token(set(2394, cbor::integer(7))));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->dangers,
            (std::vector<std::string>{"expect.any: psa.implementation_id", "expect.any: psa.client_id"}));
  w.policy.psa.client_id = {};
  w.policy.psa.implementation_id = {};
  w.expect_refused(w.token(), {Code::policy_unset, Code::policy_unset});
}

TEST(PsaMade, TokensOfAnotherShapeAreRefused) {
  World w;
  for (const std::int64_t key : {10, 256, 2394, 2395, 2396, 2399}) {
    w.expect_refused(w.token(without(key)), {Code::evidence_malformed});
    w.expect_refused(w.token(set(key, cbor::boolean(true))), {Code::evidence_malformed});
  }
  for (const std::int64_t key : {-75008, -75009, -75003, -75001, -75002, -75004, -75006})
    w.expect_refused(w.first(without(key)), {Code::evidence_malformed});
  const auto malformed = [&](std::int64_t key, cbor::Value value) {
    w.expect_refused(w.token(set(key, std::move(value))), {Code::evidence_malformed});
  };
  malformed(10, filled(31, 1));
  malformed(10, filled(33, 1));
  malformed(256, filled(32, 1));
  malformed(256, filled(33, 2));
  malformed(268, filled(7, 1));
  malformed(268, filled(33, 1));
  malformed(2394, cbor::integer(0));
  malformed(2394, cbor::integer(0x80000000));
  malformed(2395, cbor::integer(0x10000));
  malformed(2395, cbor::integer(-1));
  malformed(2396, filled(31, 1));
  malformed(2398, cbor::integer(1));
  malformed(2399, cbor::array({}));
  malformed(2399, cbor::array({cbor::map({{cbor::integer(2), filled(32, 0x22)}})}));
  malformed(2400, filled(1, 1));
  w.expect_accepted(w.token(set(55555, filled(32, 0))));  // what nobody knows is left out
}

TEST(PsaMade, EveryChangedByteAndEveryPrefixIsRefused) {
  World w;
  const Bytes sound = w.token();
  ASSERT_TRUE(w.judge(sound));
  for (std::size_t n = 0; n < sound.size(); ++n)
    w.expect_refused({sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(n)},
                     {Code::evidence_malformed});
  Bytes changed = sound;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    changed[i] ^= 0x40;
    EXPECT_FALSE(w.judge(changed)) << "byte " << i;
    changed[i] = sound[i];
  }
}

TEST(PsaMade, APolicyNamesWhatItJudges) {
  const auto keys = [](const std::string& text) {
    std::vector<std::string> out;
    for (const auto& m : check_policy_text(text, "/dev/null/none").mistakes) out.push_back(m.key);
    return out;
  };
  const std::string head = "id = \"x\"\nschemes = [\"psa\"]\n";
  EXPECT_EQ(keys(head), (std::vector<std::string>{"psa.iak", "psa.implementation_id", "psa.components",
                                                  "psa.client_id"}));
  const std::string rest = "implementation_id = \"aa\"\nsigners = [\"aa\"]\n";
  EXPECT_EQ(keys(head + "[psa]\n" + rest + "client_id = 0.5\n"),
            (std::vector<std::string>{"psa.iak", "psa.implementation_id", "psa.signers", "psa.client_id"}));
  for (const char* accepted : {"-1", "[-1, 5]", "\"expect.any\""})
    EXPECT_EQ(
        keys(head + "[psa]\nimplementation_id = \"expect.any\"\ncomponents = \"expect.any\"\nclient_id = " +
             accepted + "\n"),
        std::vector<std::string>{"psa.iak"});
  for (const char* wrong : {"\"-1\"", "[]", "[-1, \"x\"]", "2147483648"})
    EXPECT_EQ(
        keys(head + "[psa]\nimplementation_id = \"expect.any\"\ncomponents = \"expect.any\"\nclient_id = " +
             wrong + "\n"),
        (std::vector<std::string>{"psa.iak", "psa.client_id"}));
}

}  // namespace
}  // namespace seatls::appraise::psa
