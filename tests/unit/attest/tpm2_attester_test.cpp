#include <algorithm>
#include <fstream>
#include <future>
#include <set>

#include "attest/tpm2/keys.h"
#include "attest/tpm2/worker.h"
#include "base/encoding.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "fake/swtpm.h"
#include "fake/tpm_relay.h"
#include "seatls/verifiers.h"

namespace seatls::attest::tpm2 {
namespace {

using crypto::KeyType;

// TPM_CC (TPM 2.0 Part 2, 6.5.2).
constexpr std::uint32_t cc_quote = 0x158, cc_get_capability = 0x17A, cc_pcr_read = 0x17E;

Result<Cmw> attest(Attester& attester, const Binder& binder) {
  std::promise<Result<Cmw>> promise;
  attester.attest({attester.schemes().front(), binder},
                  [&](Result<Cmw> r) { promise.set_value(std::move(r)); });
  return promise.get_future().get();
}

class Tpm2Attester : public fake::SwtpmTest {
 protected:
  TpmAccess access() const { return {tcti(), "", ""}; }

  Tpm2AttesterOptions options(KeyType ak = KeyType::p256, KeyType tik = KeyType::p256) {
    Tpm2AttesterOptions out;
    out.access = access();
    out.attestation_key = write_key_file(create_key(access(), KeyUse::attestation, ak).value());
    out.tik = write_key_file(create_key(access(), KeyUse::tik, tik).value());
    return out;
  }
  static std::shared_ptr<Attester> make(const Tpm2AttesterOptions& o) {
    auto made = make_tpm2_attester(o);
    EXPECT_TRUE(made.ok()) << (made ? "" : made.error().message());
    return made ? *made : nullptr;
  }
  Spki spki(const std::string& key) {
    return show_key(access(), parse_key_reference(key).value()).value().key.spki();
  }
  // A binder of the TIK that another value sets apart.
  Binder binder(const Tpm2AttesterOptions& o, std::uint8_t seed, Hash hash = Hash::sha256) {
    return danger::binder_from_bytes(Bytes(size(hash), seed), hash, spki(o.tik));
  }
  // policy pins the attestation key and takes any PCR values of the bank.
  Policy policy(const Tpm2AttesterOptions& o) {
    Policy out;
    out.id = "test";
    out.schemes = {"tpm2"};
    out.tpm2.ak = {{KeyPin::Kind::tpm_name,
                    show_key(access(), parse_key_reference(o.attestation_key).value()).value().name}};
    for (const auto& bank : o.pcrs) {
      for (const unsigned i : bank.indices) out.tpm2.pcrs[bank.bank][i] = expect::Any{};
    }
    return out;
  }
  static Result<AttestationResult> appraise(const Policy& policy, const Cmw& evidence, const Binder& binder) {
    auto verifier = make_local_verifier(policy);
    if (!verifier) return verifier.error();
    std::optional<Result<AttestationResult>> out;
    (*verifier)->appraise({{evidence.record()->type},
                           evidence,
                           binder,
                           crypto::digest(Hash::sha256, encode_cmw(evidence).value())},
                          [&](Result<AttestationResult> r) { out.emplace(std::move(r)); });
    return std::move(*out);
  }
  static std::string reasons(const Result<AttestationResult>& r) {
    return r ? explain(*r) : r.error().message();
  }
};

struct Sizes {
  KeyType ak, tik;
  Hash suite;
};
class Tpm2Evidence : public Tpm2Attester, public ::testing::WithParamInterface<Sizes> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, Tpm2Evidence,
                         ::testing::Values(Sizes{KeyType::p256, KeyType::p256, Hash::sha256},
                                           Sizes{KeyType::p256, KeyType::p384, Hash::sha384},
                                           Sizes{KeyType::rsa, KeyType::p256, Hash::sha384}));

TEST_P(Tpm2Evidence, IsAppraisedAsBoundAndProven) {
  auto o = options(GetParam().ak, GetParam().tik);
  o.pcrs = {{Hash::sha256, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 23}}, {Hash::sha384, {7, 14}}};
  const auto attester = make(o);
  ASSERT_NE(attester, nullptr);
  EXPECT_EQ(attester->longest_binder(), 48U);
  const Binder bound = binder(o, 0xA5, GetParam().suite);
  const auto evidence = attest(*attester, bound);
  ASSERT_TRUE(evidence.ok()) << evidence.error().message();
  ASSERT_NE(evidence->record(), nullptr);
  EXPECT_EQ(evidence->record()->type, EvidenceType{MediaType{"application/vnd.seatls.tpm2+cbor"}});
  EXPECT_EQ(evidence->record()->indicator, cmw_indicator::evidence);

