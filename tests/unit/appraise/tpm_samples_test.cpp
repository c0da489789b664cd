// Structures of real TPMs, made and collected by others, and what their makers say of them.
#include <nlohmann/json.hpp>

#include "appraise/schemes/tpm/structures.h"
#include "appraise/schemes/tpm/verify.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "support/samples.h"
#include "tee/event_log.h"
#include "unit/appraise/vector_file.h"

namespace seatls::appraise::tpm {
namespace {

using seatls::testing::read_file;
using seatls::testing::sample;

Bytes from_base64(std::string s) {
  std::ranges::replace(s, '+', '-');
  std::ranges::replace(s, '/', '_');
  std::erase(s, '=');
  return *base::from_base64url(s);
}

// of_spki is a public area as far as a signature needs one.
Public of_spki(ByteView spki) {
  return {{}, Hash::sha256, {}, {}, std::nullopt, *crypto::PublicKey::from_spki(spki)};
}

TEST(TpmSamples, QuoteOfCoco) {
  SEATLS_NEEDS_SAMPLES();
  const auto json = nlohmann::json::parse(text(sample("tpm/coco-evidence/tpm_evidence.json")));
  const auto quote = parse_attest(from_base64(json["tpm_quote"]["message"]));
  ASSERT_TRUE(quote) << quote.error().message();
  EXPECT_EQ(quote->clock, 1913548331U);
  EXPECT_EQ(quote->reset_count, 2U);
  EXPECT_EQ(quote->restart_count, 0U);
  EXPECT_EQ(quote->firmware_version, 0x2019102300163636U);
  EXPECT_EQ(base::to_hex(quote->qualified_signer),
            "000b3081a4cbbe307f3de1456f9875a3c2632528a70d91fcf578ccf092465e4e8e09");
  ASSERT_NE(quote->quote(), nullptr);
  ASSERT_EQ(quote->quote()->selection.size(), 1U);
  EXPECT_EQ(quote->quote()->selection[0].pcrs.size(), 24U);
  Bytes values;
  for (const auto& value : json["tpm_quote"]["pcrs"])
    for (const auto byte : Bytes(*base::from_hex(value.get<std::string>()))) values.push_back(byte);
  EXPECT_EQ(crypto::digest(Hash::sha256, values), quote->quote()->pcr_digest);
  const auto key = of_spki(from_base64(json["ak_public"]));
  const auto signature = parse_signature(from_base64(json["tpm_quote"]["signature"]));
  ASSERT_TRUE(signature) << signature.error().message();
  EXPECT_TRUE(verify_signature(key, *signature, quote->raw));
  Bytes changed = quote->raw;
  changed[60] ^= 1;
  EXPECT_EQ(verify_signature(key, *signature, changed).error().code, Code::signature_invalid);
}

TEST(TpmSamples, QuoteOfKeylimeAndTheNamesOfItsKeys) {
  SEATLS_NEEDS_SAMPLES();
  const auto quote = parse_attest(sample("tpm/keylime-files/quote.out"));
  ASSERT_TRUE(quote) << quote.error().message();
  EXPECT_EQ(base::to_hex(quote->extra_data), "db1db298db6d60e6385b7231743e9c3056a18003");
  EXPECT_EQ(quote->quote()->selection[0].pcrs, (std::vector<unsigned>{15, 16, 22}));
  EXPECT_EQ(base::to_hex(quote->quote()->pcr_digest),
            "ec1636c69c548fd09a165a4f874e5d1610a8fbe36241566017e92b17e144b971");
  // Files of tpm2-tools: the public area stands behind its size.
  const Bytes ak = sample("tpm/keylime-files/ak.pub");
  const auto area = parse_public(ByteView(ak).subspan(2));
  ASSERT_TRUE(area) << area.error().message();
  EXPECT_EQ(area->name(), sample("tpm/keylime-files/ak.name"));
  EXPECT_TRUE(area->attributes.has(ObjectAttributes::restricted | ObjectAttributes::sign |
                                   ObjectAttributes::fixed_tpm));
  EXPECT_EQ(area->scheme, (SignatureScheme{SigningScheme::rsassa, Hash::sha256}));
  const auto pem = crypto::PublicKey::from_pem(text(sample("tpm/keylime-files/akpub.pem")));
  EXPECT_TRUE(area->key.same_key(*pem));
  const auto signature = parse_signature(sample("tpm/keylime-files/quotesig.out"));
  ASSERT_TRUE(signature) << signature.error().message();
  EXPECT_TRUE(verify_signature(*area, *signature, quote->raw));
  const Bytes ek = sample("tpm/keylime-files/ek.pub");
  const auto storage = parse_public(ByteView(ek).subspan(2));
  ASSERT_TRUE(storage) << storage.error().message();
  EXPECT_TRUE(storage->attributes.has(ObjectAttributes::decrypt));
  EXPECT_FALSE(storage->scheme);
}

TEST(TpmSamples, QuoteOfEnactTrust) {
  SEATLS_NEEDS_SAMPLES();
  // 16 bytes UUID, u16 length, TPMS_ATTEST, TPMT_SIGNATURE
  const Bytes token = sample("tpm/enacttrust/basic.token");
  const std::size_t size = static_cast<std::size_t>(token[16] << 8 | token[17]);
  const auto quote = parse_attest(ByteView(token).subspan(18, size));
  ASSERT_TRUE(quote) << quote.error().message();
  EXPECT_EQ(quote->quote()->selection[0].pcrs, (std::vector<unsigned>{1, 2, 3, 4}));
  EXPECT_EQ(quote->firmware_version, 7U);
  const auto signature = parse_signature(ByteView(token).subspan(18 + size));
  ASSERT_TRUE(signature) << signature.error().message();
  const auto key = crypto::PublicKey::from_pem(text(sample("tpm/enacttrust/basic.pem.pub")));
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_TRUE(verify_signature({{}, Hash::sha256, {}, {}, std::nullopt, *key}, *signature, quote->raw));
}

TEST(TpmSamples, KeyCertificationOfParsec) {
  SEATLS_NEEDS_SAMPLES();
  const auto evidence = codec::cbor::parse(sample("tpm/parsec-tpm/evidence.cbor"));
  ASSERT_TRUE(evidence) << evidence.error().message();
  const auto* kat = evidence->find("kat");
  const auto* pat = evidence->find("pat");
  ASSERT_TRUE(kat != nullptr && pat != nullptr);
  const auto certify = parse_attest(*kat->find("certInfo")->as_bytes());
  const auto quote = parse_attest(*pat->find("attestInfo")->as_bytes());
  ASSERT_TRUE(certify && quote);
  ASSERT_NE(certify->certify(), nullptr);
  const auto area = parse_public(*kat->find("pubArea")->as_bytes());
  ASSERT_TRUE(area) << area.error().message();
  EXPECT_EQ(certify->certify()->name, area->name());
  EXPECT_EQ(certify->extra_data, quote->extra_data);
  EXPECT_EQ(certify->qualified_signer, quote->qualified_signer);
  EXPECT_EQ(certify->reset_count, quote->reset_count);
  EXPECT_EQ(certify->restart_count, quote->restart_count);
  EXPECT_TRUE(parse_signature(*kat->find("sig")->as_bytes()));
  // Signed by an attestation key that is not in here; not by the certified key.
  EXPECT_FALSE(verify_signature(*area, *parse_signature(*kat->find("sig")->as_bytes()), certify->raw));
}

TEST(TpmSamples, Sha1QuotesAreReadAndNotAccepted) {
  SEATLS_NEEDS_SAMPLES();
  const auto json =
      nlohmann::json::parse(text(sample("tpm/go-attestation-windows/windows_gcp_shielded_vm.json")));
  int quotes = 0;
  const std::function<void(const nlohmann::json&)> walk = [&](const nlohmann::json& node) {
    if (node.is_object() && node.contains("Quote") && node.contains("Signature") &&
        node["Quote"].is_string()) {
      const auto quote = parse_attest(from_base64(node["Quote"]));
      const auto signature = parse_signature(from_base64(node["Signature"]));
      ASSERT_TRUE(quote) << quote.error().message();
      ASSERT_TRUE(signature) << signature.error().message();
      ++quotes;
      const auto key = crypto::PrivateKey::generate(crypto::KeyType::rsa)->public_key();
      if (signature->scheme.hash == Hash::sha1) {
        EXPECT_EQ(verify_signature({{}, Hash::sha256, {}, {}, std::nullopt, key}, *signature, quote->raw)
                      .error()
                      .code,
                  Code::algorithm_not_allowed);
      }
    }
    if (node.is_structured())
      for (const auto& child : node) walk(child);
  };
  walk(json);
  EXPECT_GT(quotes, 0);
}

// fields walks over a protobuf message: its length-delimited and its varint fields.
struct Field {
  std::uint64_t number;
  std::uint64_t value;
  ByteView content;
};
std::vector<Field> fields(ByteView message) {
  std::vector<Field> out;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t byte = message.front();
      message = message.subspan(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (!message.empty()) {
    const auto tag = varint();
    Field field{tag >> 3, varint(), {}};
    if ((tag & 7) == 2) {
      field.content = message.first(field.value);
      message = message.subspan(field.value);
    }
    out.push_back(field);
  }
  return out;
}

// One machine in Google's cloud: its quotes in three banks verify, hold the digest of the PCRs given, and
// its event log replays to exactly these PCRs.
TEST(TpmSamples, QuotesAndEventLogOfOneMachineFitTogether) {
  SEATLS_NEEDS_SAMPLES();
  const Bytes message = sample("tpm/gce-cos85-no-nonce/attestation.pb");
  std::optional<Public> ak;
  std::optional<tee::EventLog> log;
  for (const auto& f : fields(message)) {
    if (f.number == 1) ak = *parse_public(f.content);
    if (f.number == 3) log = *tee::parse_event_log(f.content);
  }
  ASSERT_TRUE(ak && log);
  int quotes = 0, explained = 0;
  for (const auto& f : fields(message)) {
    if (f.number != 2) continue;
    ++quotes;
    std::optional<Attest> quote;
    std::optional<Signature> signature;
    std::map<unsigned, Bytes> pcrs;
    for (const auto& part : fields(f.content)) {
      if (part.number == 1) quote = *parse_attest(part.content);
      if (part.number == 2) signature = *parse_signature(part.content);
      if (part.number != 3) continue;
      for (const auto& row : fields(part.content)) {
        if (row.number != 2) continue;
        unsigned index = 0;
        Bytes value;
        for (const auto& column : fields(row.content))
          if (column.number == 1)
            index = static_cast<unsigned>(column.value);
          else
            value = bytes(column.content);
        pcrs[index] = value;
      }
    }
    ASSERT_TRUE(quote && signature && quote->quote() != nullptr);
    EXPECT_TRUE(verify_signature(*ak, *signature, quote->raw));
    const auto& selection = quote->quote()->selection.at(0);
    Bytes concatenated;
    for (const unsigned pcr : selection.pcrs)
      concatenated.insert(concatenated.end(), pcrs[pcr].begin(), pcrs[pcr].end());
    EXPECT_EQ(crypto::digest(signature->scheme.hash, concatenated), quote->quote()->pcr_digest);
    for (const auto& [pcr, value] : tee::replay(*log, selection.bank)) {
      EXPECT_EQ(value, pcrs[pcr]) << name(selection.bank) << " PCR " << pcr;
      ++explained;
    }
  }
  EXPECT_EQ(quotes, 3);
  EXPECT_GT(explained, 15);
}

TEST(TpmSamples, EventLogsOfRealMachines) {
  SEATLS_NEEDS_SAMPLES();
  int agile = 0, sha1_alone = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(seatls::testing::samples() / "eventlog/go-eventlog-tpm")) {
    const auto log = tee::parse_event_log(read_file(entry.path()));
    ASSERT_TRUE(log) << entry.path() << log.error().message();
    EXPECT_GT(log->events.size(), 20U) << entry.path();
    EXPECT_TRUE(tee::replay(*log, Hash::sha1).contains(0)) << entry.path();
    ++(tee::replay(*log, Hash::sha256).contains(0) ? agile : sha1_alone);
  }
  EXPECT_GE(agile, 5);
  EXPECT_LE(sha1_alone, 2);
}

TEST(TpmSamples, BogusEventLogsAreRefused) {
  SEATLS_NEEDS_SAMPLES();
  EXPECT_FALSE(tee::parse_event_log(sample("eventlog/keylime/binary_bios_measurements-bogus")));
  EXPECT_TRUE(tee::parse_event_log(sample("eventlog/keylime/binary_bios_measurements")));
  EXPECT_TRUE(tee::parse_event_log(sample("eventlog/keylime/binary_bios_measurements-secureboot")));
}

// EK certificates: critical extensions of the TCG profile are understood.
TEST(TpmSamples, EndorsementCertificatesOfGoogle) {
  SEATLS_NEEDS_SAMPLES();
  const auto read = [](const std::string& name) {
    const Bytes raw = sample("tpm/ca-certs/" + name);
    if (auto der = crypto::Certificate::from_der(raw)) return *der;
    return crypto::parse_pem_certificates(text(raw))->front();
  };
  const Time at = *base::from_rfc3339("2026-11-21T10:00:00Z");
  const std::vector anchors = {read("tpm_ek_root_1.cer")};
  for (const char* leaf :
       {"uca_tpm_ecc_sign_cert.pem", "uca_tpm_ecc_enc_cert.pem", "uca_tpm_rsa_enc_cert.pem"}) {
    const auto ok = verify_ek_chain({read(leaf), read("tpm_ek_intermediate_3.crt")}, anchors, at);
    EXPECT_TRUE(ok) << leaf << ": " << ok.error().message();
    EXPECT_FALSE(verify_ek_chain({read(leaf)}, anchors, at));
    EXPECT_FALSE(verify_ek_chain({read(leaf), read("tpm_ek_intermediate_3.crt")},
                                 {read("gcp_ek_ak_ca_root.crt")}, at));
  }
  // A certificate of an attestation key is none of an endorsement key.
  EXPECT_FALSE(verify_ek_chain({read("pca_tpm_ecc_sign_cert.pem"), read("gcp_ek_ak_ca_intermediate_v3.crt")},
                               {read("gcp_ek_ak_ca_root.crt")}, at));
}

}  // namespace
}  // namespace seatls::appraise::tpm
