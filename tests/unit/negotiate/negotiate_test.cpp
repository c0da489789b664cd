#include "negotiate/negotiate.h"

#include <gtest/gtest.h>

#include "fake/attester.h"
#include "fake/verifier.h"

namespace seatls::negotiate {
namespace {

using fake::evidence_scheme;
using fake::other_evidence_scheme;
using fake::passport_scheme;
using Schemes = std::vector<AttestationScheme>;

const AttestationScheme a = evidence_scheme(), b = other_evidence_scheme(), c = passport_scheme();

// endpoint attests by `own` and asks for one of `wanted`; both may be empty.
Config endpoint(Role role, const Schemes& own, const Schemes& wanted,
                Requirement requirement = Requirement::required) {
  static const auto tee = std::make_shared<fake::FakeTee>();
  Config config;
  config.role = role;
  if (!own.empty()) {
    auto attester = std::make_shared<fake::FakeAttester>(tee);
    attester->list = own;
    config.attester = attester;
  }
  if (role == Role::client || !wanted.empty()) {
    config.require.emplace();
    config.require->attestation = requirement;
    auto verifier = std::make_shared<fake::FakeVerifier>();
    verifier->list = wanted;
    config.require->verifier = verifier;
  }
  return config;
}

// ---- offer -------------------------------------------------------------------------------------

//= early-attestation#offer-in-preference-order
//= early-attestation#offer-only-producible
//= early-attestation#offer-only-appraisable
TEST(Offer, ListsWhatCanBeAppraisedAndWhatCanBeProduced) {
  const auto offered = offer(endpoint(Role::client, {c, a}, {b, a}), true);
  ASSERT_TRUE(offered.ok());
  ASSERT_TRUE(offered.value());
  EXPECT_EQ(offered.value()->server_attester_schemes, (Schemes{b, a})) << "in the verifier's order";
  EXPECT_EQ(offered.value()->client_attester_schemes, (Schemes{c, a})) << "in the attester's order";
}

//= early-attestation#offer-needs-certificate
TEST(Offer, WithoutCertificateTheClientDoesNotOfferToAttestItself) {
  const auto offered = offer(endpoint(Role::client, {a}, {b}), false);
  EXPECT_TRUE(offered.value()->client_attester_schemes.empty());
  EXPECT_EQ(offered.value()->server_attester_schemes, (Schemes{b}));
}

TEST(Offer, WhatIsSwitchedOffIsNotOffered) {
  const auto offered = offer(endpoint(Role::client, {a}, {b}, Requirement::off), true);
  EXPECT_TRUE(offered.value()->server_attester_schemes.empty());
  EXPECT_EQ(offered.value()->client_attester_schemes, (Schemes{a}));
}

//= early-attestation#offer-not-empty
TEST(Offer, NothingToSayIsNoOffer) {
  EXPECT_FALSE(offer(endpoint(Role::client, {}, {b}, Requirement::off), true).value());
  EXPECT_FALSE(offer(endpoint(Role::client, {a}, {}, Requirement::optional), false).value());
}

//= early-attestation#offer-not-empty
TEST(Offer, RequiredWithNothingToAppraiseIsMisuse) {
  EXPECT_EQ(offer(endpoint(Role::client, {a}, {}), true).error().code, Code::misuse);
}

TEST(Offer, AClientThatDemandsNothingMustSaySo) {
  Config config;
  EXPECT_EQ(offer(config, true).error().code, Code::configuration);
}

TEST(Offer, EachSchemeStandsOnce) {
  EXPECT_EQ(offer(endpoint(Role::client, {}, {b, a, b}), true).value()->server_attester_schemes,
            (Schemes{b, a}));
}

// ---- choose ------------------------------------------------------------------------------------

struct Row {
  const char* what;
  Schemes own, wanted;  // of the server
  Requirement requirement;
  Schemes server_attester_schemes, client_attester_schemes;
  std::optional<AttestationScheme> server_scheme, client_scheme;  // what is chosen
};

//= early-attestation#server-scheme-from-offer
//= early-attestation#client-scheme-from-offer
//= early-attestation#offer-in-preference-order
TEST(Choose, OneSchemePerDirection) {
  const Row rows[] = {
      {"server attests", {a}, {}, Requirement::off, {a}, {}, a, {}},
      {"client attests", {}, {a}, Requirement::required, {}, {a}, {}, a},
      {"mutual", {a}, {b}, Requirement::required, {a}, {b}, a, b},
      {"the client's first that the server has", {a, b, c}, {}, Requirement::off, {c, b, a}, {}, c, {}},
      {"the client's first in both directions", {a}, {b, c}, Requirement::required, {b, a}, {c, b}, a, c},
      {"evidence and result of the same name differ", {c}, {}, Requirement::off, {a, c}, {}, c, {}},
      {"an optional client that cannot", {a}, {b}, Requirement::optional, {a}, {}, a, {}},
      {"an optional client with other schemes", {a}, {b}, Requirement::optional, {a}, {c}, a, {}},
      {"a client whose attestation is switched off", {a}, {b}, Requirement::off, {a}, {b}, a, {}},
      {"the client does not ask the server", {a}, {b}, Requirement::required, {}, {b}, {}, b},
      {"nothing of the server's, something of the client's",
       {a},
       {b},
       Requirement::required,
       {c},
       {b},
       {},
       b},
  };
  for (const Row& row : rows) {
    const wire::ClientOffer offered{row.server_attester_schemes, row.client_attester_schemes};
    const auto choice = choose(endpoint(Role::server, row.own, row.wanted, row.requirement), &offered);
    ASSERT_TRUE(choice.ok()) << row.what << ": " << choice.error().message();
    EXPECT_EQ(choice->server_scheme, row.server_scheme) << row.what;
    EXPECT_EQ(choice->client_scheme, row.client_scheme) << row.what;
  }
}

struct Refusal {
  const char* what;
  Schemes own, wanted;
  Requirement requirement;
  std::optional<wire::ClientOffer> offer;
  Code code;
  const char* path;
};

//= early-attestation#empty-offer-refused
//= early-attestation#no-common-scheme
//= early-attestation#required-fails-closed
TEST(Choose, RefusesWithTheReason) {
  const Refusal rows[] = {
      {"no offer, attestation required",
       {},
       {a},
       Requirement::required,
       {},
       Code::attestation_required,
       "client ClientHello"},
      {"both lists empty",
       {a},
       {},
       Requirement::off,
       wire::ClientOffer{},
       Code::empty_offer,
       "client ClientHello > remoteAttestation"},
      {"both lists empty, for a server that wants nothing",
       {},
       {},
       Requirement::off,
       wire::ClientOffer{},
       Code::empty_offer,
       "client ClientHello > remoteAttestation"},
      {"nothing common",
       {a},
       {b},
       Requirement::required,
       wire::ClientOffer{{c}, {c}},
       Code::unsupported_attestation_schemes,
       "client ClientHello > remoteAttestation"},
      {"nothing common with a server that only attests",
       {a},
       {},
       Requirement::off,
       wire::ClientOffer{{b}, {a}},
       Code::unsupported_attestation_schemes,
       "client ClientHello > remoteAttestation"},
      {"nothing common, optional",
       {},
       {b},
       Requirement::optional,
       wire::ClientOffer{{}, {c}},
       Code::unsupported_attestation_schemes,
       "client ClientHello > remoteAttestation"},
      {"D10: the client offers only what the server does not want",
       {a},
       {},
       Requirement::off,
       wire::ClientOffer{{}, {a}},
       Code::unsupported_attestation_schemes,
       "client ClientHello > remoteAttestation"},
      {"required, and the client will not",
       {a},
       {b},
       Requirement::required,
       wire::ClientOffer{{a}, {}},
       Code::attestation_required,
       "client ClientHello > remoteAttestation > client_attester_schemes"},
      {"required, and the client will not; nor is there a scheme for the server",
       {a},
       {b},
       Requirement::required,
       wire::ClientOffer{{c}, {}},
       Code::attestation_required,
       "client ClientHello > remoteAttestation > client_attester_schemes"},
      {"required, and the client cannot by a scheme of ours",
       {a},
       {b},
       Requirement::required,
       wire::ClientOffer{{a}, {c}},
       Code::attestation_required,
       "client ClientHello > remoteAttestation > client_attester_schemes"},
  };
  for (const Refusal& row : rows) {
    const auto choice = choose(endpoint(Role::server, row.own, row.wanted, row.requirement),
                               row.offer ? &*row.offer : nullptr);
    ASSERT_FALSE(choice.ok()) << row.what;
    EXPECT_EQ(choice.error().code, row.code) << row.what;
    EXPECT_EQ(choice.error().path, row.path) << row.what;
  }
}

//= early-attestation#server-may-omit
TEST(Choose, AServerWithNeitherAttesterNorDemandStaysSilent) {
  const wire::ClientOffer offered{{a}, {b}};
  const auto choice = choose(endpoint(Role::server, {}, {}), &offered);
  ASSERT_TRUE(choice.ok());
  EXPECT_FALSE(choice->any());
}

TEST(Choose, NoOfferIsFineWhereNothingIsRequired) {
  for (auto requirement : {Requirement::optional, Requirement::off})
    EXPECT_FALSE(choose(endpoint(Role::server, {a}, {b}, requirement), nullptr)->any());
}

TEST(Choose, ARefusalNamesWhatBothSidesHave) {
  const wire::ClientOffer offered{{c}, {}};
  const auto choice = choose(endpoint(Role::server, {a}, {}), &offered);
  const std::string& detail = choice.error().detail;
  EXPECT_NE(detail.find(describe(c)), std::string::npos) << detail;
  EXPECT_NE(detail.find(describe(a)), std::string::npos) << detail;
}

// ---- check_choice ------------------------------------------------------------------------------

//= early-attestation#choice-was-offered
TEST(CheckChoice, EachChosenSchemeWasOfferedInItsOwnList) {
  const Config client = endpoint(Role::client, {b}, {a});
  const wire::ClientOffer offered{{a}, {b}};
  EXPECT_TRUE(check_choice(client, offered, Role::server, a).ok());
  EXPECT_TRUE(check_choice(client, offered, Role::client, b).ok());
  EXPECT_EQ(check_choice(client, offered, Role::server, c).error().code, Code::scheme_not_offered);
  EXPECT_EQ(check_choice(client, offered, Role::server, b).error().code, Code::scheme_not_offered)
      << "the other list's";
  EXPECT_EQ(check_choice(client, offered, Role::client, a).error().code, Code::scheme_not_offered);
  EXPECT_EQ(check_choice(client, {{a}, {}}, Role::client, b).error().code, Code::scheme_not_offered);
}

//= early-attestation#wanted-attestation-not-chosen
// D10: why the server chose nothing does not matter.
TEST(CheckChoice, NothingChosenIsRefusedOnlyWhereAttestationIsRequired) {
  const wire::ClientOffer offered{{a}, {b}};
  for (auto requirement : {Requirement::required, Requirement::optional, Requirement::off}) {
    const Config client = endpoint(Role::client, {b}, {a}, requirement);
    const auto checked = check_choice(client, offered, Role::server, std::nullopt);
    EXPECT_EQ(checked.ok(), requirement != Requirement::required);
    if (!checked.ok()) {
      EXPECT_EQ(checked.error().code, Code::attestation_required);
    }
    EXPECT_TRUE(check_choice(client, offered, Role::client, std::nullopt).ok())
        << "a server need not want the client's attestation";
  }
}

}  // namespace
}  // namespace seatls::negotiate