  const auto result = appraise(policy(o), *evidence, bound);
  ASSERT_TRUE(result.ok()) << reasons(result);
  EXPECT_EQ(result->tier(), Tier::affirming) << reasons(result);
  // The same evidence for another connection.
  const auto diverted = appraise(policy(o), *evidence, binder(o, 0x5A, GetParam().suite));
  ASSERT_TRUE(diverted.ok());
  ASSERT_NE(diverted->first_fatal(), nullptr);
  EXPECT_EQ(diverted->first_fatal()->code, Code::binder_mismatch) << reasons(diverted);
}

// Another implementation checks the quote: tpm2-tools.
TEST_P(Tpm2Evidence, SatisfiesTpm2Checkquote) {
  if (!have_tool("tpm2_checkquote")) GTEST_SKIP() << "tpm2-tools is not installed";
  const auto o = options(GetParam().ak, GetParam().tik);
  const Binder bound = binder(o, 0x77, GetParam().suite);
  const auto evidence = attest(*make(o), bound);
  ASSERT_TRUE(evidence.ok()) << evidence.error().message();
  const auto map = codec::cbor::parse(evidence->record()->value).value();
  const auto write = [&](const char* file, std::int64_t key) {
    const ByteView v = map.find(key)->as_bytes().value();
    std::ofstream(folder() / file, std::ios::binary)
        .write(reinterpret_cast<const char*>(v.data()), static_cast<std::streamsize>(v.size()));
  };
  write("quote", 1);
  write("quote.sig", 2);
  write("certify", 4);
  write("certify.sig", 5);
  const Spki ak = spki(o.attestation_key);
  std::ofstream(folder() / "ak.der", std::ios::binary)
      .write(reinterpret_cast<const char*>(ak.der().data()), static_cast<std::streamsize>(ak.der().size()));
  const std::string qualifying = base::to_hex(bound.bytes());
  bool ok = false;
  tool("openssl pkey -pubin -inform DER -in ak.der -out ak.pem", &ok);
  ASSERT_TRUE(ok);
  tool("tpm2_checkquote -u ak.pem -m quote -s quote.sig -g sha256 -q " + qualifying, &ok);
  EXPECT_TRUE(ok);
  tool("tpm2_checkquote -u ak.pem -m quote -s quote.sig -g sha256 -q " + std::string(qualifying.size(), '0'),
       &ok);
  EXPECT_FALSE(ok);
  tool("tpm2_checkquote -u ak.pem -m quote -s certify.sig -g sha256 -q " + qualifying, &ok);
  EXPECT_FALSE(ok);
}

TEST_F(Tpm2Attester, RefusesAForeignTik) {
  const auto o = options();
  const auto attester = make(o);
  ASSERT_NE(attester, nullptr);
  const auto other = crypto::PrivateKey::generate(KeyType::p256)->public_key().spki();
  for (const Spki& key : {other, spki(o.attestation_key), Spki(bytes("no key"))}) {
    const auto refused = attest(*attester, danger::binder_from_bytes(Bytes(32, 1), Hash::sha256, key));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::foreign_key);
  }
  std::optional<Result<Cmw>> wrong_scheme;
  attester->attest({{MediaType{"application/eat+cwt"}}, binder(o, 1)},
                   [&](Result<Cmw> r) { wrong_scheme.emplace(std::move(r)); });
  EXPECT_EQ(wrong_scheme->error().code, Code::misuse);
}

TEST_F(Tpm2Attester, RefusesKeysThatProveNothing) {
  const auto good = options();
  auto o = good;
  std::swap(o.attestation_key, o.tik);
  EXPECT_EQ(make_tpm2_attester(o).error().code, Code::configuration);
  o = good;
  o.attestation_key = o.tik;  // unrestricted: a program could have it sign anything
  EXPECT_EQ(make_tpm2_attester(o).error().code, Code::configuration);
  o = good;
  crypto::CertificateSpec spec;
  spec.common_name = "another key";
  o.attestation_key_chain = {
      bytes(crypto::make_self_signed(spec, crypto::PrivateKey::generate(KeyType::p256).value())->der())};
  EXPECT_EQ(make_tpm2_attester(o).error().code, Code::configuration);
  o = good;
  o.event_log = folder() / "nowhere";
  EXPECT_EQ(make_tpm2_attester(o).error().code, Code::io);
}

