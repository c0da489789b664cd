// How much evidence fits into a Certificate message, over OpenSSL: 65528 bytes of CMW, and no byte more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attacks/kit.h"

namespace seatls::attacks {
namespace {

using fake::TlsPair;
using fake::TlsSetup;

const AttestationScheme& padded() {
  static const AttestationScheme value{EvidenceType{MediaType{"application/vnd.seatls.test.padded"}}};
  return value;
}

// of_size makes a CMW that is exactly `size` bytes long.
Cmw of_size(std::size_t size) {
  const auto cmw = [](std::size_t value) {
    return Cmw(
        CmwRecord{std::get<EvidenceType>(padded().argument), Bytes(value, 7), cmw_indicator::evidence});
  };
  const std::size_t around = encode_cmw(cmw(size - 100))->size() - (size - 100);
  EXPECT_EQ(encode_cmw(cmw(size - around))->size(), size);
  return cmw(size - around);
}

// Lenient takes whatever comes: what is tested is the way to it.
class Lenient final : public Verifier {
 public:
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {padded()}; }
  void appraise(AppraisalRequest request, Done done) override {
    received = encode_cmw(request.credential)->size();
    ResultParts parts;
    parts.tier = Tier::affirming;
    parts.scheme = "padded";
    parts.key = KeyProvenance::proven;
    parts.binder = bytes(request.binder.bytes());
    parts.evidence_digest = std::move(request.credential_digest);
    done(danger::result_from_parts(std::move(parts)));
  }
  std::size_t received = 0;
};

class Size : public testing::Test {
 protected:
  // run has `attesting` show so much evidence.
  TlsPair run(Role attesting, std::size_t size) {
    const auto attester = std::make_shared<Teller>(padded(), [size](const auto&) { return of_size(size); });
    auto c = client(verifier), s = server(own, nullptr);
    if (attesting == Role::server) {
      s.config->attester = attester;
    } else {
      c.config->require->attestation = Requirement::off;
      c.config->require->identity = IdentityRule::pki;
      c.identity = other_identity;
      c.config->attester = attester;
      s.config->require = demand(verifier);
    }
    return {c, s};
  }
  std::shared_ptr<Lenient> verifier = std::make_shared<Lenient>();
  fake::TlsIdentity own = fake::certified(), other_identity = fake::certified();
};

TEST_F(Size, D12TheLargestEvidencePasses) {
  for (const Role role : {Role::server, Role::client}) {
    auto pair = run(role, 65'528);
    expect_attested(pair);
    EXPECT_EQ(verifier->received, 65'528U);
  }
}

//= early-attestation#payload-fits
TEST_F(Size, D12OneByteMoreIsRefusedWhereItIsMade) {
  for (const Role role : {Role::server, Role::client}) {
    verifier->received = 0;
    auto pair = run(role, 65'529);
    expect_refused(pair, role, Code::evidence_too_large, 80,
                   role == Role::server ? fake::MessageType::client_hello : fake::MessageType::finished);
    const auto& error = *(role == Role::server ? pair.server : pair.client)->error();
    EXPECT_THAT(error.detail, testing::HasSubstr("65529"));
    EXPECT_THAT(error.detail, testing::HasSubstr("65528"));
    EXPECT_EQ(verifier->received, 0U) << "nothing of it was sent";
  }
}

}  // namespace
}  // namespace seatls::attacks
