// Post-handshake client authentication (Decision 8): the client attests itself once more.
#include <gtest/gtest.h>

#include "fixture.h"
#include "wire/remote_attestation.h"

namespace seatls::fake {
namespace {

using enum MessageType;

struct Renewal {
  explicit Renewal(Pair p, Options options = {})
      : pair(std::move(p)), h(pair.client.endpoint, pair.server.endpoint, std::move(options)) {
    h.run();
    expect_good(h.outcome(), "the handshake");
  }
  const Outcome& renew() {
    h.renew();
    return h.outcome();
  }
  Pair pair;
  Handshake h;
};

//= early-attestation#post-handshake-transcript
TEST(PostHandshake, TheServerGetsANewReport) {
  for (auto make : {client_attests, mutual})
    for (bool retry : {false, true}) {
      Renewal r(make(Requirement::required), {.retry = retry, .mitm = {}});
      const Bytes first = r.h.outcome().server->peer_binder;
      const Outcome& o = r.renew();
      expect_good(o);
      EXPECT_NE(o.server->peer_binder, first) << "the base includes the CertificateRequest";
      EXPECT_EQ(o.server->peer_binder, bytes(r.pair.client.attester->asked.back().binder.bytes()));
      EXPECT_EQ(o.server->self_attested, r.pair.server.attester != nullptr);
      r.renew();
      expect_good(o, "and again");
      EXPECT_TRUE(r.h.client().complete());
      EXPECT_TRUE(r.h.server().complete());
    }
}

TEST(PostHandshake, TheGateStaysOpenMeanwhile) {
  Renewal r(client_attests());
  r.pair.client.attester->later = true;
  r.renew();
  EXPECT_TRUE(r.h.waiting());
  EXPECT_TRUE(r.h.client().complete());
  EXPECT_TRUE(r.h.server().complete());
  r.pair.client.attester->release();
  r.h.run();
  expect_good(r.h.outcome());
}

TEST(PostHandshake, WhatHasBecomeBadIsRefused) {
  Renewal r(client_attests());
  r.pair.client.tee->measurement = Bytes(32, 0x66);
  expect_refused(r.renew(), {Role::server, Code::reference_mismatch, 49, "Certificate"});
  EXPECT_FALSE(r.h.server().complete());
}

// C09: ClientHello and ServerHello are the same as before.
TEST(PostHandshake, C09OldEvidenceIsNotFresh) {
  Renewal r(client_attests());
  const Cmw first = r.pair.server.verifier->asked.back().credential;
  r.pair.client.attester->tamper = [&](Result<Cmw>) -> Result<Cmw> { return first; };
  expect_refused(r.renew(), {Role::server, Code::evidence_reused, 49, "Certificate"});

  // Wrapped anew, the old evidence still has the old binder.
  Renewal wrapped(client_attests());
  const CmwRecord record = *wrapped.pair.server.verifier->asked.back().credential.record();
  wrapped.pair.client.attester->tamper = [&](Result<Cmw>) -> Result<Cmw> {
    return Cmw(CmwRecord{record.type, record.value});
  };
  expect_refused(wrapped.renew(), {Role::server, Code::binder_mismatch, 49, "Certificate"});
}

// A result lives as long as it says, and may come twice.
TEST(PostHandshake, APassportMayBeShownAgain) {
  Pair p = client_attests();
  p.client.attester->list = p.server.verifier->list = {passport_scheme()};
  std::optional<Cmw> passport;
  p.client.attester->tamper = [&](Result<Cmw> made) -> Result<Cmw> {
    if (!passport) passport = std::move(made).value();
    return *passport;
  };
  Renewal r(std::move(p));
  expect_good(r.renew());
}

TEST(PostHandshake, TheKeyStaysTheSame) {
  Renewal r(client_attests());
  r.pair.client.endpoint.identity = identity("another");
  r.pair.client.tee->tiks.push_back(identity("another").spki());
  expect_refused(r.renew(), {Role::server, Code::identity_rejected, 42, "Certificate"});
}

TEST(PostHandshake, TheServersOwnKeyAndCredentialComeBack) {
  Renewal r(mutual());
  r.pair.client.endpoint.identity = identity("server");
  expect_refused(r.renew(), {Role::client, Code::reflected, 49, "Certificate"});
  Renewal q(mutual());
  q.pair.client.attester->tamper = [&](Result<Cmw>) -> Result<Cmw> {
    return q.pair.client.verifier->asked.back().credential;
  };
  expect_refused(q.renew(), {Role::client, Code::reflected, 49, "Certificate"});
}

TEST(PostHandshake, OnlyWhatTheHandshakeNegotiated) {
  bool renewing = false;
  Options options;
  std::optional<Bytes> body;
  options.mitm = on_message(Role::server, certificate_request, [&](Message& m) {
    if (renewing) set(m.extensions, extension_type, body);
  });
  const auto renew_with = [&](Pair p, std::optional<Bytes> changed) {
    renewing = false;
    body = std::move(changed);
    Renewal r(std::move(p), options);
    renewing = true;
    return r.renew();
  };
  expect_refused(renew_with(client_attests(), codec::encode(other_evidence_scheme()).value()),
                 {Role::client, Code::scheme_not_offered, 47, "CertificateRequest"});
  expect_refused(renew_with(client_attests(), Bytes{0}),
                 {Role::client, Code::truncated, 50, "CertificateRequest"});
  Pair plain = server_attests();
  Options requesting = options;
  body = codec::encode(evidence_scheme()).value();
  requesting.request_certificate = true;
  renewing = false;
  Renewal r(plain, requesting);
  renewing = true;
  expect_refused(r.renew(), {Role::client, Code::unsolicited_extension, 110, "CertificateRequest"});
}

TEST(PostHandshake, AnEmptyCertificateIsRefused) {
  bool renewing = false;
  Options options;
  options.mitm = on_message(Role::client, certificate, [&](Message& m) {
    if (renewing) m.entries.clear();
  });
  Renewal r(client_attests(), options);
  renewing = true;
  expect_refused(r.renew(), {Role::server, Code::attestation_required, 116, "Certificate"});
}

// A plain request after the handshake is none of the core's business.
TEST(PostHandshake, APlainRequestAsksForNothing) {
  Pair p = server_attests();
  Handshake h(p.client.endpoint, p.server.endpoint);
  h.run();
  const auto asked = h.server().on(early::event::CertificateRequestNeeded{});
  EXPECT_TRUE(std::holds_alternative<early::action::OmitExtension>(asked));
  const auto heard = h.client().on(early::event::CertificateRequestReceived{});
  EXPECT_TRUE(std::holds_alternative<early::action::Proceed>(heard));
  EXPECT_TRUE(h.client().complete());
  EXPECT_TRUE(h.server().complete());
}

}  // namespace
}  // namespace seatls::fake
