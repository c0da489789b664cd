// The same VM in the forms of others, and what is no evidence at all.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "appraise/schemes/azure/parse.h"
#include "unit/azure/vm.h"

namespace seatls::testing::azure {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
namespace forms = appraise::azure;

// All PCRs, as those attesters quote.
Told told(bool tdx) {
  Told t;
  t.tdx = tdx;
  for (unsigned i = 0; i < 24; ++i) t.pcrs[i] = Bytes(32, static_cast<std::uint8_t>(0x10 + i));
  return t;
}

json numbers(const Bytes& raw) { return json(raw); }

json quote_of(const Told& t, bool as_numbers) {
  const Bytes message = Vm::quote(t), proof = rsassa(*t.ak, message);
  const auto write = [&](const Bytes& raw) { return as_numbers ? numbers(raw) : json(base::to_hex(raw)); };
  json pcrs = json::array();
  for (const auto& [index, value] : t.pcrs) pcrs.push_back(write(value));
  return {{"message", write(message)}, {"signature", write(proof)}, {"pcrs", pcrs}};
}

json coco(const Told& t, int version) {
  const auto [report, td_quote] = World::vm().hardware(t);
  const auto& vek = World::vm().snp().vek();
  if (version == 0)
    return t.tdx ? json{{"tpm_quote", quote_of(t, true)}, {"hcl_report", report}, {"td_quote", td_quote}}
                 : json{{"quote", quote_of(t, true)}, {"report", report}, {"vcek", crypto::to_pem(vek)}};
  json out = {{"version", version},
              {"tpm_quote", quote_of(t, false)},
              {"hcl_report", base::to_base64url(report) + "="}};
  if (t.tdx)
    out["td_quote"] = base::to_base64url(td_quote);
  else
    out["vcek"] = base::to_base64url(vek.der());
  return out;
}

// AK certificates come with what stands behind them in the TPM.
std::string padded_pem(const crypto::Certificate& certificate) {
  std::string digits = base::to_base64url(certificate.der()) + std::string(400, 'A');
  digits.resize(digits.size() - digits.size() % 4);
  std::ranges::replace(digits, '-', '+');
  std::ranges::replace(digits, '_', '/');
  return "-----BEGIN CERTIFICATE-----\n" + digits + "\n-----END CERTIFICATE-----\n";
}

json flashbots(const Told& t, const crypto::PrivateKey& certified) {
  const auto [report, td_quote] = World::vm().hardware(t);
  const auto certificate = crypto::make_self_signed({.common_name = "vm"}, certified).value();
  return {{"hcl_report_base64", base::to_base64url(report)},
          {"tdx_quote_base64", base::to_base64url(td_quote)},
          {"tpm_attestation",
           {{"ak_certificate_pem", padded_pem(certificate)},
            {"quote", quote_of(t, true)},
            {"event_log", json::array()},
            {"instance_info", nullptr}}}};
}

// Their evidence certifies no key. The chip's issuers are at hand, as AMD's are.
World lenient(bool tdx) {
  World w;
  w.t = told(tdx);
  w.policy.danger.allow_unproven_tik = true;
  w.policy.snp.certificates = {bytes(World::vm().snp().ask().der())};
  for (unsigned i = 0; i < 24; ++i)
    w.policy.azure.pcrs[Hash::sha256][i] = expect::Exactly<Bytes>{w.t.pcrs[i]};
  return w;
}

Bytes written(const json& value) { return bytes(view(value.dump())); }

TEST(AzureForms, EveryVersionOfTrustee) {
  for (const bool tdx : {false, true})
    for (const int version : {0, 1, 2}) {
      World w = lenient(tdx);
      Bytes padded = w.binder;
      padded.resize(64, 0);
      if (version == 2) w.t.user_data = base::to_hex(padded);
      const auto a = w.judge(written(coco(w.t, version)));
      ASSERT_TRUE(a) << tdx << version << ": " << w.told();
      EXPECT_EQ(a->key, KeyProvenance::none);
      w.binder[0] ^= 1;
      EXPECT_FALSE(w.judge(written(coco(w.t, version))));
      EXPECT_EQ(w.reasons.front().code, Code::binder_mismatch);
    }
}

// Version 2 says that the binder stands in user-data as well.
TEST(AzureForms, VersionTwoIsBoundTwice) {
  World w = lenient(false);
  w.expect_refused(written(coco(w.t, 2)), {Code::binder_mismatch});
  EXPECT_THAT(w.reasons.front().path, HasSubstr("user-data"));
  w.expect_accepted(written(coco(w.t, 1)));
  auto unknown = coco(w.t, 1);
  for (const json& version : {json(3), json(0), json("1")}) {
    unknown["version"] = version;
    w.expect_refused(written(unknown), {Code::evidence_malformed});
  }
}

TEST(AzureForms, TheDocumentOfFlashbots) {
  World w = lenient(true);
  w.expect_accepted(written(flashbots(w.t, an_ak())));
  w.expect_refused(written(flashbots(w.t, another_ak())), {Code::evidence_inconsistent});
  auto log = flashbots(w.t, an_ak());
  log["tpm_attestation"]["event_log"] = {1, 2, 3};
  w.expect_refused(written(log), {Code::evidence_malformed});
  auto bare = flashbots(w.t, an_ak());
  bare["tpm_attestation"].erase("ak_certificate_pem");
  w.expect_accepted(written(bare));
}

TEST(AzureForms, TheirValuesAreThoseThatAreQuoted) {
  World w = lenient(false);
  auto changed = coco(w.t, 1);
  changed["tpm_quote"]["pcrs"][4] = base::to_hex(Bytes(32, 1));
  w.expect_refused(written(changed), {Code::evidence_inconsistent, Code::reference_mismatch});
  changed["tpm_quote"]["pcrs"].erase(4);
  w.expect_refused(written(changed), {Code::evidence_malformed});
  changed = coco(w.t, 1);
  changed["tpm_quote"]["pcrs"][4] = base::to_hex(Bytes(31, 1));
  w.expect_refused(written(changed), {Code::evidence_malformed});
}

TEST(AzureForms, WhatIsMissingOrOfAnotherTypeIsNotRead) {
  World w = lenient(true);
  const auto sound = coco(w.t, 1);
  for (const auto& [member, value] : sound.items()) {
    auto changed = sound;
    for (const json& other : {json(nullptr), json(1), json("!"), json::array({256}), json::object()}) {
      if (other == value) continue;
      changed[member] = other;
      EXPECT_FALSE(w.judge(written(changed))) << member << " " << other;
      EXPECT_EQ(w.reasons.front().code, Code::evidence_malformed) << member << " " << other << w.told();
    }
    if (member == "version") continue;
    changed.erase(member);
    EXPECT_FALSE(w.judge(written(changed))) << member;
  }
}

TEST(AzureForms, TheTeesDoNotMix) {
  World w;
  const auto td = World::vm().hardware(told(true));
  w.expect_refused(World::vm().evidence(w.t, set(2, cbor::bytes(td.td_quote))), {Code::evidence_malformed});
  w.t.tdx = true;
  w.expect_refused(World::vm().evidence(w.t, set(2, World::vm().certificates())), {Code::evidence_malformed});
  w.expect_refused(World::vm().evidence(w.t, without(2)), {Code::evidence_malformed});
}

TEST(AzureForms, OurOwnIsReadWholeOrNotAtAll) {
  World w;
  const Bytes sound = World::vm().evidence(w.t);
  for (std::size_t n = 0; n < sound.size(); n += 7) {
    EXPECT_FALSE(w.judge(Bytes(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(n))));
    EXPECT_EQ(w.reasons.front().code, Code::evidence_malformed);
  }
  w.expect_refused(World::vm().evidence(w.t, set(10, cbor::integer(1))), {Code::evidence_malformed});
  for (const int key : {1, 3, 4, 5})
    w.expect_refused(World::vm().evidence(w.t, without(key)), {Code::evidence_malformed});
  // A quote is no certification.
  w.expect_refused(World::vm().evidence(w.t, set(6, cbor::bytes(Vm::quote(w.t)))),
                   {Code::evidence_malformed});
  w.expect_refused(World::vm().evidence(w.t, set(3, cbor::bytes(World::vm().certify(w.t)))),
                   {Code::evidence_malformed});
}

TEST(AzureForms, AreToldFromOtherEvidence) {
  const Told t = told(true);
  for (const Bytes& mine : {World::vm().evidence(t), written(coco(t, 0)), written(coco(t, 1)),
                            written(coco(told(false), 0)), written(flashbots(t, an_ak()))})
    EXPECT_TRUE(forms::is_evidence(mine));
  for (const char* other : {"", "{", "{}", "{\"report\": 1}", "[]", "\xa1\x01\x41\x00"})
    EXPECT_FALSE(forms::is_evidence(view(other)));
  EXPECT_FALSE(forms::is_evidence(World::vm().hardware(t).hcl_report));
}

TEST(AzureForms, AQuoteAloneAsTheCrateWritesIt) {
  const Told t = told(false);
  const Bytes message = Vm::quote(t), proof = rsassa(*t.ak, message);
  Bytes raw;
  const auto put_size = [&](std::size_t size) {
    for (int shift = 0; shift < 64; shift += 8) raw.push_back(static_cast<std::uint8_t>(size >> shift));
  };
  put_size(proof.size());
  raw.insert(raw.end(), proof.begin(), proof.end());
  put_size(message.size());
  raw.insert(raw.end(), message.begin(), message.end());
  put_size(t.pcrs.size());
  for (const auto& [index, value] : t.pcrs) raw.insert(raw.end(), value.begin(), value.end());
  const auto read = forms::parse_vtpm_quote(raw);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->message, message);
  EXPECT_EQ(read->signature, proof);
  EXPECT_EQ(read->pcrs.at(23), t.pcrs.at(23));
  const auto quoted = forms::quoted_of(*read);
  ASSERT_TRUE(quoted) << quoted.error().message();
  EXPECT_EQ(quoted->pcrs.at(7).pcr, 7U);
  for (std::size_t n = 0; n < raw.size(); ++n) EXPECT_FALSE(forms::parse_vtpm_quote(ByteView(raw).first(n)));
  raw[7] = 1;
  EXPECT_FALSE(forms::parse_vtpm_quote(raw));
}

}  // namespace
}  // namespace seatls::testing::azure
