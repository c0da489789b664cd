// "from-corim": policies that leave reference values and attestation keys to documents.
#include <gtest/gtest.h>

#include "appraise/corim_match.h"
#include "attest/simulated/cca_realm.h"
#include "attest/simulated/intel_platform.h"
#include "attest/simulated/snp_machine.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "rats/sign1.h"
#include "support/claims_edit.h"
#include "support/samples.h"
#include "support/verdict.h"

namespace seatls::appraise {
namespace {

namespace cbor = codec::cbor;
namespace sim = attest::simulated;
using cbor::integer;
using cbor::Value;
using crypto::KeyType;
using crypto::PrivateKey;

// ---- documents ---------------------------------------------------------------------------------

Value raw(ByteView value) { return cbor::tag(560, cbor::bytes(value)); }
Value digest(std::int64_t alg, ByteView value) { return cbor::array({integer(alg), cbor::bytes(value)}); }
Value digests(std::int64_t alg, ByteView value) { return cbor::array({digest(alg, value)}); }
Value measured(std::optional<Value> key, cbor::Map values) {
  cbor::Map map{{integer(1), cbor::map(std::move(values))}};
  if (key) map.emplace_back(integer(0), std::move(*key));
  return cbor::map(std::move(map));
}
Value class_of(Value id) { return cbor::map({{integer(0), cbor::map({{integer(0), std::move(id)}})}}); }
Value triple(Value environment, cbor::Array measurements) {
  return cbor::array({std::move(environment), cbor::array(std::move(measurements))});
}

struct Document {
  cbor::Array reference{}, attest_keys{};
  std::optional<Value> profile{};
  std::optional<std::int64_t> not_after{};

  [[nodiscard]] Bytes encoded() const {
    cbor::Map triples;
    if (!reference.empty()) triples.emplace_back(integer(0), cbor::array(reference));
    if (!attest_keys.empty()) triples.emplace_back(integer(3), cbor::array(attest_keys));
    const Value comid = cbor::map({{integer(1), cbor::map({{integer(0), cbor::text("tag")}})},
                                   {integer(4), cbor::map(std::move(triples))}});
    cbor::Map corim = {{integer(0), cbor::text("values of acme")},
                       {integer(1), cbor::array({cbor::tag(506, cbor::bytes(*cbor::encode(comid)))})}};
    if (profile) corim.emplace_back(integer(3), *profile);
    if (not_after)
      corim.emplace_back(integer(4), cbor::map({{integer(1), cbor::tag(1, integer(*not_after))}}));
    return *cbor::encode(cbor::tag(501, cbor::map(std::move(corim))));
  }
  // pinned is the document as a policy takes it that names its digest.
  [[nodiscard]] CorimReference pinned() const {
    const Bytes document = encoded();
    return CorimReference::pinned(document, crypto::digest(Hash::sha256, document)).value();
  }
};

const Bytes intel_profile = {0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x4d, 0x01, 0x10, 0x01};
Value intel() { return cbor::tag(111, cbor::bytes(intel_profile)); }
Value td() {
  return cbor::map({{integer(0), cbor::map({{integer(1), cbor::text("Intel Corporation")},
                                            {integer(2), cbor::text("TDX TD")}})}});
}

// ---- TDX and SGX -------------------------------------------------------------------------------

struct IntelWorld : seatls::testing::JudgedWorld {
  explicit IntelWorld(std::string scheme_) : JudgedWorld(std::move(scheme_)) { now = base::system_clock()(); }

