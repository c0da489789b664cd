#include <gtest/gtest.h>

#include <functional>

#include "seatls/config.h"

namespace seatls {
namespace {

struct ListingVerifier : Verifier {
  std::vector<AttestationScheme> list{{EvidenceType{ContentFormat{263}}}};
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return list; }
  void appraise(AppraisalRequest, Done done) override { done(Error{Code::verifier_unavailable, "", ""}); }
};
struct ListingAttester : Attester {
  std::vector<AttestationScheme> list{{EvidenceType{ContentFormat{263}}}};
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return list; }
  void attest(EvidenceRequest, Done done) override { done(Error{Code::attester_unavailable, "", ""}); }
};

Config good_client() {
  Config config;
  config.require.emplace();
  config.require->verifier = std::make_shared<ListingVerifier>();
  config.attester = std::make_shared<ListingAttester>();
  return config;
}

TEST(Validate, AcceptsWhatIsComplete) {
  EXPECT_TRUE(good_client().validate().ok());
  Config server;
  server.role = Role::server;
  EXPECT_TRUE(server.validate().ok()) << "a server without `require` demands nothing";
  Config off;
  off.require.emplace();
  off.require->attestation = Requirement::off;
  EXPECT_TRUE(off.validate().ok()) << "a client that says it demands nothing";
}

TEST(Validate, SaysWhatIsMissingAndHowToMendIt) {
  struct Row {
    const char* path;
    const char* remedy;
    std::function<void(Config&)> spoil;
  };
  const Row rows[] = {
      {"require", "attestation = \"required\"", [](Config& c) { c.require.reset(); }},
      {"require > verifier", "set a verifier", [](Config& c) { c.require->verifier.reset(); }},
      {"require > verifier", "set a verifier",
       [](Config& c) {
         c.require->attestation = Requirement::optional;
         c.require->verifier.reset();
       }},
      {"require > verifier", "name at least one",
       [](Config& c) { static_cast<ListingVerifier&>(*c.require->verifier).list.clear(); }},
      {"require > accept", "[\"affirming\"]", [](Config& c) { c.require->accept.clear(); }},
      {"require > accept", "never accepted", [](Config& c) { c.require->accept.push_back(Tier::none); }},
      {"require > accept", "never accepted", [](Config& c) { c.require->accept = {Tier::contraindicated}; }},
      {"require > identity", "pki+attested", [](Config& c) { c.require->identity = IdentityRule::pki; }},
      {"require > identity", "\"pki\"",
       [](Config& c) {
         c.require->attestation = Requirement::off;
         c.require->identity = IdentityRule::attested_key;
       }},
      {"attest", "leave the attester out",
       [](Config& c) { static_cast<ListingAttester&>(*c.attester).list.clear(); }},
      {"credential_timeout", "10000", [](Config& c) { c.credential_timeout = std::chrono::milliseconds{0}; }},
      {"alerts > unsupported_attestation_schemes", "error alert",
       [](Config& c) { c.alerts.unsupported_attestation_schemes = 0; }},
      {"alerts > attestation_required_of_client", "error alert",
       [](Config& c) { c.alerts.attestation_required_of_client = 90; }},
      {"alerts > attestation_required_of_server", "error alert",
       [](Config& c) { c.alerts.attestation_required_of_server = 0; }},
      {"alerts > attestation_failed", "error alert", [](Config& c) { c.alerts.attestation_failed = 0; }},
  };
  for (const Row& row : rows) {
    Config config = good_client();
    row.spoil(config);
    const auto checked = config.validate();
    ASSERT_FALSE(checked.ok()) << row.path;
    EXPECT_EQ(checked.error().code, Code::configuration);
    EXPECT_EQ(checked.error().path, row.path);
    EXPECT_NE(checked.error().detail.find(row.remedy), std::string::npos) << checked.error().detail;
  }
}

}  // namespace
}  // namespace seatls
