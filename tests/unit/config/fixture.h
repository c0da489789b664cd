// A folder with everything that a configuration may name, and configurations that are right: a test
// changes one thing of them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "crypto/signature.h"
#include "crypto/x509.h"
#include "fake/swtpm.h"
#include "seatls/config_file.h"

namespace seatls::config {

inline const std::string server_text = R"([endpoint]
role = "server"
listen = "127.0.0.1:8443"
certificate = "server.pem"
key = "server.key"
ca = "ca.pem"

[attest]
attester = "software"
key = "attester.key"
swname = "seatls"

[require]
attestation = "required"
policy = "policy.toml"
accept = ["affirming", "warning"]
)";

inline const std::string client_text = R"([endpoint]
role = "client"
connect = "localhost:8443"
ca = "ca.pem"

[require]
policy = "policy.toml"
accept = ["affirming", "warning"]
)";

inline const std::string policy_text = R"(id = "test"
schemes = ["software"]

[software]
ak = ["attester.pem"]
swname = ["seatls"]

[danger]
software_evidence = true
)";

// changed returns `text` with `old` replaced once; a test that changes nothing is wrong itself.
inline std::string changed(std::string text, const std::string& old, const std::string& by) {
  const auto at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old << " is not in\n" << text;
  return at == std::string::npos ? text : text.replace(at, old.size(), by);
}

// Files fills a folder: a CA, server and client certificates of it, an attestation key, a policy.
class Files {
 public:
  Files() {
    using crypto::KeyType;
    const auto ca_key = crypto::PrivateKey::generate(KeyType::p256).value();
    crypto::CertificateSpec spec;
    spec.common_name = "test CA";
    spec.is_ca = true;
    const auto ca = crypto::make_self_signed(spec, ca_key).value();
    write("ca.pem", crypto::to_pem(ca));
    for (const char* name : {"server", "client"}) {
      const auto key = crypto::PrivateKey::generate(KeyType::p256).value();
      write_key(std::string(name) + ".key", key);
      certify(name, {}, key.public_key(), crypto::Issuer{ca, ca_key});
      crypto::CertificateSpec past;
      past.not_before = std::chrono::time_point_cast<Time::duration>(std::chrono::system_clock::now()) -
                        std::chrono::hours(48);
      past.lifetime = std::chrono::hours(24);
      certify(std::string(name) + "-ended", past, key.public_key(), crypto::Issuer{ca, ca_key});
      crypto::CertificateSpec coming;
      coming.not_before = past.not_before + std::chrono::hours(96);
      certify(std::string(name) + "-coming", coming, key.public_key(), crypto::Issuer{ca, ca_key});
    }
    const auto attester = crypto::PrivateKey::generate(KeyType::p256).value();
    write_key("attester.key", attester);
    write("attester.pem", attester.public_key().to_pem());
    write_key("ed25519.key", crypto::PrivateKey::generate(KeyType::ed25519).value());
    write("policy.toml", policy_text);
    write("rubbish.pem", "rubbish\n");
  }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  void write_key(const std::string& name, const crypto::PrivateKey& key) const {
    const auto pem = key.to_pem().value();
    write(name, text(pem.reveal()));
  }
  void certify(const std::string& name, crypto::CertificateSpec spec, const crypto::PublicKey& key,
               const crypto::Issuer& issuer) const {
    spec.common_name = name;
    spec.dns_names = {"localhost"};
    write(name + ".pem", crypto::to_pem(crypto::make_certificate(spec, key, issuer).value()));
  }
  fake::TemporaryFolder folder_;
};

class ConfigTest : public ::testing::Test {
 protected:
  [[nodiscard]] ConfigReport check(const std::string& toml, std::optional<Role> role = {}) const {
    files.write("seatls.toml", toml);
    return check_config(files.path("seatls.toml"), role);
  }
  [[nodiscard]] LoadedConfig good(const std::string& toml, std::optional<Role> role = {}) const {
    auto report = check(toml, role);
    for (const auto& m : report.mistakes) ADD_FAILURE() << m.message();
    if (report.loaded) return std::move(*report.loaded);
    LoadedConfig nothing;
    nothing.config.require.emplace();
    return nothing;
  }
  // mistake returns the only one; it is told completely, and at a line where the key stands.
  [[nodiscard]] ConfigMistake mistake(const std::string& toml, std::optional<Role> role = {}) const {
    const auto report = check(toml, role);
    EXPECT_FALSE(report.loaded) << toml;
    EXPECT_EQ(report.mistakes.size(), 1U) << toml;
    for (const auto& m : report.mistakes) {
      EXPECT_FALSE(m.what.empty() || m.remedy.empty() || m.file.empty()) << m.message();
      if (report.mistakes.size() > 1) ADD_FAILURE() << m.message();
    }
    return report.mistakes.empty() ? ConfigMistake{} : report.mistakes.front();
  }
  Files files;
};

// Row is one change of a right configuration, and the mistake that it makes.
struct Row {
  const char* old;
  const char* by;
  const char* key;
  unsigned line;
  const char* what;    // a part of it
  const char* remedy;  // a part of it
};

#define SEATLS_EXPECT_MISTAKE(found, row)                          \
  do {                                                             \
    const ConfigMistake told = (found);                            \
    SCOPED_TRACE(std::string((row).by) + " -> " + told.message()); \
    EXPECT_EQ(told.key, (row).key);                                \
    EXPECT_EQ(told.line, (row).line);                              \
    EXPECT_THAT(told.what, ::testing::HasSubstr((row).what));      \
    EXPECT_THAT(told.remedy, ::testing::HasSubstr((row).remedy));  \
  } while (false)

}  // namespace seatls::config