  template <class Machine>
  [[nodiscard]] Bytes quote(const Machine& machine) {
    auto& tcb = scheme == "tdx" ? policy.tdx.tcb : policy.sgx.tcb;
    tcb.collateral = {IntelCollateral::parse(machine.collateral()).value()};
    policy.danger.simulated_roots = {bytes(machine.root().der())};
    Bytes field = binder;
    field.resize(64, 0);
    return machine.quote(field).value();
  }
};

struct TdxWorld : IntelWorld {
  TdxWorld() : IntelWorld("tdx") {
    policy.tdx.mr_td = expect::FromCorim{};
    for (auto& rtmr : policy.tdx.rtmr) rtmr = expect::FromCorim{};
  }
  [[nodiscard]] static cbor::Map values(const SimulatedTdxOptions& o = {}) {
    cbor::Map registers;
    for (std::size_t i = 0; i < 4; ++i)
      registers.emplace_back(integer(static_cast<std::int64_t>(i)), digests(7, o.rtmr[i]));
    return {{integer(-83), digests(7, o.mr_td)}, {integer(14), cbor::map(std::move(registers))}};
  }
  [[nodiscard]] static Document with(std::vector<cbor::Map> alternatives) {
    Document out{.profile = intel()};
    for (auto& v : alternatives) out.reference.push_back(triple(td(), {measured({}, std::move(v))}));
    return out;
  }
  sim::IntelPlatform machine = sim::IntelPlatform::make({}).value();
};

TEST(FromCorim, AWholeRecordVouchesForATd) {
  TdxWorld w;
  w.policy.corim = {TdxWorld::with({TdxWorld::values()}).pinned()};
  w.expect_accepted(w.quote(w.machine));
  EXPECT_EQ(w.judge(w.quote(w.machine))->key, KeyProvenance::measured);
  w.policy.corim.clear();
  w.expect_refused(w.quote(w.machine),
                   {Code::reference_mismatch, Code::reference_mismatch, Code::reference_mismatch,
                    Code::reference_mismatch, Code::reference_mismatch});
}

// A record is one state: half of it from one and half from another is neither.
TEST(FromCorim, RecordsAreNotMixed) {
  TdxWorld w;
  SimulatedTdxOptions other;
  other.mr_td = Bytes(48, 1);
  other.rtmr[1] = Bytes(48, 2);
  auto half = TdxWorld::values(), rest = TdxWorld::values();
  half.pop_back();           // MRTD alone
  rest.erase(rest.begin());  // registers alone
  w.policy.corim = {TdxWorld::with({half, rest, TdxWorld::values(other)}).pinned()};
  EXPECT_FALSE(w.judge(w.quote(w.machine)));
  // Each says what it lacks.
  const std::string& told = w.reasons.at(0).detail;
  EXPECT_NE(told.find("reference-triples[0]: says nothing of tdx.rtmr0"), std::string::npos) << told;
  EXPECT_NE(told.find("reference-triples[1]: says nothing of tdx.mr_td"), std::string::npos) << told;
  EXPECT_NE(told.find("reference-triples[2]"), std::string::npos) << told;
  // What the policy lists itself, no record need speak of.
  w.policy.tdx.mr_td = expect::Exactly<Bytes>{SimulatedTdxOptions{}.mr_td};
  w.expect_accepted(w.quote(w.machine));
}

TEST(FromCorim, AnotherEnvironmentAndAnotherTime) {
  TdxWorld w;
  Document elsewhere{.profile = intel()};
  elsewhere.reference = {triple(class_of(raw(Bytes(32, 9))), {measured({}, TdxWorld::values())})};
  w.policy.corim = {elsewhere.pinned()};
  EXPECT_FALSE(w.judge(w.quote(w.machine)));
  EXPECT_NE(w.reasons.at(0).detail.find("describes this environment"), std::string::npos);
  auto old = TdxWorld::with({TdxWorld::values()});
  old.not_after = 1'000'000'000;
  w.policy.corim = {old.pinned()};
  EXPECT_FALSE(w.judge(w.quote(w.machine)));
  old.not_after = 4'000'000'000;
  w.policy.corim = {old.pinned()};
  w.expect_accepted(w.quote(w.machine));
}

// Without its profile nobody knows what the values mean; of an unknown profile nothing is read.
TEST(FromCorim, ProfilesCount) {
  TdxWorld w;
  auto bare = TdxWorld::with({TdxWorld::values()});
  bare.profile.reset();
  w.policy.corim = {bare.pinned()};
  EXPECT_FALSE(w.judge(w.quote(w.machine)));
  bare.profile = cbor::tag(32, cbor::text("tag:acme.example,2026:profile"));
  const Bytes document = bare.encoded();
  const auto refused = CorimReference::pinned(document, crypto::digest(Hash::sha256, document));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unknown_value);
}

TEST(FromCorim, ExpressionsOfIntelsProfile) {
  const SimulatedSgxOptions enclave;
  const auto machine = sim::SgxPlatform::make(enclave).value();
  const auto expression = [](std::uint64_t tag, std::int64_t op, Value operand) {
    return cbor::tag(tag, cbor::array({integer(op), std::move(operand)}));
  };
  const auto set = [&](std::vector<Bytes> values) {
    cbor::Array out;
    for (const auto& v : values) out.push_back(digest(1, v));
    return cbor::array(std::move(out));
  };
  Bytes debug_mask(16, 0), no_debug(16, 0);
  debug_mask[0] = 2;
  const auto masked = [&](const Bytes& value) {
    return cbor::tag(563, cbor::array({cbor::bytes(value), cbor::bytes(debug_mask)}));
  };
  const Bytes good = enclave.mr_enclave, other(32, 1);
  struct Case {
    std::int64_t code;
    Value condition;
    bool holds;
  };
  const std::vector<Case> cases = {
      {-83, expression(60020, 6, set({other, good})), true},
      {-83, expression(60020, 6, set({other})), false},
      {-83, expression(60020, 7, set({other})), false},  // that something is not listed speaks for nothing
      {-83, expression(60020, 7, set({good})), false},
      {-83, expression(60020, 2, set({good})), false},
      {-83, set({other, good}), true},
      {-73, expression(60010, 2, integer(3)), true},
      {-73, expression(60010, 2, integer(4)), false},
      {-73, expression(60010, 1, integer(3)), false},
      {-73, expression(60010, 0, integer(3)), true},
      {-73, expression(60010, 4, integer(3)), true},
      {-73, expression(60010, 3, integer(3)), false},
      {-73, expression(60010, 9, integer(3)), false},
      {-85, integer(1), true},
      {-85, integer(2), false},
      {-82, masked(no_debug), true},
      {-82, masked(debug_mask), false},
      {-86, integer(1), false},  // a value that nobody compares here
  };
  for (const auto& c : cases) {
    IntelWorld w("sgx");
    w.policy.sgx.mr_enclave = expect::FromCorim{};
    cbor::Map values = {{integer(c.code), c.condition}};
    if (c.code != -83) values.emplace_back(integer(-83), set({good}));
    Document document{.profile = intel()};
    document.reference = {
        triple(cbor::map({{integer(0), cbor::map({{integer(1), cbor::text("Intel Corporation")}})}}),
               {measured({}, std::move(values))})};
    w.policy.corim = {document.pinned()};
    EXPECT_EQ(w.judge(w.quote(machine)).has_value(), c.holds) << c.code << " " << cbor::brief(c.condition);
  }
}

// ---- SEV-SNP -----------------------------------------------------------------------------------

struct SnpWorld : seatls::testing::JudgedWorld {
  SnpWorld() : JudgedWorld("sev-snp") {
    now = base::system_clock()();
    SimulatedSnpOptions options;
    options.tcb = level;
    machine.emplace(sim::SnpMachine::make(options).value());
    policy.snp.measurement = expect::FromCorim{};
    policy.snp.tcb[SnpProduct::genoa].reported = level;
    policy.danger.simulated_roots = {bytes(machine->ark().der())};
  }
  [[nodiscard]] Bytes report() const {
    Bytes field = binder;
    field.resize(64, 0);
    Bytes out = machine->report(field).value();
    const Bytes table = machine->certificate_table();
    out.insert(out.end(), table.begin(), table.end());
    return out;
  }
  static constexpr SnpTcb level{.bootloader = 10, .tee = 0, .snp = 23, .microcode = 84};
  std::optional<sim::SnpMachine> machine;
};

TEST(FromCorim, AmdsProfile) {
  const Bytes oid = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, 0x01};
  Bytes with_header = {0x06, 0x09};
  with_header.insert(with_header.end(), oid.begin(), oid.end());
  const auto measurement = measured(integer(641), {{integer(2), digests(7, Bytes(48, 0x4d))}});
  const auto vmpl = [](std::int64_t level) { return measured(integer(5), {{integer(15), integer(level)}}); };
  const auto svn = [](std::int64_t least) {
    return measured(integer(1), {{integer(1), cbor::tag(553, integer(least))}});
  };
  const auto debug = [](bool on) {
    return measured({}, {{integer(3), cbor::map({{integer(3), cbor::boolean(on)}})}});
  };
  const auto judged = [&](const Bytes& id, cbor::Array measurements) {
    SnpWorld w;
    Document d{.profile = cbor::tag(32, cbor::text("tag:amd.com,2025:snp-corim-profile"))};
    d.reference = {triple(class_of(cbor::tag(111, cbor::bytes(id))), std::move(measurements))};
    w.policy.corim = {d.pinned()};
    return w.judge(w.report()).has_value();
  };
  EXPECT_TRUE(judged(oid, {measurement}));
  EXPECT_TRUE(judged(with_header, {measurement, vmpl(0), svn(0), debug(false)}));
  EXPECT_FALSE(judged(oid, {measurement, vmpl(1)}));
  EXPECT_FALSE(judged(oid, {measurement, svn(1)}));
  EXPECT_FALSE(judged(oid, {measurement, debug(true)}));
  EXPECT_FALSE(judged(oid, {vmpl(0)}));  // says nothing of the measurement
  EXPECT_FALSE(judged(oid, {measured(integer(641), {{integer(2), digests(7, Bytes(48, 1))}})}));
  EXPECT_FALSE(judged({0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, 0x02}, {measurement}));  // of a VLEK
}