TEST_F(Tpm2Attester, RefusesSelectionsThatTheTpmLacks) {
  auto o = options();
  const std::vector<std::vector<PcrSelection>> bad = {
      {}, {{Hash::sha256, {}}}, {{Hash::sha256, {24}}}, {{Hash::sha256, {1}}, {Hash::sha256, {2}}}};
  for (const auto& pcrs : bad) {
    o.pcrs = pcrs;
    EXPECT_EQ(make_tpm2_attester(o).error().code, Code::configuration);
  }
}

TEST_F(Tpm2Attester, AnswersAHundredAtOnceOverOneConnection) {
  const auto o = options();
  const auto one = make(o);
  const auto two = make(o);  // shares the worker: swtpm would not serve a second connection
  auto signer = make_tpm_signer(access(), o.tik);
  ASSERT_TRUE(signer.ok());
  const Spki tik = spki(o.tik);
  std::vector<std::future<Result<Cmw>>> made;
  std::vector<std::future<Result<Bytes>>> signed_ones;
  for (std::uint8_t i = 0; i < 100; ++i) {
    auto promise = std::make_shared<std::promise<Result<Cmw>>>();
    made.push_back(promise->get_future());
    const auto& attester = i % 2 == 0 ? one : two;
    attester->attest(
        {attester->schemes().front(), danger::binder_from_bytes(Bytes(32, i), Hash::sha256, tik)},
        [promise](Result<Cmw> r) { promise->set_value(std::move(r)); });
    auto signature = std::make_shared<std::promise<Result<Bytes>>>();
    signed_ones.push_back(signature->get_future());
    (*signer)->sign(Bytes(32, i), [signature](Result<Bytes> r) { signature->set_value(std::move(r)); });
  }
  const Policy p = policy(o);
  for (std::uint8_t i = 0; i < 100; ++i) {
    const auto evidence = made[i].get();
    ASSERT_TRUE(evidence.ok()) << evidence.error().message();
    const auto result = appraise(p, *evidence, danger::binder_from_bytes(Bytes(32, i), Hash::sha256, tik));
    ASSERT_TRUE(result.ok() && result->tier() == Tier::affirming) << reasons(result);
    EXPECT_TRUE(signed_ones[i].get().ok());
  }
}

TEST_F(Tpm2Attester, ADeadTpmIsUnavailable) {
  const auto o = options();
  const auto attester = make(o);
  const Binder bound = binder(o, 1);
  tpm().kill();
  const auto failed = attest(*attester, bound);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::attester_unavailable);
  EXPECT_EQ(make_tpm2_attester(o).error().code, Code::tpm);
}

TEST_F(Tpm2Attester, ATpmThatGoesInTheMiddleOfACommandIsUnavailableAndMayComeBack) {
  std::atomic<bool> broken = false;
  fake::TpmRelay relay(tcti(), [&](std::uint32_t code, const Bytes& command, const auto& ask) {
    return broken && code == cc_quote ? Bytes{} : ask(command);
  });
  auto o = options();
  const Binder bound = binder(o, 1);
  o.access.tcti = relay.tcti();
  const auto attester = make(o);
  ASSERT_NE(attester, nullptr);
  broken = true;
  for (int i = 0; i < 2; ++i) {
    const auto failed = attest(*attester, bound);
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, Code::attester_unavailable);
    EXPECT_NE(failed.error().detail.find("TPM2_Quote"), std::string::npos) << failed.error().detail;
  }
  broken = false;
  EXPECT_TRUE(attest(*attester, bound).ok());
}

