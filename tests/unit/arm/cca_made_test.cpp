// Tokens of Arm CCA that are made here: what a policy accepts and refuses, field by field, in both forms.
#include <gtest/gtest.h>

#include "attest/simulated/cca_realm.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "rats/key_format.h"
#include "rats/sign1.h"
#include "seatls/verifiers.h"
#include "support/claims_edit.h"
#include "support/verdict.h"

namespace seatls::appraise::cca {
namespace {

namespace cbor = codec::cbor;
using seatls::testing::filled;
using seatls::testing::set;
using seatls::testing::without;
using Edit = seatls::testing::ClaimsEdit;

using attest::simulated::CcaRealm;

const CcaRealm& made_realm() {
  static const CcaRealm realm = *CcaRealm::make({});
  return realm;
}
const crypto::PrivateKey& cpak() { return made_realm().options().platform.impl()->issuers.front().key; }

struct World : seatls::testing::JudgedWorld {
  World() : JudgedWorld("cca") {
    policy.cca.cpak = {cpak().public_key().spki()};
    policy.cca.initial_measurement = expect::Exactly<Bytes>{Bytes(32, 0x11)};
    policy.cca.components = expect::Exactly<Bytes>{Bytes(32, 0x22)};
    policy.cca.config = expect::Exactly<Bytes>{Bytes(4, 0xCF)};
  }