// ---- Arm ---------------------------------------------------------------------------------------

struct CcaWorld : seatls::testing::JudgedWorld {
  CcaWorld() : JudgedWorld("cca") {
    policy.cca.cpak = {key().public_key().spki()};
    policy.cca.initial_measurement = expect::FromCorim{};
    policy.cca.components = expect::FromCorim{};
    policy.cca.config = expect::FromCorim{};
    policy.corim = {platform().pinned(), realm().pinned()};
  }
  [[nodiscard]] const PrivateKey& key() const { return made.options().platform.impl()->issuers.front().key; }
  [[nodiscard]] static Value software(std::uint8_t value) {
    return measured(
        cbor::text("cca.software-component"),
        {{integer(2), cbor::array({cbor::array({cbor::text("sha-256"), cbor::bytes(Bytes(32, value))})})},
         {integer(11), cbor::text("BL")},
         {integer(13), cbor::array({raw(Bytes(32, 0x55))})}});
  }
  [[nodiscard]] static Document platform(std::uint8_t component = 0x22,
                                         const Bytes& config = Bytes(4, 0xcf)) {
    Document d{.profile = cbor::tag(32, cbor::text("tag:arm.com,2025:cca_platform#1.0.0"))};
    d.reference = {triple(
        class_of(raw(Bytes(32, 0x44))),
        {software(component), measured(cbor::text("cca.platform-config"), {{integer(4), raw(config)}})})};
    return d;
  }
  [[nodiscard]] static Document realm() {
    Document d{.profile = cbor::tag(32, cbor::text("tag:arm.com,2025:cca_realm#1.0.0"))};
    const Bytes rim(32, 0x11);
    d.reference = {
        triple(class_of(raw(rim)), {measured(cbor::text("cca.rim"), {{integer(2), digests(1, rim)}})})};
    return d;
  }
  [[nodiscard]] Bytes token() const {
    Bytes challenge = binder;
    challenge.resize(64, 0);
    return made.token(challenge).value();
  }
  sim::CcaRealm made = sim::CcaRealm::make({}).value();
};

