// [endpoint]: role, addresses, suites, and the certificate with its key.
#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::HasSubstr;

class Endpoint : public ConfigTest {};

TEST_F(Endpoint, AServerIsReadWhole) {
  auto text = changed(server_text, "ca = \"ca.pem\"",
                      "ca = \"ca.pem\"\nsuites = [\"TLS_AES_256_GCM_SHA384\", \"TLS_AES_128_GCM_SHA256\"]\n"
                      "extension_type = 0xFDE8\ncredential_timeout = \"3s\"");
  const auto loaded = good(text, Role::server);
  EXPECT_EQ(loaded.path, files.path("seatls.toml"));
  EXPECT_EQ(loaded.config.role, Role::server);
  EXPECT_EQ(loaded.listen, "127.0.0.1:8443");
  EXPECT_EQ(loaded.certificate_pem, files.read("server.pem"));
  EXPECT_TRUE(loaded.key_pem);
  EXPECT_FALSE(loaded.key_signer);
  EXPECT_EQ(loaded.ca_pem, files.read("ca.pem"));
  EXPECT_EQ(loaded.suites, (std::vector<std::string>{"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"}));
  EXPECT_EQ(loaded.config.extension_type, 0xFDE8);
  EXPECT_EQ(loaded.config.credential_timeout, std::chrono::seconds(3));
}

TEST_F(Endpoint, AClientIsReadWhole) {
  const auto loaded = good(client_text, Role::client);
  EXPECT_EQ(loaded.config.role, Role::client);
  EXPECT_EQ(loaded.connect, "localhost:8443");
  EXPECT_TRUE(loaded.certificate_pem.empty());
  EXPECT_FALSE(loaded.key_pem);
  EXPECT_FALSE(loaded.config.attester);
  EXPECT_EQ(loaded.config.extension_type, 0xFF5E);
  EXPECT_EQ(loaded.config.credential_timeout, std::chrono::seconds(10));
}

TEST_F(Endpoint, EachMistakeOfAServerIsTold) {
  for (const auto& row : {
           Row{"role = \"server\"", "role = \"sever\"", "endpoint.role", 2, "server, client",
               "did you mean \"server\"?"},
           Row{"127.0.0.1:8443", "8443", "endpoint.listen", 3, "no address", "HOST:PORT"},
           Row{"127.0.0.1:8443", "127.0.0.1:99999", "endpoint.listen", 3, "no address", "65535"},
           Row{"listen =", "connect =", "endpoint.connect", 3, "the role server has no such key", "listen ="},
           Row{"key = \"server.key\"", "key = \"client.key\"", "endpoint.certificate", 4, "of another key",
               "comes first"},
           Row{"\"server.pem\"", "\"none.pem\"", "endpoint.certificate", 4, "No such file",
               "beside this one"},
           Row{"\"server.pem\"", "\"rubbish.pem\"", "endpoint.certificate", 4, "", "PEM file"},
           Row{"\"server.pem\"", "\"server.key\"", "endpoint.certificate", 4, "", "PEM file"},
           Row{"\"server.pem\"", "\"server-ended.pem\"", "endpoint.certificate", 4, "ended at 20", "key csr"},
           Row{"\"server.pem\"", "\"server-coming.pem\"", "endpoint.certificate", 4, "begins at 20", "clock"},
           Row{"\"server.key\"", "\"none.key\"", "endpoint.key", 5, "No such file", "beside this one"},
           Row{"\"server.key\"", "\"rubbish.pem\"", "endpoint.key", 5, "", "without password"},
           Row{"\"server.key\"", "\"tpm:0x81000001\"", "endpoint.key", 5, "no TPM is configured",
               "attester = \"tpm2\""},
           Row{"\"ca.pem\"", "\"none.pem\"", "endpoint.ca", 6, "No such file", "beside this one"},
           Row{"\"ca.pem\"", "\"rubbish.pem\"", "endpoint.ca", 6, "no PEM certificate", "CA certificates"},
           Row{"ca =", "suites = []\nca =", "endpoint.suites", 6, "no suite", "leave the key out"},
           Row{"ca =", "extension_type = 0\nca =", "endpoint.extension_type", 6, "0 is no", "65535"},
           Row{"ca =", "extension_type = 65536\nca =", "endpoint.extension_type", 6, "65536 is no", "65535"},
           Row{"ca =", "credential_timeout = \"99ms\"\nca =", "endpoint.credential_timeout", 6,
               "100ms to 10m", "10s"},
           Row{"ca =", "credential_timeout = \"11m\"\nca =", "endpoint.credential_timeout", 6, "100ms to 10m",
               "10s"},
           Row{"ca =", "credential_timeout = \"soon\"\nca =", "endpoint.credential_timeout", 6, "no duration",
               "250ms"},
           Row{"certificate = \"server.pem\"\n", "", "endpoint.certificate", 1, "a key without a certificate",
               "ephemeral"},
           Row{"key = \"server.key\"\n", "", "endpoint.key", 1, "without its key", "tpm:0x81"},
           Row{"certificate = \"server.pem\"\nkey = \"server.key\"\n", "", "endpoint.certificate", 1,
               "a server needs a certificate", "seatls init"},
       })
    SEATLS_EXPECT_MISTAKE(mistake(changed(server_text, row.old, row.by)), row);
}