  [[nodiscard]] Bytes token(const Edit& platform_edit = {}, const Edit& realm_edit = {},
                            std::uint64_t tag = 399) const {
    Bytes challenge = binder;
    challenge.resize(64, 0);
    return *made_realm().token(challenge, {platform_edit, realm_edit, tag});
  }
  [[nodiscard]] Bytes realm(const Edit& edit) const { return token({}, edit); }
};

TEST(CcaMade, BothFormsAreAccepted) {
  for (const std::uint64_t tag : {399U, 907U}) {
    World w;
    const auto a = w.judge(w.token({}, {}, tag));
    ASSERT_TRUE(a) << w.reasons.at(0).path << ": " << w.reasons.at(0).detail;
    EXPECT_EQ(a->key, KeyProvenance::measured);
    EXPECT_EQ(a->vector.worst(), Tier::affirming);
    ASSERT_EQ(a->instance.size(), 2U);
    EXPECT_EQ(a->instance[0].substr(0, 9), "ueid:0133");
    EXPECT_EQ(a->instance[1].substr(0, 10), "ak:sha256:");
  }
  World w;
  w.expect_refused(w.token({}, {}, 18), {Code::evidence_malformed});
}

TEST(CcaMade, OtherKeysAndOtherRealmsAreRefused) {
  World w;
  w.policy.cca.cpak = {crypto::PrivateKey::generate(crypto::KeyType::p384)->public_key().spki()};
  w.expect_refused(w.token(), {Code::signature_invalid});
  w.policy.cca.cpak = {crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key().spki()};
  w.expect_refused(w.token(), {Code::algorithm_not_allowed});
  w.policy.cca.cpak.clear();
  w.expect_refused(w.token(), {Code::untrusted_attestation_key});
  World tied;
  tied.expect_refused(tied.token(set(10, filled(32, 1))), {Code::evidence_inconsistent});
  // A realm whose key is another than the one that signs.
  const Bytes other = *cbor::encode(*rats::to_cose_key(cpak().public_key()));
  tied.expect_refused(
      tied.token(set(10, cbor::bytes(crypto::digest(Hash::sha256, other))), set(44237, cbor::bytes(other))),
      {Code::signature_invalid});
}

TEST(CcaMade, TheBinderFillsTheWholeChallenge) {
  World w;
  Bytes challenge = w.binder;
  challenge.resize(64, 0);
  challenge[63] = 1;
  w.expect_refused(w.realm(set(10, cbor::bytes(challenge))), {Code::binder_mismatch});
  w.binder[0] ^= 1;
  const Bytes token = w.token();
  w.binder[0] ^= 1;
  w.expect_refused(token, {Code::binder_mismatch});
}

TEST(CcaMade, LifecyclesThatAreNotSecuredAreRefused) {
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

TEST(CcaMade, MeasurementsAreJudged) {
  World w;
  w.expect_refused(w.realm(set(44238, filled(32, 9))), {Code::key_unproven, Code::reference_mismatch});
  const auto zero = filled(32, 0);
  const Bytes extended = w.realm(set(44239, cbor::array({zero, filled(32, 7), zero, zero})));
  w.expect_refused(extended, {Code::policy_unset});
  w.policy.cca.extensible_measurements[1] = expect::Exactly<Bytes>{Bytes(32, 8)};
  w.expect_refused(extended, {Code::reference_mismatch});
  w.policy.cca.extensible_measurements[1] = expect::Exactly<Bytes>{Bytes(32, 7)};
  w.expect_accepted(extended);
  w.expect_refused(w.token(), {Code::reference_mismatch});
  World named;
  named.expect_refused(named.realm(set(44235, filled(64, 1))), {Code::policy_unset});
  named.policy.cca.personalization = expect::Exactly<Bytes>{Bytes(64, 1)};
  named.expect_accepted(named.realm(set(44235, filled(64, 1))));
  World platform;
  platform.expect_refused(platform.token(set(2401, filled(4, 1))), {Code::reference_mismatch});
  platform.policy.cca.components = expect::Exactly<Bytes>{Bytes(32, 3)};
  platform.expect_refused(platform.token(), {Code::reference_mismatch});
  platform.policy.cca.components = {};
  platform.policy.cca.config = {};
  platform.policy.cca.initial_measurement = {};
  platform.expect_refused(platform.token(),
                          {Code::key_unproven, Code::policy_unset, Code::policy_unset, Code::policy_unset});
}

TEST(CcaMade, TokensOfAnotherShapeAreRefused) {
  World w;
  for (const std::int64_t key : {265, 10, 2396, 256, 2401, 2395, 2399, 2402}) {
    w.expect_refused(w.token(without(key)), {Code::evidence_malformed});
    w.expect_refused(w.token(set(key, cbor::boolean(true))), {Code::evidence_malformed});
  }
  for (const std::int64_t key : {10, 44235, 44236, 44237, 44238, 44239, 44240}) {
    w.expect_refused(w.realm(without(key)), {Code::evidence_malformed});
    w.expect_refused(w.realm(set(key, cbor::boolean(true))), {Code::evidence_malformed});
  }
  w.expect_refused(w.token(set(265, cbor::text("tag:arm.com,2029:x"))), {Code::evidence_malformed});
  w.expect_refused(w.realm(set(265, cbor::text("tag:arm.com,2029:x"))), {Code::evidence_malformed});
  w.expect_refused(w.token(set(2396, filled(31, 1))), {Code::evidence_malformed});
  w.expect_refused(w.token(set(256, filled(33, 2))), {Code::evidence_malformed});
  w.expect_refused(w.token(set(2395, cbor::integer(0x10000))), {Code::evidence_malformed});
  w.expect_refused(w.token(set(2399, cbor::array({}))), {Code::evidence_malformed});
  w.expect_refused(w.realm(set(10, filled(32, 0xB1))), {Code::evidence_malformed});
  w.expect_refused(w.realm(set(44239, cbor::array({filled(32, 0)}))), {Code::evidence_malformed});
  w.expect_refused(w.realm(set(44257, filled(32, 0))), {Code::evidence_malformed});
  w.expect_accepted(w.realm(set(55555, filled(32, 0))));  // what nobody knows is left out
}

TEST(CcaMade, EveryChangedByteAndEveryPrefixIsRefused) {
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

TEST(CcaMade, APolicyNamesWhatItJudges) {
  const auto keys = [](const std::string& text) {
    std::vector<std::string> out;
    for (const auto& m : check_policy_text(text, "/dev/null/none").mistakes) out.push_back(m.key);
    return out;
  };
  EXPECT_EQ(
      keys("id = \"x\"\nschemes = [\"cca\"]\n"),
      (std::vector<std::string>{"cca.cpak", "cca.initial_measurement", "cca.components", "cca.config"}));
  const std::string rest =
      "initial_measurement = \"expect.any\"\ncomponents = \"" + std::string(64, 'a') +
      "\"\nconfig = \"expect.any\"\npersonalization = \"aa\"\n[cca.extensible_measurements]\n4 = \"aa\"\n";
  EXPECT_EQ(keys("id = \"x\"\nschemes = [\"cca\"]\n[cca]\n" + rest),
            (std::vector<std::string>{"cca.cpak", "cca.personalization", "cca.extensible_measurements.4"}));
}

}  // namespace
}  // namespace seatls::appraise::cca