TEST(FromCorim, ArmsPlatformsAndRealms) {
  CcaWorld w;
  w.expect_accepted(w.token());
  w.policy.corim = {CcaWorld::platform(0x23).pinned(), CcaWorld::realm().pinned()};
  EXPECT_FALSE(w.judge(w.token()));
  w.policy.corim = {CcaWorld::platform(0x22, Bytes(4, 1)).pinned(), CcaWorld::realm().pinned()};
  EXPECT_FALSE(w.judge(w.token()));
  w.policy.corim = {CcaWorld::platform().pinned()};
  EXPECT_FALSE(w.judge(w.token()));
}

// An attestation key counts for the very instance that its triple names, and for no other.
TEST(FromCorim, AttestationKeysOfInstances) {
  CcaWorld w;
  w.policy.cca.cpak.clear();
  w.policy.cca.cpak_from_corim = true;
  EXPECT_FALSE(w.judge(w.token()));
  const auto keys = [&](std::optional<std::uint8_t> instance, const PrivateKey& key) {
    cbor::Map environment = {{integer(0), cbor::map({{integer(0), raw(Bytes(32, 0x44))}})}};
    Bytes ueid(33, instance.value_or(0));
    ueid[0] = 1;
    if (instance) environment.emplace_back(integer(1), cbor::tag(550, cbor::bytes(ueid)));
    Document d = CcaWorld::platform();
    d.attest_keys = {cbor::array({cbor::map(std::move(environment)),
                                  cbor::array({cbor::tag(554, cbor::text(key.public_key().to_pem()))})})};
    return d.pinned();
  };
  w.policy.corim = {keys(0x33, w.key()), CcaWorld::realm().pinned()};
  w.expect_accepted(w.token());
  w.policy.corim = {keys(0x34, w.key()), CcaWorld::realm().pinned()};
  EXPECT_FALSE(w.judge(w.token()));
  w.policy.corim = {keys({}, w.key()), CcaWorld::realm().pinned()};  // for a whole class: none
  EXPECT_FALSE(w.judge(w.token()));
  w.policy.corim = {keys(0x33, *PrivateKey::generate(KeyType::p384)), CcaWorld::realm().pinned()};
  EXPECT_FALSE(w.judge(w.token()));
}

