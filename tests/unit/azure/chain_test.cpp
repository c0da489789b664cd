// Evidence of a made-up Azure VM, and each link of its chain broken once.
#include <gmock/gmock.h>

#include "appraise/needs.h"
#include "unit/azure/vm.h"

namespace seatls::testing::azure {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using Claim = std::pair<std::string, std::string>;

void flip(Bytes& raw, std::size_t at) { raw.at(at) ^= 1; }

// refused tells whether evidence that is told like this ends so.
void refused(World& w, const std::vector<Code>& codes, const ClaimsEdit& edit = {}) {
  w.expect_refused(World::vm().evidence(w.t, edit), codes);
}

TEST(AzureChain, EachTeeAndEachHashIsAccepted) {
  for (auto& w : worlds())
    for (const std::uint32_t type : {1U, 2U, 3U}) {
      w.t.hash_type = type;
      const auto a = w.judge(World::vm().evidence(w.t));
      ASSERT_TRUE(a) << w.told();
      EXPECT_EQ(a->key, KeyProvenance::proven);
      EXPECT_EQ(a->vector[TrustClaim::executables], 3);
      EXPECT_EQ(a->vector[TrustClaim::configuration], 2);
      EXPECT_THAT(a->claims, Contains(Claim{"azure.tee", w.t.tdx ? "tdx" : "sev-snp"}));
      EXPECT_THAT(a->claims, Contains(Claim{"azure.vm.vmUniqueId", "0A1B"}));
      EXPECT_THAT(a->claims, Contains(Claim{"azure.pcrs.sha256.7", base::to_hex(Bytes(32, 0x17))}));
      EXPECT_THAT(a->dangers, Contains(HasSubstr("simulated_roots")));
      const auto ak = crypto::digest(Hash::sha256, w.t.ak->public_key().spki().der());
      EXPECT_THAT(a->instance, Contains("ak:sha256:" + base::to_hex(ak)));
    }
}

// What an event log of the same compound explains: the virtual TPM's registers.
TEST(AzureChain, TheRegistersAreTheVirtualTpms) {
  for (auto& w : worlds()) {
    // Were a TDX register explained by events, it would count as named.
    const std::map<unsigned, Expect<Bytes>> events = {{1, expect::Exactly<Bytes>{Bytes(48, 1)}},
                                                      {2, expect::Exactly<Bytes>{Bytes(48, 1)}}};
    w.policy.tdx.rtmr[0] = w.policy.tdx.rtmr[1] = expect::Any{};
    appraise::Context context{w.policy, w.binder, &*w.tik, "", w.now};
    context.explained = &events;
    const auto verdict = testing::judge("azure", World::vm().evidence(w.t), context);
    ASSERT_TRUE(verdict.assessment) << verdict.told();
    const auto& registers = verdict.assessment->registers;
    ASSERT_EQ(registers.size(), 1U);
    EXPECT_EQ(registers[0].bank, Hash::sha256);
    EXPECT_EQ(registers[0].values, w.t.pcrs);
    EXPECT_FALSE(registers[0].all);
    EXPECT_EQ(verdict.assessment->vector[TrustClaim::executables], w.t.tdx ? 0 : 3);
  }
}

TEST(AzureChain, TheFingerprintIsTheQuotes) {
  World w;
  const auto once = w.judge(World::vm().evidence(w.t));
  w.t.binder = w.binder = Bytes(32, 0xB2);
  const auto again = w.judge(World::vm().evidence(w.t));
  ASSERT_TRUE(once && again) << w.told();
  EXPECT_NE(once->fingerprint, again->fingerprint);
  EXPECT_EQ(again->fingerprint, crypto::digest(Hash::sha256, Vm::quote(w.t)));
}

// ---- Report data and variable data -------------------------------------------------------------

TEST(AzureChain, AChangedVariableDataIsNotWhatTheProcessorSigned) {
  for (auto& w : worlds()) {
    w.t.hcl_report = [](Bytes& raw) {
      const auto at = text(raw).find("secure-boot");
      raw[at + 3] = 'x';
    };
    w.policy.azure.vm.clear();
    refused(w, {Code::evidence_inconsistent});
  }
}

TEST(AzureChain, TheWholeReportDataCounts) {
  for (auto& w : worlds())
    for (const std::size_t at : {0U, 31U, 32U, 63U}) {
      w.t.report_data = [=](Bytes& raw) { flip(raw, at); };
      refused(w, {Code::evidence_inconsistent});
    }
}

TEST(AzureChain, TheHashIsTheStatedOne) {
  World w;
  w.t.hcl_report = [](Bytes& raw) { raw[1228] = 2; };
  refused(w, {Code::evidence_inconsistent});
}

// Whoever has a TPM of his own cannot put its key into the place of the VM's.
TEST(AzureChain, AForeignAttestationKeyIsNotVouchedFor) {
  for (auto& w : worlds()) {
    Told foreign = w.t;
    foreign.ak = &another_ak();
    const Bytes quote = Vm::quote(foreign), certify = World::vm().certify(foreign);
    refused(w, {Code::signature_invalid, Code::signature_invalid}, [&](cbor::Map& map) {
      set(4, cbor::bytes(signature(another_ak(), quote)))(map);
      set(7, cbor::bytes(signature(another_ak(), certify)))(map);
    });
    // With the key in the variable data as well, the hash is another.
    const auto genuine = World::vm().hardware(w.t);
    w.t.ak = &another_ak();
    w.t.hcl_report = [&](Bytes& raw) {
      std::copy_n(genuine.hcl_report.begin() + 32, 1184, raw.begin() + 32);
    };
    refused(w, {Code::evidence_inconsistent}, [&](cbor::Map& map) {
      if (w.t.tdx) set(2, cbor::bytes(genuine.td_quote))(map);
    });
  }
}

// ---- The processor's report --------------------------------------------------------------------

TEST(AzureChain, TheProcessorsReportIsVerifiedAsItsTeeDoes) {
  World w;
  // MEASUREMENT, after it was signed.
  w.t.hcl_report = [](Bytes& raw) { flip(raw, 32 + 0x90); };
  refused(w, {Code::signature_invalid, Code::reference_mismatch});
  w.t.hcl_report = {};
  refused(w, {Code::collateral_missing}, without(2));
  w.policy.danger.simulated_roots.pop_back();
  w.policy.danger.simulated_roots.erase(w.policy.danger.simulated_roots.begin());
  refused(w, {Code::untrusted_attestation_key});
}

// Whoever runs in the VM gets reports too, but not at the paravisor's level.
TEST(AzureChain, AReportThatTheGuestAskedForIsNone) {
  for (const unsigned level : {1U, 2U, 3U}) {
    World w;
    w.policy.snp.vmpl = {0, 1, 2, 3};
    w.t.hardware = [=](Bytes& raw) { raw[0x30] = static_cast<std::uint8_t>(level); };
    refused(w, {Code::untrusted_attestation_key});
  }
}

TEST(AzureChain, TheQuoteIsVerifiedAsTdxDoes) {
  World w;
  w.t.tdx = true;
  const auto sound = World::vm().hardware(w.t).td_quote;
  Bytes changed = sound;
  flip(changed, 48 + 136);
  w.expect_refused(World::vm().evidence(w.t, set(2, cbor::bytes(changed))),
                   {Code::evidence_inconsistent, Code::signature_invalid, Code::reference_mismatch});
  w.policy.tdx.tcb.collateral.clear();
  refused(w, {Code::collateral_missing});
  w.policy.danger.simulated_roots.clear();
  EXPECT_FALSE(w.judge(World::vm().evidence(w.t)));
}

TEST(AzureChain, TheTdReportIsTheOneThatWasQuoted) {
  World w;
  w.t.tdx = true;
  // reportdata, tee_tcb_svn, mrseam, mrsignerseam, seam attributes; attributes, xfam, mrtd, mrconfigid,
  // mrowner, mrownerconfig, rtmr0 to rtmr3
  for (const std::size_t at :
       {128U, 191U, 264U, 280U, 328U, 376U, 512U, 520U, 528U, 576U, 624U, 672U, 720U, 768U, 816U, 864U}) {
    w.t.td_report = [=](Bytes& raw) { flip(raw, at); };
    refused(w, {Code::evidence_inconsistent});
  }
  // What only the TDX module can verify, and what says nothing of the domain.
  for (const std::size_t at : {16U, 32U, 80U, 224U, 256U}) {
    w.t.td_report = [=](Bytes& raw) { flip(raw, at); };
    w.expect_accepted(World::vm().evidence(w.t));
  }
}

TEST(AzureChain, AReportOfAnotherVmDoesNotGoWithThisQuote) {
  World w;
  Told other = w.t;
  other.ak = &another_ak();
  const auto report = World::vm().hardware(other).hcl_report;
  refused(w, {Code::signature_invalid, Code::signature_invalid}, set(1, cbor::bytes(report)));
}

// ---- The quote ---------------------------------------------------------------------------------

TEST(AzureChain, TheBinderIsExtraDataAndNothingElse) {
  for (auto& w : worlds()) {
    w.expect_accepted(World::vm().evidence(w.t));
    for (const Bytes& other : {Bytes(32, 0xB0), Bytes(31, 0xB1), Bytes(33, 0xB1), Bytes()}) {
      w.t.binder = other;
      refused(w, {Code::binder_mismatch, Code::binder_mismatch});
    }
    w.t.binder = w.binder;
    w.t.certify_binder = Bytes(32, 0xB0);
    refused(w, {Code::binder_mismatch});
    w.t.certify_binder.reset();
    w.binder = {};
    w.t.binder = {};
    refused(w, {Code::binder_mismatch, Code::binder_mismatch});
  }
}

// The report data of the processor is never the place of the binder.
TEST(AzureChain, ABinderInTheReportDataIsNone) {
  World w;
  w.t.report_data = [](Bytes& raw) { std::fill_n(raw.begin(), 32, std::uint8_t{0xB1}); };
  w.t.binder = Bytes(32, 0);
  refused(w, {Code::evidence_inconsistent, Code::binder_mismatch, Code::binder_mismatch});
}

TEST(AzureChain, TheValuesAreThoseThatAreQuoted) {
  World w;
  const auto rows = [](const std::map<unsigned, Bytes>& pcrs) {
    cbor::Array out;
    for (const auto& [index, value] : pcrs)
      out.push_back(cbor::array({cbor::integer(0x000B), cbor::integer(index), cbor::bytes(value)}));
    return set(5, cbor::array(out));
  };
  auto pcrs = w.t.pcrs;
  std::swap(pcrs[4], pcrs[7]);
  refused(w, {Code::evidence_inconsistent, Code::reference_mismatch, Code::reference_mismatch}, rows(pcrs));
  pcrs = w.t.pcrs;
  pcrs[8] = Bytes(32, 0x18);
  refused(w, {Code::evidence_inconsistent}, rows(pcrs));
  pcrs = w.t.pcrs;
  pcrs.erase(7);
  refused(w, {Code::evidence_inconsistent, Code::reference_mismatch}, rows(pcrs));
}

TEST(AzureChain, ASignatureIsOfTheAttestationKeysOwnScheme) {
  World w;
  const Bytes quote = Vm::quote(w.t);
  const auto pss = w.t.ak->sign(crypto::SignatureAlgorithm::rsa_pss_sha256, quote, crypto::EcdsaForm::fixed);
  refused(w, {Code::algorithm_not_allowed},
          set(4, cbor::bytes(Big().number(2, 0x0016).number(2, 0x000B).sized(*pss).take())));
  Bytes changed = signature(*w.t.ak, quote);
  flip(changed, 100);
  refused(w, {Code::signature_invalid}, set(4, cbor::bytes(changed)));
}

TEST(AzureChain, AnEventLogReplaysToWhatIsQuoted) {
  World w;
  // Spec ID event with SHA-256, then one event in PCR 4.
  Bytes log = *base::from_hex(
      "000000000300000000000000000000000000000000000000000000002100000053706563204944204576656e743033"
      "000000000000020002010000000b00200000");
  const auto at = log.size();
  log.resize(at + 50, 0);
  put_u32(log, at, 4);
  put_u32(log, at + 4, 0xD);
  put_u32(log, at + 8, 1);
  log[at + 12] = 0x0B;
  std::fill_n(log.begin() + static_cast<std::ptrdiff_t>(at) + 14, 32, std::uint8_t{0x5A});
  Bytes extended(32, 0);
  extended.resize(64, 0x5A);
  w.policy.azure.require_event_log = true;
  refused(w, {Code::reference_mismatch});
  w.t.pcrs[4] = crypto::digest(Hash::sha256, extended);
  w.policy.azure.pcrs[Hash::sha256][4] = expect::Exactly<Bytes>{w.t.pcrs[4]};
  const auto a = w.judge(World::vm().evidence(w.t, set(9, cbor::bytes(log))));
  ASSERT_TRUE(a) << w.told();
  EXPECT_THAT(a->claims, Contains(Claim{"azure.event_log.explains", "4"}));
  flip(log, at + 14);
  refused(w, {Code::evidence_inconsistent}, set(9, cbor::bytes(log)));
}

// ---- The key -----------------------------------------------------------------------------------

TEST(AzureChain, AKeyThatIsNotCertifiedIsNotProven) {
  for (auto& w : worlds()) {
    const auto bare = [](cbor::Map& map) {
      for (const int key : {6, 7, 8}) without(key)(map);
    };
    refused(w, {Code::key_unproven}, bare);
    EXPECT_THAT(w.reasons.front().detail, HasSubstr("certified no key"));
    w.policy.azure.key = KeyProvenance::measured;
    refused(w, {Code::key_unproven}, bare);
    w.policy.danger.allow_unproven_tik = true;
    const auto a = w.judge(World::vm().evidence(w.t, bare));
    ASSERT_TRUE(a) << w.told();
    EXPECT_EQ(a->key, KeyProvenance::none);
    EXPECT_THAT(a->dangers, Contains("allow_unproven_tik"));
    // One without the others is no certification.
    refused(w, {Code::evidence_malformed}, without(6));
    refused(w, {Code::evidence_malformed}, without(7));
    refused(w, {Code::evidence_malformed}, without(8));
  }
}

// What the sections of the hardware demand of the key is not meant here.
TEST(AzureChain, TheKeyIsJudgedOnce) {
  for (auto& w : worlds()) {
    w.policy.key = KeyProvenance::proven;
    w.policy.snp.key = w.policy.tdx.key = KeyProvenance::proven;
    w.expect_accepted(World::vm().evidence(w.t));
  }
}

TEST(AzureChain, TheCertifiedKeyIsThePeers) {
  World w;
  w.tik = an_ak().public_key().spki();
  refused(w, {Code::tik_mismatch});
  w.tik = World::vm().tik().public_key().spki();
  Told other = w.t;
  other.attributes |= 1U << 10;
  refused(w, {Code::tik_mismatch}, set(8, cbor::bytes(World::vm().tik_area(other))));
}

TEST(AzureChain, TheCertifiedKeyCannotLeaveTheTpm) {
  for (const unsigned bit : {1U, 4U, 5U, 18U, 16U, 17U}) {
    World w;
    w.t.attributes ^= 1U << bit;
    refused(w, {Code::key_unproven});
  }
}

TEST(AzureChain, QuoteAndCertificationComeFromOneTpm) {
  World w;
  w.t.certify_signer = Bytes(34, 0x52);
  refused(w, {Code::evidence_inconsistent});
  w.t.certify_signer = w.t.signer;
  w.t.certify_reset_count = 8;
  refused(w, {Code::evidence_inconsistent});
}

TEST(AzureChain, TheCertificationIsSigned) {
  World w;
  const Bytes certify = World::vm().certify(w.t);
  refused(w, {Code::signature_invalid}, set(7, cbor::bytes(signature(another_ak(), certify))));
}

// ---- What makers publish -----------------------------------------------------------------------

TEST(AzureChain, NeedsWhatTheProcessorBelowNeeds) {
  const auto names_for = [](const Told& t, const ClaimsEdit& edit = {}) {
    const Cmw cmw(CmwRecord{*SchemeTable::defaults().find("azure"), World::vm().evidence(t, edit), 0});
    std::vector<std::string> names;
    for (const auto& need : appraise::all_needs(cmw, SchemeTable::defaults()))
      names.push_back(appraise::name_of(need.item));
    return names;
  };
  Told t;
  EXPECT_EQ(names_for(t), std::vector<std::string>{"amd-crl.milan.vcek"});
  EXPECT_THAT(names_for(t, without(2)), Contains(HasSubstr("vcek.milan.")));
  t.tdx = true;
  EXPECT_THAT(names_for(t), Contains(HasSubstr("tcb-info.tdx.")));
  EXPECT_EQ(names_for(t).size(), 4U);
}

}  // namespace
}  // namespace seatls::testing::azure
