#include "wire/exported_messages.h"

#include "support/mutations.h"

namespace seatls {
namespace {

using testing::survives_mutations;

TEST(ExportedMessages, SurviveMutations) {
  const std::vector<exported::Extension> extensions = {{13, {0, 2, 4, 3}}, {0xFF5F, {}}};
  survives_mutations(wire::HandshakeMessage{11, {1, 2, 3}});
  survives_mutations(wire::CertificateRequest{Bytes(4, 1), extensions});
  survives_mutations(wire::Certificate{Bytes(2, 1), {{Bytes(3, 2), extensions}, {Bytes(1, 3), {}}}});
  survives_mutations(wire::CertificateVerify{exported::SignatureScheme::ed25519, Bytes(5, 1)});
  survives_mutations(wire::SignatureSchemeList{
      {exported::SignatureScheme::ed25519, exported::SignatureScheme::rsa_pss_rsae_sha256}});
  survives_mutations(wire::ServerNameList{"a.example"});
  survives_mutations(wire::CmwAttestation{Bytes(5, 1)});
  survives_mutations(wire::WantedSchemes{{{EvidenceType{ContentFormat{263}}}, {VerifierIdentity{"v"}}}});
}

//= expat#cmw-data-fits
TEST(ExportedMessages, CmwThatDoesNotFitIsNotWritten) {
  EXPECT_TRUE(codec::encode(wire::CmwAttestation{Bytes(65529)}).ok());
  const auto large = codec::encode(wire::CmwAttestation{Bytes(65530)});
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code, Code::evidence_too_large);
  EXPECT_EQ(large.error().detail, "cmw_data is 65530 bytes; the extension holds at most 65529");
  EXPECT_EQ(codec::decode<wire::CmwAttestation>(Bytes{0, 0}).error().code, Code::length_out_of_range);
}

//= rfc9261#messages-have-headers
TEST(ExportedMessages, AreSplitWithTheirHeaders) {
  const auto two = wire::split_messages(Bytes{11, 0, 0, 1, 9, 20, 0, 0, 0}, 3);
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(*two, (std::vector<wire::HandshakeMessage>{{11, {9}}, {20, {}}}));
  EXPECT_EQ(wire::split_messages({}, 3).error().code, Code::truncated);
  EXPECT_EQ(wire::split_messages(Bytes{20, 0, 0, 0, 20, 0, 0, 0}, 1).error().code, Code::trailing_data);
}

}  // namespace
}  // namespace seatls
