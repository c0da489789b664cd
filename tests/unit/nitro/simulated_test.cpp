// Documents of simulated enclaves: what a policy accepts and refuses, field by field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attest/simulated/nitro_module.h"
#include "base/clock.h"
#include "support/claims_edit.h"
#include "support/verdict.h"

namespace seatls::appraise::nitro {
namespace {

namespace cbor = codec::cbor;
using attest::simulated::NitroModule;
using seatls::testing::set;
using seatls::testing::without;

const crypto::PrivateKey& tls_key() {
  static const auto key = *crypto::PrivateKey::generate(crypto::KeyType::p256);
  return key;
}

struct World : seatls::testing::JudgedWorld {
  explicit World(SimulatedNitroOptions o = {}) : JudgedWorld("nitro"), module(make(o)) {
    for (const auto& [index, value] : o.pcrs) policy.nitro.pcrs[index] = expect::Exactly<Bytes>{value};
    policy.danger.simulated_roots = {bytes(module.root().der())};
    binder = Bytes(48, 0xB1);
    tik = tls_key().public_key().spki();
    now = base::system_clock()();
  }
  static NitroModule make(SimulatedNitroOptions& o) {
    o.tiks = {tls_key().public_key().spki()};
    return *NitroModule::make(o);
  }
  [[nodiscard]] Bytes document(const NitroModule::Edit& edit = {}) const {
    return *module.document(binder, now, edit);
  }