// Another program extends a PCR between the quote and the reading of the values.
TEST_F(Tpm2Attester, TellsTheValuesThatWereQuoted) {
  // TPM2_PCR_Extend(PCR 23, empty password, one SHA-256 digest of 0x11…).
  Bytes extend = base::from_hex(
                     "8002"
                     "00000041"
                     "00000182"
                     "00000017"
                     "00000009"
                     "40000009"
                     "0000"
                     "00"
                     "0000"
                     "00000001"
                     "000b")
                     .value();
  extend.insert(extend.end(), 32, 0x11);
  extend[5] = static_cast<std::uint8_t>(extend.size());
  std::atomic<int> interferences = 0;
  std::atomic<int> quotes = 0;
  fake::TpmRelay relay(tcti(), [&](std::uint32_t code, const Bytes& command, const auto& ask) {
    if (code == cc_quote) ++quotes;
    if (code == cc_pcr_read && interferences > 0) {
      --interferences;
      const Bytes done = ask(extend);
      EXPECT_EQ(Bytes(done.begin() + 6, done.begin() + 10), Bytes(4, 0));
    }
    return ask(command);
  });
  auto o = options();
  o.pcrs = {{Hash::sha256, {0, 16, 23}}};
  const Binder bound = binder(o, 1);
  const Policy p = policy(o);
  o.access.tcti = relay.tcti();
  const auto attester = make(o);
  ASSERT_NE(attester, nullptr);
  quotes = 0;
  interferences = 3;
  const auto evidence = attest(*attester, bound);
  ASSERT_TRUE(evidence.ok()) << evidence.error().message();
  EXPECT_EQ(quotes, 4);
  const auto result = appraise(p, *evidence, bound);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->tier(), Tier::affirming) << reasons(result);
  // Without end it is an error, and not evidence that nobody can check.
  interferences = 1000;
  const auto never = attest(*attester, bound);
  ASSERT_FALSE(never.ok());
  EXPECT_EQ(never.error().code, Code::attester_unavailable);
  EXPECT_NE(never.error().detail.find("PCRs changed"), std::string::npos);
}

//= early-attestation#binder-never-shortened
// The binder is never cut to what the TPM holds (Decision 3).
TEST_F(Tpm2Attester, ATpmWithoutSha384HoldsShortBindersAlone) {
  fake::TpmRelay relay(tcti(), [](std::uint32_t code, const Bytes& command, const auto& ask) {
    Bytes response = ask(command);
    // TPM2_GetCapability(TPM_CAP_TPM_PROPERTIES, TPM_PT_MAX_DIGEST, 1): the value comes last.
    const Bytes wanted = base::from_hex("000000060000012000000001").value();
    if (code == cc_get_capability && std::equal(wanted.rbegin(), wanted.rend(), command.rbegin())) {
      EXPECT_EQ(response.back(), 64);
      response.back() = 32;
    }
    return response;
  });
  auto o = options();
  const Binder long_one = binder(o, 1, Hash::sha384);
  const Binder short_one = binder(o, 1, Hash::sha256);
  o.access.tcti = relay.tcti();
  const auto attester = make(o);
  ASSERT_NE(attester, nullptr);
  EXPECT_EQ(attester->longest_binder(), 32U);
  EXPECT_TRUE(attest(*attester, short_one).ok());
  const auto refused = attest(*attester, long_one);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::binder_too_long);
  EXPECT_NE(refused.error().detail.find("48 bytes"), std::string::npos);
}

TEST_F(Tpm2Attester, CarriesTheEventLogAndTheCertificates) {
  auto o = options();
  const std::string log = "an event log";
  o.event_log = folder() / "log";
  std::ofstream(o.event_log) << log;
  crypto::CertificateSpec spec;
  spec.common_name = "attestation key";
  const auto ca_key = crypto::PrivateKey::generate(KeyType::p256).value();
  crypto::CertificateSpec ca_spec;
  ca_spec.common_name = "CA";
  ca_spec.is_ca = true;
  const auto ca = crypto::make_self_signed(ca_spec, ca_key).value();
  const auto ak = crypto::PublicKey::from_spki(spki(o.attestation_key).der()).value();
  const auto leaf = crypto::make_certificate(spec, ak, {ca, ca_key}).value();
  o.attestation_key_chain = {bytes(leaf.der()), bytes(ca.der())};
  o.endorsement_key_chain = {bytes(ca.der())};
  o.type = ContentFormat{65001};
  const auto evidence = attest(*make(o), binder(o, 1));
  ASSERT_TRUE(evidence.ok()) << evidence.error().message();
  EXPECT_EQ(evidence->record()->type, EvidenceType{ContentFormat{65001}});
  const auto map = codec::cbor::parse(evidence->record()->value).value();
  EXPECT_EQ(text(map.find(10)->as_bytes().value()), log);
  ASSERT_EQ(map.find(8)->array()->size(), 2U);
  EXPECT_EQ(bytes(map.find(8)->array()->at(0).as_bytes().value()), o.attestation_key_chain[0]);
  ASSERT_EQ(map.find(9)->array()->size(), 1U);
}

}  // namespace
}  // namespace seatls::attest::tpm2
