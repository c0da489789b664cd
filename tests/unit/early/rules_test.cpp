// Every rule of the in-handshake protocol that the core decides: the exact error, the alert on the
// wire, the message at which it happens, and the honest twin.
#include <gtest/gtest.h>

#include "codec/tls.h"
#include "crypto/hash.h"
#include "fixture.h"
#include "wire/remote_attestation.h"

namespace seatls::fake {
namespace {

using enum MessageType;

Bytes offer_body(std::vector<AttestationScheme> server, std::vector<AttestationScheme> client) {
  return codec::encode(wire::ClientOffer{std::move(server), std::move(client)}).value();
}
Bytes choice_body(const AttestationScheme& scheme) { return codec::encode(scheme).value(); }

// replace returns a change of the extension's body in the message's first place for it.
std::function<void(Message&)> replace(std::optional<Bytes> body) {
  return [body](Message& m) {
    Extensions& where = m.type == certificate ? m.entries.at(0).extensions : m.extensions;
    set(where, extension_type, body);
  };
}

struct Row {
  const char* what;
  Pair (*pair)(Requirement);
  Role sender;
  MessageType message;
  std::function<void(Message&)> change;
  Refused expected;
};

//= early-attestation#body-parses-exactly
//= early-attestation#body-values-known
//= early-attestation#empty-offer-refused
//= early-attestation#choice-was-offered
// Cannot be parsed → decode_error (50); parses, but holds what it may not → illegal_parameter (47).
TEST(Rules, MalformedAndForbiddenBodies) {
  const Bytes good = choice_body(evidence_scheme());
  Bytes trailing = good, truncated = good;
  trailing.push_back(0);
  truncated.pop_back();
  const Bytes unknown_mechanism = {7, 0, 1, 7};
  const Bytes unknown_encoding = {0, 9, 1, 7};
  const Bytes empty_media_type = {0, 1, 0, 0};
  const Bytes empty = {};
  const auto truncated_offer = Bytes{0, 9, 0};

  const auto ch = [](const char* what, const Bytes& body, Code code, int alert) {
    return Row{what,         client_attests, Role::client,
               client_hello, replace(body),  {Role::server, code, alert, "ClientHello"}};
  };
  const auto ee = [](const char* what, const Bytes& body, Code code, int alert) {
    return Row{what,          server_attests,
               Role::server,  encrypted_extensions,
               replace(body), {Role::client, code, alert, "EncryptedExtensions"}};
  };
  const auto cr = [](const char* what, const Bytes& body, Code code, int alert) {
    return Row{what,          client_attests,
               Role::server,  certificate_request,
               replace(body), {Role::client, code, alert, "CertificateRequest"}};
  };
  const auto ct = [](const char* what, const Bytes& body, Code code, int alert) {
    return Row{what,        server_attests, Role::server,
               certificate, replace(body),  {Role::client, code, alert, "Certificate"}};
  };
  const auto list_of = [](Bytes scheme) {
    Bytes out = {0, static_cast<std::uint8_t>(scheme.size())};
    out.insert(out.end(), scheme.begin(), scheme.end());
    out.insert(out.end(), {0, 0});
    return out;
  };

  const Row rows[] = {
      ch("no bytes", empty, Code::truncated, 50),
      ch("a list that ends early", truncated_offer, Code::truncated, 50),
      ch("bytes after the lists", {0, 0, 0, 0, 0}, Code::trailing_data, 50),
      ch("an unknown mechanism", list_of(unknown_mechanism), Code::unknown_value, 47),
      ch("an unknown type encoding", list_of(unknown_encoding), Code::unknown_value, 47),
      ch("D08: an empty media type", list_of(empty_media_type), Code::unknown_value, 47),
      ch("D08: both lists empty", {0, 0, 0, 0}, Code::empty_offer, 40),
      ee("no bytes", empty, Code::truncated, 50),
      ee("truncated", truncated, Code::truncated, 50),
      ee("trailing", trailing, Code::trailing_data, 50),
      ee("an unknown mechanism", unknown_mechanism, Code::unknown_value, 47),
      ee("D06: a scheme that was not offered", choice_body(other_evidence_scheme()), Code::scheme_not_offered,
         47),
      cr("truncated", truncated, Code::truncated, 50),
      cr("trailing", trailing, Code::trailing_data, 50),
      cr("an unknown type encoding", unknown_encoding, Code::unknown_value, 47),
      cr("D06: a scheme that was not offered", choice_body(passport_scheme()), Code::scheme_not_offered, 47),
      ct("no bytes", empty, Code::truncated, 50),
      ct("an empty payload", {0, 0, 0}, Code::length_out_of_range, 50),
      ct("a length beyond the end", {0, 0, 9, 1}, Code::truncated, 50),
      ct("trailing", {0, 0, 1, 1, 1}, Code::trailing_data, 50),
      ct("a payload that is no CMW", {0, 0, 2, 0xff, 0xff}, Code::evidence_malformed, 49),
  };
  for (const Row& row : rows) {
    const Pair p = row.pair(Requirement::required);
    expect_refused(run(p, {.mitm = on_message(row.sender, row.message, row.change)}), row.expected, row.what);
    expect_good(run(p), row.what);
  }
}

TEST(Rules, ThePathNamesThePlace) {
  Pair p = server_attests();
  const auto at_certificate = [&](Bytes body) {
    return run(p, {.mitm = on_message(Role::server, certificate, replace(std::move(body)))}).error;
  };
  EXPECT_EQ(at_certificate({0, 0, 9, 1}).path, "server Certificate[0] > remoteAttestation > cmw_payload");
  const Error cmw = at_certificate({0, 0, 2, 0xff, 0xff});
  EXPECT_TRUE(cmw.path.starts_with("server Certificate[0] > remoteAttestation > cmw")) << cmw.path;
  p.server.tee->debug = true;
  EXPECT_EQ(run(p).error.path, "server Certificate[0] > remoteAttestation > fake > debug");
  const Error offer = run(client_attests(),
                          {.mitm = on_message(Role::client, client_hello, replace(Bytes{0, 2, 7, 0, 0, 0}))})
                          .error;
  EXPECT_EQ(offer.path, "client ClientHello > remoteAttestation > server_attester_schemes[0] > mechanism");
}

//= early-attestation#no-common-scheme
TEST(Rules, NothingInCommonIsFatal) {
  Pair p = server_attests();
  p.client.verifier->list = {other_evidence_scheme()};
  expect_refused(run(p), {Role::server, Code::unsupported_attestation_schemes, 40, "ClientHello"});
  p.client.verifier->list = {other_evidence_scheme(), evidence_scheme()};
  expect_good(run(p));
}

//= early-attestation#alert-numbers
// The alert numbers are the configuration's where the draft's have none (Decision 2).
TEST(Rules, AlertsFollowTheMap) {
  Pair p = server_attests();
  p.server.config().alerts.unsupported_attestation_schemes = 201;
  p.client.config().alerts.attestation_failed = 203;
  p.client.config().alerts.attestation_required_of_server = 202;
  p.server.tee->debug = true;
  EXPECT_EQ(run(p).alert, 203);
  p.client.verifier->list = {other_evidence_scheme()};
  EXPECT_EQ(run(p).alert, 201);
  p.server.config().attester.reset();
  EXPECT_EQ(run(p).alert, 202);
}

// ---- the extension where nothing asked for it --------------------------------------------------

//= early-attestation#unsolicited-refused
TEST(Rules, UnsolicitedAnswersAreRefused) {
  const Pair plain;  // a client that offers nothing
  expect_refused(run(plain, {.mitm = on_message(Role::server, encrypted_extensions,
                                                replace(choice_body(evidence_scheme())))}),
                 {Role::client, Code::unsolicited_extension, 110, "EncryptedExtensions"});
  expect_refused(run(plain, {.request_certificate = true,
                             .mitm = on_message(Role::server, certificate_request,
                                                replace(choice_body(evidence_scheme())))}),
                 {Role::client, Code::unsolicited_extension, 110, "CertificateRequest"});
  expect_refused(run(plain, {.mitm = on_message(Role::server, certificate, replace(Bytes{1}))}),
                 {Role::client, Code::unsolicited_extension, 110, "Certificate"});
  expect_refused(run(plain, {.request_certificate = true,
                             .mitm = on_message(Role::client, certificate, replace(Bytes{1}))}),
                 {Role::server, Code::unsolicited_extension, 110, "Certificate"});
  // Even what cannot be parsed is first of all unsolicited.
  expect_refused(run(plain, {.mitm = on_message(Role::server, encrypted_extensions, replace(Bytes{9}))}),
                 {Role::client, Code::unsolicited_extension, 110, "EncryptedExtensions"});
}

//= early-attestation#unsolicited-refused
TEST(Rules, ACredentialOfTheDirectionThatWasNotChosenIsUnsolicited) {
  // Only the server attests, by EncryptedExtensions; the client presents a plain certificate.
  expect_refused(run(server_attests(), {.request_certificate = true,
                                        .mitm = on_message(Role::client, certificate, replace(Bytes{1}))}),
                 {Role::server, Code::unsolicited_extension, 110, "Certificate"});
  // Only the client attests; the server's certificate carries something.
  expect_refused(run(client_attests(), {.mitm = on_message(Role::server, certificate, replace(Bytes{1}))}),
                 {Role::client, Code::unsolicited_extension, 110, "Certificate"});
}

//= early-attestation#choice-was-offered
TEST(Rules, AChoiceForAListThatWasEmptyWasNotOffered) {
  const auto choose_client =
      on_message(Role::server, certificate_request, replace(choice_body(evidence_scheme())));
  expect_refused(run(server_attests(), {.request_certificate = true, .mitm = choose_client}),
                 {Role::client, Code::scheme_not_offered, 47, "CertificateRequest"});
  Pair optional;
  optional.client.require(optional.server, Requirement::optional);
  expect_refused(run(optional, {.request_certificate = true, .mitm = choose_client}),
                 {Role::client, Code::scheme_not_offered, 47, "CertificateRequest"});
  Pair only_client = client_attests();
  expect_refused(run(only_client, {.mitm = on_message(Role::server, encrypted_extensions,
                                                      replace(choice_body(evidence_scheme())))}),
                 {Role::client, Code::scheme_not_offered, 47, "EncryptedExtensions"});
}

// ---- HelloRetryRequest -------------------------------------------------------------------------

//= early-attestation#offer-unchanged-after-retry
TEST(Rules, TheOfferIsTheSameAfterHelloRetryRequest) {
  const Pair p = mutual();
  std::vector<Bytes> offers;
  const auto watch = on_message(Role::client, client_hello, [&](Message& m) {
    offers.push_back(find(m.extensions, extension_type).value());
  });
  expect_good(run(p, {.retry = true, .mitm = watch}));
  ASSERT_EQ(offers.size(), 2U);
  EXPECT_EQ(offers[0], offers[1]);
}

//= early-attestation#offer-unchanged-after-retry
TEST(Rules, AnOfferThatChangesIsRefused) {
  int seen = 0;
  const auto second = [&](std::optional<Bytes> body) {
    seen = 0;
    return on_message(Role::client, client_hello, [&seen, body](Message& m) {
      if (++seen == 2) set(m.extensions, extension_type, body);
    });
  };
  const Pair p = mutual();
  for (const std::optional<Bytes>& body :
       {std::optional<Bytes>{}, std::optional{offer_body({evidence_scheme()}, {})}})
    expect_refused(run(p, {.retry = true, .mitm = second(body)}),
                   {Role::server, Code::offer_changed, 47, "ClientHello"});
}

// ---- own credentials ---------------------------------------------------------------------------

Cmw record_of(std::size_t size) {
  return CmwRecord{std::get<EvidenceType>(evidence_scheme().argument), Bytes(size, 1)};
}

//= early-attestation#payload-fits
TEST(Own, ExactlyTheLimitFitsAndOneByteMoreDoesNot) {
  const std::size_t overhead = encode_cmw(record_of(65'000)).value().size() - 65'000;
  for (Role role : {Role::server, Role::client}) {
    Pair p = role == Role::server ? server_attests() : client_attests();
    auto& attester = role == Role::server ? *p.server.attester : *p.client.attester;
    std::size_t size = wire::max_cmw_payload - overhead;
    attester.tamper = [&](Result<Cmw>) -> Result<Cmw> { return record_of(size); };

    Handshake h(p.client.endpoint, p.server.endpoint);
    h.run();
    EXPECT_EQ(h.sent(role, certificate).value().size(), 65'531U) << "the largest extension_data";
    EXPECT_EQ(h.outcome().error.code, Code::evidence_malformed) << "it arrives, and is judged as what it is";

    ++size;
    const Outcome o = run(p);
    expect_refused(o, {role, Code::evidence_too_large, 80, "Certificate"});
    EXPECT_NE(o.error.detail.find("65529"), std::string::npos) << o.error.detail;
    EXPECT_NE(o.error.detail.find("65528"), std::string::npos) << o.error.detail;
  }
}

TEST(Own, WhatTheAttesterSaysIsTheReason) {
  struct Answer {
    Code said, reported;
    int alert;
  };
  const Answer rows[] = {
      {Code::attester_unavailable, Code::attester_unavailable, 80},
      {Code::tpm, Code::tpm, 80},
      {Code::timed_out, Code::timed_out, 80},
      {Code::foreign_key, Code::foreign_key, 80},
      // These blame a peer, and the peer had no part in it.
      {Code::signature_invalid, Code::attester_unavailable, 80},
      {Code::truncated, Code::attester_unavailable, 80},
  };
  for (const Answer& row : rows) {
    Pair p = server_attests();
    p.server.attester->fails = Error{row.said, "said so", ""};
    const Outcome o = run(p);
    expect_refused(o, {Role::server, row.reported, row.alert, "Certificate"}, std::string(name(row.said)));
    EXPECT_NE(o.error.detail.find("said so"), std::string::npos);
    EXPECT_EQ(o.error.path, "server Certificate[0] > remoteAttestation");
    Pair q = client_attests();
    q.client.attester->fails = Error{row.said, "said so", ""};
    expect_refused(run(q), {Role::client, row.reported, row.alert, "Certificate"});
  }
}

//= early-attestation#server-credential-fits-choice
TEST(Own, AnAttesterThatMakesSomethingElseIsAtFault) {
  Pair p = server_attests();
  p.server.attester->tamper = [](Result<Cmw>) -> Result<Cmw> {
    return Cmw(CmwRecord{ContentFormat{1}, Bytes{1}});
  };
  expect_refused(run(p), {Role::server, Code::misuse, 80, "Certificate"});
}

//= early-attestation#binder-never-shortened
// Decision 3: the binder is never truncated or hashed again.
TEST(Own, ABinderThatTheEvidenceCannotHoldIsRefused) {
  Pair p = server_attests();
  p.server.attester->longest = 32;
  const Outcome o = run(p, {.suite = Hash::sha384, .mitm = {}});
  expect_refused(o, {Role::server, Code::binder_too_long, 80, "Certificate"});
  EXPECT_TRUE(p.server.attester->asked.empty());
  expect_good(run(p, {.suite = Hash::sha256, .mitm = {}}));
}

//= early-attestation#server-credential-fits-choice
//= early-attestation#client-credential-fits-choice
TEST(Own, TheAttesterIsAskedForTheChosenSchemeAndOwnKey) {
  const Pair p = mutual();
  expect_good(run(p));
  ASSERT_EQ(p.server.attester->asked.size(), 1U);
  EXPECT_EQ(p.server.attester->asked[0].scheme, evidence_scheme());
  EXPECT_EQ(p.server.attester->asked[0].binder.tik(), identity("server").spki());
  EXPECT_EQ(p.client.attester->asked.at(0).binder.tik(), identity("client").spki());
}

// The client offered a certificate and now has none that fits: it says why, before the server has to.
TEST(Own, AClientThatOfferedMustPresentACertificate) {
  expect_refused(run(client_attests(), {.withholds_certificate = true, .mitm = {}}),
                 {Role::client, Code::configuration, 80, "Certificate"});
}

TEST(Own, AClientWithoutCertificateDoesNotOffer) {
  Pair p = client_attests();
  p.client.endpoint.identity.reset();
  const Outcome o = run(p);
  expect_refused(o, {Role::server, Code::attestation_required, 116, "ClientHello"});
}

// ---- the peer's credential ---------------------------------------------------------------------

//= early-attestation#required-fails-closed
TEST(Peer, NegotiatedAndAbsentIsRefused) {
  // D03
  expect_refused(run(server_attests(), {.mitm = on_message(Role::server, certificate, replace({}))}),
                 {Role::client, Code::attestation_required, 40, "Certificate"});
  expect_refused(run(client_attests(), {.mitm = on_message(Role::client, certificate, replace({}))}),
                 {Role::server, Code::attestation_required, 116, "Certificate"});
  // Not even where it is optional: it was agreed on.
  expect_refused(run(server_attests(Requirement::optional),
                     {.mitm = on_message(Role::server, certificate, replace({}))}),
                 {Role::client, Code::attestation_required, 40, "Certificate"});
  // An empty Certificate message.
  expect_refused(run(client_attests(),
                     {.mitm = on_message(Role::client, certificate, [](Message& m) { m.entries.clear(); })}),
                 {Role::server, Code::attestation_required, 116, "Certificate"});
}

//= early-attestation#credential-type-equals-choice
//= early-attestation#payload-holds-credential
// D07: the wrapping says what the credential is; the negotiated scheme says what it must be.
TEST(Peer, TheCmwMustBeOfTheChosenScheme) {
  const auto fake_type = std::get<EvidenceType>(evidence_scheme().argument);
  const Cmw good = CmwRecord{fake_type, Bytes{1}};
  struct Wrapped {
    const char* what;
    AttestationScheme scheme;
    Cmw cmw;
    bool fits;
  };
  const Wrapped rows[] = {
      {"another media type", evidence_scheme(),
       CmwRecord{MediaType{"application/vnd.seatls.test.other"}, Bytes{1}}, false},
      {"the same type in other letters", evidence_scheme(),
       CmwRecord{MediaType{"Application/vnd.seatls.test.fake"}, Bytes{1}}, false},
      {"a content format for a media type", evidence_scheme(), CmwRecord{ContentFormat{263}, Bytes{1}},
       false},
      {"a media type for a content format",
       {EvidenceType{ContentFormat{263}}},
       CmwRecord{MediaType{"application/eat+cwt"}, Bytes{1}},
       false},
      {"a result where evidence was chosen", evidence_scheme(),
       CmwRecord{fake_type, Bytes{1}, cmw_indicator::attestation_results}, false},
      {"evidence where a result was chosen", passport_scheme(),
       CmwRecord{fake_type, Bytes{1}, cmw_indicator::evidence}, false},
      {"reference values", evidence_scheme(), CmwRecord{fake_type, Bytes{1}, cmw_indicator::reference_values},
       false},
      {"a collection for a single type", evidence_scheme(), CmwCollection{"", {{"a", good}}}, false},
      {"a collection for a result", passport_scheme(), CmwCollection{"", {{"a", good}}}, false},
      {"a record for a collection", {EvidenceType{ContentFormat{273}}}, good, false},
      {"a JSON collection for a CBOR one",
       {EvidenceType{ContentFormat{273}}},
       Cmw(CmwCollection{"", {{"a", Cmw(CmwRecord{fake_type, Bytes{1}}, CmwForm::json)}}}, CmwForm::json),
       false},
      {"no indicator", evidence_scheme(), good, true},
      {"evidence and endorsements", evidence_scheme(),
       CmwRecord{fake_type, Bytes{1}, cmw_indicator::evidence | cmw_indicator::endorsements}, true},
      {"in JSON", evidence_scheme(), Cmw(CmwRecord{fake_type, Bytes{1}}, CmwForm::json), true},
      {"a CBOR collection", {EvidenceType{ContentFormat{273}}}, CmwCollection{"", {{"a", good}}}, true},
  };
  for (const Wrapped& row : rows) {
    Pair p = server_attests();
    p.client.verifier->list = p.server.attester->list = {row.scheme};
    p.client.verifier->fails = Error{Code::verifier_unavailable, "it came as far as the verifier", ""};
    const Bytes body = codec::encode(wire::CertificateCredential{encode_cmw(row.cmw).value()}).value();
    // The server's own check would stop it: the change happens on the way.
    if (row.scheme == AttestationScheme{EvidenceType{ContentFormat{273}}})
      p.server.attester->tamper = [&](Result<Cmw>) -> Result<Cmw> {
        return Cmw(CmwCollection{"", {{"a", good}}});
      };
    const Outcome o = run(p, {.mitm = on_message(Role::server, certificate, replace(body))});
    const Code expected = row.fits ? Code::verifier_unavailable : Code::credential_type_mismatch;
    expect_refused(o, {Role::client, expected, 49, "Certificate"}, row.what);
    EXPECT_EQ(p.client.verifier->asked.size(), row.fits ? 1U : 0U) << row.what;
  }
}

//= early-attestation#binder-computed
TEST(Peer, TheVerifierIsAskedAboutWhatArrived) {
  const Pair p = server_attests();
  Handshake h(p.client.endpoint, p.server.endpoint);
  h.run();
  expect_good(h.outcome());
  ASSERT_EQ(p.client.verifier->asked.size(), 1U);
  const AppraisalRequest& asked = p.client.verifier->asked[0];
  EXPECT_EQ(asked.scheme, evidence_scheme());
  EXPECT_EQ(asked.binder.tik(), identity("server").spki());
  const auto body = codec::decode<wire::CertificateCredential>(*h.sent(Role::server, certificate)).value();
  EXPECT_EQ(asked.credential_digest, crypto::digest(Hash::sha256, body.cmw_payload));
}

TEST(Peer, AVerifierThatIsNotThereRefuses) {
  for (Role role : {Role::client, Role::server}) {
    Pair p = mutual();
    auto& verifier = role == Role::client ? *p.client.verifier : *p.server.verifier;
    verifier.fails = Error{Code::verifier_unavailable, "connection refused", ""};
    expect_refused(run(p), {role, Code::verifier_unavailable, 49, "Certificate"});
    verifier.fails = Error{Code::timed_out, "after 10 s", ""};
    expect_refused(run(p), {role, Code::timed_out, 80, "Certificate"});
  }
}

TEST(Peer, TheVerdictMustBeAccepted) {
  Pair p = server_attests();
  p.client.verifier->good = Tier::warning;
  expect_refused(run(p), {Role::client, Code::tier_not_accepted, 49, "Certificate"});
  p.client.config().require->accept.push_back(Tier::warning);
  expect_good(run(p));
}

}  // namespace
}  // namespace seatls::fake
