// What needs a TPM: keys that live in it, and a TPM that is not there.
#include <openssl/ssl.h>

#include "attest/tpm2/keys.h"
#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::HasSubstr;
namespace tpm2 = attest::tpm2;

class TpmConfig : public fake::SwtpmTest {
 protected:
  void SetUp() override {
    fake::SwtpmTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const TpmAccess access{tcti(), "", ""};
    const auto ak = tpm2::create_key(access, tpm2::KeyUse::attestation, crypto::KeyType::p256).value();
    const auto tik = tpm2::create_key(access, tpm2::KeyUse::tik, crypto::KeyType::p256).value();
    files.write("ak.key", tpm2::write_key_file(ak));
    files.write("tik.key", tpm2::write_key_file(tik));
    const auto signer = make_tpm_signer(access, files.read("tik.key")).value();
    const auto key = crypto::PublicKey::from_spki(signer->public_key().der()).value();
    crypto::CertificateSpec spec;
    spec.common_name = "tpm server";
    files.write("tik.pem", crypto::to_pem(crypto::make_self_signed(
                                              spec, key, crypto::SignatureAlgorithm::ecdsa_p256_sha256,
                                              tpm2::sign_with(signer))
                                              .value()));
    text =
        "[endpoint]\nrole = \"server\"\ncertificate = \"tik.pem\"\nkey = \"tik.key\"\n[attest]\nattester = "
        "\"tpm2\"\ntcti = \"" +
        tcti() + "\"\nak = \"ak.key\"\npcrs = [0, 7]\n";
  }
  [[nodiscard]] ConfigReport check(const std::string& toml) const {
    files.write("seatls.toml", toml);
    return check_config(files.path("seatls.toml"));
  }
  [[nodiscard]] ConfigMistake mistake(const std::string& toml) const {
    const auto report = check(toml);
    for (const auto& m : report.mistakes)
      if (report.mistakes.size() > 1) ADD_FAILURE() << m.message();
    EXPECT_EQ(report.mistakes.size(), 1U) << toml;
    return report.mistakes.empty() ? ConfigMistake{} : report.mistakes.front();
  }
  Files files;
  std::string text;
};

TEST_F(TpmConfig, AKeyInTheTpmIsUsedThroughItsSigner) {
  const auto report = check(text);
  for (const auto& m : report.mistakes) ADD_FAILURE() << m.message();
  ASSERT_TRUE(report.loaded);
  EXPECT_TRUE(report.loaded->config.attester);
  EXPECT_TRUE(report.loaded->key_signer);
  EXPECT_FALSE(report.loaded->key_pem);
  EXPECT_TRUE(report.loaded->config.dangers.empty());
  const auto context = openssl::make_context(*report.loaded);
  ASSERT_TRUE(context.ok()) << context.error().message();
  SSL_CTX_free(*context);
}

TEST_F(TpmConfig, AnEphemeralKeyIsMadeInTheTpm) {
  const auto report =
      check(changed(text, "certificate = \"tik.pem\"\nkey = \"tik.key\"\n", "certificate = \"ephemeral\"\n"));
  for (const auto& m : report.mistakes) ADD_FAILURE() << m.message();
  ASSERT_TRUE(report.loaded);
  EXPECT_TRUE(report.loaded->key_signer);
}

TEST_F(TpmConfig, EachMistakeIsTold) {
  for (const auto& row : {
           Row{"\"tik.key\"", "\"server.key\"", "endpoint.key", 4, "this one lies in a file",
               "key create --tpm"},
           Row{"\"tik.pem\"", "\"server.pem\"", "endpoint.certificate", 3, "of another key", "comes first"},
           Row{"ak = \"ak.key\"\n", "", "attest.ak", 5, "missing", "key create --ak"},
           Row{"\"ak.key\"", "\"none.key\"", "attest.ak", 8, "No such file", "beside this one"},
           Row{"\"ak.key\"", "\"tik.key\"", "attest.attester", 6, "", "attest.ak"},
           Row{"[0, 7]", "[24]", "attest.pcrs", 9, "no PCR 24", "0 to 23"},
           Row{"[0, 7]", "[-1]", "attest.pcrs", 9, "no PCR -1", "0 to 23"},
           Row{"[0, 7]", "[]", "attest.pcrs", 9, "no PCR is quoted", "name at least one"},
           Row{"[0, 7]", "[0]\npcr_bank = \"md5\"", "attest.pcr_bank", 10, "sha256", ""},
           Row{"[0, 7]", "[0]\nak_certificate = \"rubbish.pem\"", "attest.ak_certificate", 10,
               "no PEM certificate", "its issuers"},
           Row{"[0, 7]", "[0]\nek_certificate = \"none.pem\"", "attest.ek_certificate", 10, "No such file",
               ""},
           Row{"[0, 7]", "[0]\nevent_log = \"none\"", "attest.event_log", 10, "No such file", ""},
           Row{"[0, 7]", "[0]\nswname = \"x\"", "attest.swname", 10, "has no such key", "leave it out"},
       })
    SEATLS_EXPECT_MISTAKE(mistake(changed(text, row.old, row.by)), row);
}

TEST_F(TpmConfig, ATpmThatIsNotThereIsNoMistakeOfTheFile) {
  tpm().kill();
  const auto m = mistake(text);
  EXPECT_EQ(m.key, "endpoint.key");
  EXPECT_EQ(m.code, Code::tpm);
  EXPECT_THAT(m.remedy, HasSubstr("attest.tcti"));
  const auto loaded = load_config(files.path("seatls.toml"));
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, Code::tpm);
}

}  // namespace
}  // namespace seatls::config