  NitroModule module;
};

cbor::Value pcr0(const Bytes& value) { return cbor::map({{cbor::integer(0), cbor::bytes(value)}}); }

TEST(NitroSimulated, AHonestDocumentIsAccepted) {
  World w;
  const auto a = w.judge(w.document());
  ASSERT_TRUE(a) << w.reasons.at(0).detail;
  EXPECT_EQ(a->key, KeyProvenance::measured);
  EXPECT_EQ(a->vector.worst(), Tier::warning) << "no hardware stands behind it";
  EXPECT_EQ(a->instance.front(), "instance_id:i-0123456789abcdef0");
  EXPECT_THAT(a->claims, ::testing::Contains(std::pair<std::string, std::string>{
                             "nitro.key_binding", "public_key and the binder"}));
}

TEST(NitroSimulated, RootsThatNoPolicyNamesAreNone) {
  World w, other;
  w.policy.danger.simulated_roots.clear();
  w.expect_refused(w.document(), {Code::untrusted_attestation_key});
  w.policy.danger.simulated_roots = other.policy.danger.simulated_roots;
  w.expect_refused(w.document(), {Code::untrusted_attestation_key});
  // The root's name is another's, and its certificate is.
  w.expect_refused(w.document([&](cbor::Map& map) {
    for (auto& [key, value] : map)
      if (key == cbor::text("cabundle")) {
        auto list = *value.array();
        list.front() = cbor::bytes(other.module.root().der());
        value = cbor::array(std::move(list));
      }
  }),
                   {Code::untrusted_attestation_key});
}

TEST(NitroSimulated, TheNonceIsTheBinder) {
  World w;
  Bytes other = w.binder;
  other[47] ^= 1;
  w.expect_refused(w.document(set("nonce", cbor::bytes(other))), {Code::binder_mismatch});
  other.resize(64, 0);
  w.expect_refused(w.document(set("nonce", cbor::bytes(other))), {Code::binder_mismatch});
  w.expect_refused(w.document(set("nonce", cbor::Value(cbor::Null{}))), {Code::binder_mismatch});
  w.expect_refused(w.document(without("nonce")), {Code::binder_mismatch});
}

TEST(NitroSimulated, APublicKeyIsTheTlsKeyOrAbsent) {
  World w;
  w.expect_accepted(w.document(without("public_key")));
  const auto stranger = crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key().spki();
  w.expect_refused(w.document(set("public_key", cbor::bytes(stranger.der()))), {Code::tik_mismatch});
  w.expect_refused(w.document(set("public_key", cbor::bytes(Bytes(19, 1)))), {Code::tik_mismatch});
}

TEST(NitroSimulated, DebugIsADanger) {
  SimulatedNitroOptions o;
  o.pcrs = {{0, Bytes(48, 0)}, {1, Bytes(48, 0)}, {2, Bytes(48, 0)}};
  World w(std::move(o));
  w.expect_refused(w.document(), {Code::key_unproven, Code::debug_enabled});
  w.policy.danger.allow_debug = true;
  w.expect_refused(w.document(), {Code::key_unproven});
  w.policy.danger.allow_unproven_tik = true;
  w.expect_accepted(w.document());
}

TEST(NitroSimulated, PcrsAreJudged) {
  World w;
  w.policy.nitro.pcrs[0] = expect::Exactly<Bytes>{Bytes(48, 1)};
  w.expect_refused(w.document(), {Code::reference_mismatch});
  w.policy.nitro.pcrs[0] = {};
  w.expect_refused(w.document(), {Code::policy_unset});
  w.policy.nitro.pcrs[0] = expect::Any{};
  w.expect_accepted(w.document());
  w.policy.nitro.pcrs[1] = expect::Any{};
  w.expect_refused(w.document(), {Code::key_unproven});
  World missing;
  missing.policy.nitro.pcrs[8] = expect::Exactly<Bytes>{Bytes(48, 0)};
  missing.expect_refused(missing.document(), {Code::reference_mismatch});
  missing.policy.nitro.pcrs.clear();
  missing.expect_refused(missing.document(), {Code::key_unproven, Code::policy_unset});
}

TEST(NitroSimulated, UserDataIsJudged) {
  SimulatedNitroOptions o;
  o.user_data = {1, 2, 3};
  World w(std::move(o));
  w.expect_refused(w.document(), {Code::policy_unset});
  w.policy.nitro.user_data = expect::Exactly<Bytes>{{1, 2}};
  w.expect_refused(w.document(), {Code::reference_mismatch});
  w.policy.nitro.user_data = expect::Exactly<Bytes>{{1, 2, 3}};
  w.expect_accepted(w.document());
}

TEST(NitroSimulated, DocumentsAge) {
  World w;
  const Bytes document = w.document();
  w.now += std::chrono::seconds(301);
  w.expect_refused(document, {Code::result_expired});
  w.policy.nitro.max_age = std::chrono::hours(1);
  w.expect_accepted(document);
  w.now -= std::chrono::seconds(301 + 61);
  w.expect_refused(document, {Code::result_not_yet_valid});
  // Certificates hold at the document's time, or not at all.
  w.now += std::chrono::hours(24 * 3651);
  w.expect_refused(w.document(), {Code::untrusted_attestation_key});
}

TEST(NitroSimulated, DocumentsOfAnotherShapeAreRefused) {
  World w;
  const auto malformed = [&](const NitroModule::Edit& edit) {
    w.expect_refused(w.document(edit), {Code::evidence_malformed});
  };
  for (const char* key : {"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"}) {
    malformed(without(key));
    malformed(set(key, cbor::Value(cbor::Null{})));
    malformed(set(key, cbor::integer(-1)));
  }
  malformed(set("module_id", cbor::text("")));
  malformed(set("digest", cbor::text("SHA256")));
  malformed(set("timestamp", cbor::integer(0)));
  malformed(set("timestamp", cbor::Value(cbor::Value::Data(std::uint64_t{0xFFFFFFFFFFFFFFFF}))));
  malformed(set("pcrs", cbor::map({})));
  malformed(set("pcrs", pcr0(Bytes(32, 1))));
  malformed(set("pcrs", cbor::map({{cbor::integer(32), cbor::bytes(Bytes(48, 1))}})));
  malformed(set("cabundle", cbor::array({})));
  malformed(set("certificate", cbor::bytes(Bytes(1025, 1))));
  malformed(set("nonce", cbor::bytes(Bytes(513, 1))));
  malformed(set("user_data", cbor::bytes(Bytes(513, 1))));
  malformed(set("public_key", cbor::bytes(Bytes(1025, 1))));
  malformed(set("nonce", cbor::text("x")));
}

TEST(NitroSimulated, EveryChangedByteAndEveryPrefixIsRefused) {
  World w;
  const Bytes sound = w.document();
  ASSERT_TRUE(w.judge(sound));
  for (std::size_t n = 0; n < sound.size(); ++n)
    w.expect_refused({sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(n)},
                     {Code::evidence_malformed});
  Bytes changed = sound;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    changed[i] ^= 0x20;
    EXPECT_FALSE(w.judge(changed)) << "byte " << i;
    changed[i] = sound[i];
  }
}

}  // namespace
}  // namespace seatls::appraise::nitro
