#include "wire/remote_attestation.h"

#include <gtest/gtest.h>

#include "support/mutations.h"

namespace seatls::wire {
namespace {

using testing::survives_mutations;

const AttestationScheme kEat{ContentFormat{263}};
const AttestationScheme kMedia{MediaType{"application/x-t"}};
const AttestationScheme kResult{VerifierIdentity{"v.example"}};

//= early-attestation#body-parses-exactly
//= early-attestation#body-values-known
TEST(RemoteAttestation, EveryStructureSurvivesMutations) {
  survives_mutations(AttestationScheme{ContentFormat{0xffff}});
  survives_mutations(kMedia);
  survives_mutations(kResult);
  survives_mutations(EvidenceType{ContentFormat{263}});
  survives_mutations(EvidenceType{MediaType{"a/b"}});
  survives_mutations(VerifierIdentity{"v"});
  survives_mutations(ClientOffer{});
  survives_mutations(ClientOffer{{kEat}, {}});
  survives_mutations(ClientOffer{{}, {kResult}});
  survives_mutations(ClientOffer{{kMedia, kEat, kResult}, {kEat, kEat}});
  survives_mutations(ServerChoice{kMedia});
  survives_mutations(ServerChoice{kResult});
  survives_mutations(ClientChoice{kEat});
  survives_mutations(CertificateCredential{{0x82}});
  survives_mutations(CertificateCredential{Bytes(257, 0x5a)});
}

TEST(RemoteAttestation, AnEmptyNameIsNotMade) {
  auto result = codec::encode(ClientOffer{{kEat}, {kEat, {MediaType{""}}}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().path, "client_attester_schemes[1] > media_type");
  result = codec::encode(ServerChoice{{VerifierIdentity{""}}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().path, "chosen_server_scheme > verifier_identity");
  EXPECT_EQ(codec::encode(ClientChoice{{MediaType{""}}}).error().path, "chosen_client_scheme > media_type");
}

TEST(RemoteAttestation, NamesUpToTheLengthOfTheField) {
  const AttestationScheme longest{MediaType{std::string(0xffff, 'm')}};
  EXPECT_EQ(codec::decode<AttestationScheme>(*codec::encode(longest))->argument, longest.argument);
  EXPECT_EQ(codec::encode(AttestationScheme{MediaType{std::string(0x10000, 'm')}}).error().path,
            "media_type");
  // A list holds 65535 bytes, and so no name of 65535.
  EXPECT_EQ(codec::encode(ClientOffer{{longest}, {}}).error().path, "server_attester_schemes");
}

TEST(RemoteAttestation, TheLongestListOfTheSmallestSchemes) {
  ClientOffer offer{std::vector<AttestationScheme>(0xffff / 4, kEat), {}};
  const auto body = codec::encode(offer);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->size(), 2u + 0xfffc + 2);
  EXPECT_EQ(*codec::decode<ClientOffer>(*body), offer);
}

TEST(RemoteAttestation, OnlyBothListsEmptyMakesAnEmptyOffer) {
  EXPECT_TRUE(ClientOffer{}.empty());
  EXPECT_FALSE((ClientOffer{{kEat}, {}}.empty()));
  EXPECT_FALSE((ClientOffer{{}, {kEat}}.empty()));
}

//= early-attestation#payload-fits
TEST(RemoteAttestation, ACredentialFitsTheExtensionsOfItsEntryOrIsNotMade) {
  const auto fits = codec::encode(CertificateCredential{Bytes(65528, 0x5a)});
  ASSERT_TRUE(fits.ok());
  // extensions<0..2^16-1>: 4 bytes of header before the body
  EXPECT_EQ(fits->size() + 4, 0xffffu);
  EXPECT_EQ(codec::decode<CertificateCredential>(*fits)->cmw_payload.size(), 65528u);

  const auto larger = codec::encode(CertificateCredential{Bytes(65529, 0x5a)});
  ASSERT_FALSE(larger.ok());
  EXPECT_EQ(larger.error(),
            (Error{Code::evidence_too_large, "cmw_payload is 65529 bytes; the extension holds at most 65528",
                   "cmw_payload"}));
}

TEST(RemoteAttestation, ACredentialIsNeverEmpty) {
  EXPECT_EQ(codec::encode(CertificateCredential{}).error().code, Code::length_out_of_range);
}

}  // namespace
}  // namespace seatls::wire