TEST_F(Endpoint, EachMistakeOfAClientIsTold) {
  for (const auto& row : {
           Row{"role = \"client\"\n", "", "endpoint.role", 1, "the role is missing", "role = \"server\" or"},
           Row{"connect =", "listen =", "endpoint.listen", 3, "the role client has no such key", "connect ="},
           Row{"localhost:8443", "localhost", "endpoint.connect", 3, "no address", "HOST:PORT"},
           Row{"ca =", "certificate = \"ephemeral\"\nca =", "endpoint.certificate", 4, "proves nothing",
               "[attest]"},
           Row{"[require]", "[attest]\nattester = \"software\"\n[require]", "endpoint.certificate", 1,
               "there is none", "ephemeral"},
       })
    SEATLS_EXPECT_MISTAKE(mistake(changed(client_text, row.old, row.by)), row);
}

TEST_F(Endpoint, AnEphemeralClientGetsAKeyAndACertificateOfItsOwn) {
  const auto text = changed(client_text, "[require]", "[attest]\nattester = \"software\"\n\n[require]");
  const auto with = changed(text, "ca =", "certificate = \"ephemeral\"\nca =");
  const auto one = good(with);
  const auto two = good(with);
  EXPECT_TRUE(one.key_pem);
  EXPECT_NE(one.certificate_pem, two.certificate_pem) << "each start makes its own";
  const auto chain = crypto::parse_pem_certificates(one.certificate_pem).value();
  EXPECT_EQ(chain.size(), 1U);
  EXPECT_THAT(chain.front().subject(), HasSubstr("seatls ephemeral"));
}

TEST_F(Endpoint, AFileForTheOtherRoleIsRefused) {
  EXPECT_THAT(mistake(server_text, Role::client).remedy, HasSubstr("`seatls connect` needs"));
  EXPECT_THAT(mistake(client_text, Role::server).remedy, HasSubstr("`seatls serve` needs"));
}

TEST_F(Endpoint, WithoutTheSectionThatIsToldAlone) {
  const auto m = mistake("");
  EXPECT_EQ(m.key, "endpoint");
  EXPECT_EQ(m.line, 0U);
}

TEST_F(Endpoint, NamesAreLookedForBesideTheFileAndMayBeAbsolute) {
  const auto loaded = good(changed(client_text, "\"ca.pem\"", "\"" + files.path("ca.pem") + "\""));
  EXPECT_EQ(loaded.ca_pem, files.read("ca.pem"));
}

}  // namespace
}  // namespace seatls::config