// ---- documents in policies ---------------------------------------------------------------------

TEST(FromCorim, SomebodyVouchesForEveryDocument) {
  const auto key = PrivateKey::generate(KeyType::p256).value(),
             other = PrivateKey::generate(KeyType::p256).value();
  const Bytes document = CcaWorld::realm().encoded();
  const Bytes signed_document =
      rats::sign_sign1(document, key,
                       {{integer(3), cbor::text("application/rim+cbor")},
                        {integer(15), cbor::map({{integer(1), cbor::text("acme")}})}})
          .value();
  EXPECT_TRUE(CorimReference::verified_by(signed_document, {key.public_key().spki()}).ok());
  EXPECT_EQ(CorimReference::verified_by(signed_document, {other.public_key().spki()}).error().code,
            Code::signature_invalid);
  EXPECT_EQ(CorimReference::verified_by(signed_document, {}).error().code, Code::signature_invalid);
  EXPECT_EQ(CorimReference::verified_by(document, {key.public_key().spki()}).error().code,
            Code::collateral_invalid);
  EXPECT_EQ(CorimReference::pinned(document, Bytes(32)).error().code, Code::reference_mismatch);
  EXPECT_EQ(
      CorimReference::pinned(signed_document, crypto::digest(Hash::sha256, signed_document)).error().code,
      Code::misuse);
}

TEST(FromCorim, APolicyWithoutDocumentsSaysSo) {
  const auto report = check_policy_text(
      "id = \"p\"\nschemes = [\"cca\"]\n[cca]\ncpak = \"from-corim\"\ninitial_measurement = \"from-corim\"\n"
      "components = \"from-corim\"\nconfig = \"expect.any\"\n",
      ".");
  ASSERT_FALSE(report.policy);
  std::vector<std::string> keys;
  for (const auto& m : report.mistakes) keys.push_back(m.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"cca.cpak", "cca.initial_measurement", "cca.components"}));
}

TEST(FromCorim, OnlyClaimsThatCoMidsKnow) {
  const auto report =
      check_policy_text("id = \"p\"\nschemes = [\"nitro\"]\n[nitro.pcrs]\n0 = \"from-corim\"\n", ".");
  ASSERT_FALSE(report.policy);
  EXPECT_EQ(report.mistakes.at(0).key, "nitro.pcrs.0");
}

// Arm's own documents, as Veraison provisions them: read, and of known profiles.
TEST(FromCorim, SamplesOfOthers) {
  SEATLS_NEEDS_SAMPLES();
  for (const char* name :
       {"corim/veraison-profiles/cca-cca-platform-valid.cbor",
        "corim/veraison-profiles/cca-cca-realm-valid.cbor", "corim/veraison-profiles/psa-psa-valid.cbor",
        "corim/services-psa-iot/corim-psa-valid.cbor"}) {
    const Bytes document = seatls::testing::sample(name);
    const auto read = CorimReference::pinned(document, crypto::digest(Hash::sha256, document));
    EXPECT_TRUE(read.ok()) << name << ": " << read.error().message();
  }
}

}  // namespace
}  // namespace seatls::appraise
