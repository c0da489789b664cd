// Attacks, at the level of the protocol core. Where a test names a row (D03, E04 …) it is one of
// docs/attacks. Each asserts who refuses, why, with which alert, at which message, that no application
// byte passes, and that the honest twin goes through.
#include <gtest/gtest.h>

#include "fixture.h"
#include "wire/remote_attestation.h"

namespace seatls::fake {
namespace {

using enum MessageType;

// ---- relay and replay --------------------------------------------------------------------------

// replay makes the attester answer with a credential that another connection saw.
void replay(Party& party, const Cmw& recorded) {
  party.attester->tamper = [recorded](Result<Cmw>) -> Result<Cmw> { return recorded; };
}
// record runs a handshake, and returns the credential that the verifier of `listener` was shown.
Cmw record(const Pair& pair, const Party& listener) {
  expect_good(run(pair), "the recorded connection");
  return listener.verifier->asked.back().credential;
}

//= early-attestation#binder-compared
TEST(Attack, A04ReplayOfRecordedEvidence) {
  Pair p = server_attests();
  replay(p.server, record(p, p.client));
  expect_refused(run(p), {Role::client, Code::binder_mismatch, 49, "Certificate"});
  p.server.attester->tamper = nullptr;
  expect_good(run(p));

  Pair q = client_attests();
  replay(q.client, record(q, q.server));
  expect_refused(run(q), {Role::server, Code::binder_mismatch, 49, "Certificate"});
}

// A01: evidence bound to the key alone is worth what the key's secrecy is worth.
TEST(Attack, A01RelayWithALeakedKey) {
  Pair p = server_attests();
  const Cmw stolen = record(p, p.client);
  Pair attacker = server_attests();  // same identity: the key has leaked
  attacker.client.verifier->trusted = p.client.verifier->trusted;
  replay(attacker.server, stolen);
  attacker.client.verifier->compares_binder = false;
  expect_good(run(attacker), "the naive relying party is fooled");
  attacker.client.verifier->compares_binder = true;
  expect_refused(run(attacker), {Role::client, Code::binder_mismatch, 49, "Certificate"});
}

// A05: a TLS endpoint outside of any environment borrows evidence over its own key.
TEST(Attack, A05AnEnvironmentRefusesAForeignKey) {
  Pair p = server_attests();
  p.server.tee->tiks.clear();
  expect_refused(run(p), {Role::server, Code::foreign_key, 80, "Certificate"});
  p.server.tee->tiks = {identity("server").spki()};
  expect_good(run(p));
}

// B01: the right software on the wrong machine.
TEST(Attack, B01DiversionToAnotherMachine) {
  Pair p = server_attests();
  p.client.verifier->pinned_ueid = "machine-7";
  expect_refused(run(p), {Role::client, Code::instance_mismatch, 49, "Certificate"});
  p.client.verifier->pinned_ueid = "machine-1";
  expect_good(run(p));
  // DNS is diverted, and the other machine has no certificate for the name.
  p.client.endpoint.pki = false;
  expect_refused(run(p), {Role::client, Code::identity_rejected, 42, "Finished"});
}

//= early-attestation#first-entry-only
// B05: more than one CertificateEntry.
TEST(Attack, B05OnlyTheFirstEntryMayCarryTheCredential) {
  const auto intermediate = [](Message& m) {
    m.entries.push_back({bytes(identity("ca").certificate.der()), {}});
  };
  const auto moved = [&](Message& m) {
    intermediate(m);
    std::swap(m.entries[0].extensions, m.entries[1].extensions);
  };
  const auto copied = [&](Message& m) {
    intermediate(m);
    m.entries[1].extensions = m.entries[0].extensions;
  };
  const auto twice = [&](Message& m) { m.entries[0].extensions.push_back(m.entries[0].extensions[0]); };
  for (const auto& change : {std::function<void(Message&)>(moved), {copied}, {twice}}) {
    expect_refused(run(server_attests(), {.mitm = on_message(Role::server, certificate, change)}),
                   {Role::client, Code::misplaced_extension, 47, "Certificate"});
    expect_refused(run(client_attests(), {.mitm = on_message(Role::client, certificate, change)}),
                   {Role::server, Code::misplaced_extension, 47, "Certificate"});
  }
  // Nor where nothing was negotiated.
  const auto plain = [&](Message& m) {
    intermediate(m);
    m.entries[1].extensions = {{extension_type, Bytes{1}}};
  };
  expect_refused(run(Pair{}, {.mitm = on_message(Role::server, certificate, plain)}),
                 {Role::client, Code::misplaced_extension, 47, "Certificate"});
}

// ---- D: downgrade ------------------------------------------------------------------------------

TEST(Attack, D01StrippedFromClientHello) {
  const auto strip = on_message(Role::client, client_hello,
                                [](Message& m) { set(m.extensions, extension_type, std::nullopt); });
  // A required client notices that nothing was chosen; an optional one, that the transcript differs.
  expect_refused(run(server_attests(), {.mitm = strip}),
                 {Role::client, Code::attestation_required, 40, "EncryptedExtensions"});
  expect_refused(run(server_attests(Requirement::optional), {.mitm = strip}),
                 {Role::client, Code::handshake_not_verified, 51, "Finished"});
  expect_refused(run(client_attests(), {.mitm = strip}),
                 {Role::server, Code::attestation_required, 116, "ClientHello"});
  expect_refused(run(client_attests(Requirement::optional), {.mitm = strip}),
                 {Role::client, Code::handshake_not_verified, 51, "Finished"});
}

//= early-attestation#wanted-attestation-not-chosen
TEST(Attack, D02AServerThatDoesNotAttest) {
  Pair p = server_attests();
  p.server.config().attester.reset();
  const Outcome o = run(p);
  expect_refused(o, {Role::client, Code::attestation_required, 40, "EncryptedExtensions"});
  EXPECT_TRUE(p.client.verifier->asked.empty()) << "before its Certificate is looked at";
}

// D05: the strong scheme is taken out on the way.
TEST(Attack, D05ListDowngrade) {
  Pair p = server_attests();
  p.client.verifier->list = {evidence_scheme(), passport_scheme()};
  p.server.attester->list = {evidence_scheme(), passport_scheme()};
  const auto weaken = on_message(Role::client, client_hello, [](Message& m) {
    set(m.extensions, extension_type, codec::encode(wire::ClientOffer{{passport_scheme()}, {}}).value());
  });
  expect_refused(run(p, {.mitm = weaken}), {Role::client, Code::handshake_not_verified, 51, "Finished"});
  const auto reorder = on_message(Role::client, client_hello, [](Message& m) {
    set(m.extensions, extension_type,
        codec::encode(wire::ClientOffer{{passport_scheme(), evidence_scheme()}, {}}).value());
  });
  expect_refused(run(p, {.mitm = reorder}), {Role::client, Code::handshake_not_verified, 51, "Finished"});
  // The local floor: what is not configured is never offered, so it cannot be chosen.
  p.client.verifier->list = {evidence_scheme()};
  expect_refused(run(p, {.mitm = weaken}),
                 {Role::client, Code::scheme_not_offered, 47, "EncryptedExtensions"});
  expect_good(run(p));
}

// D06: a choice out of the other direction's list.
TEST(Attack, D06ChoiceFromTheWrongList) {
  Pair p = mutual();
  p.client.attester->list = {other_evidence_scheme()};
  p.server.verifier->list = {other_evidence_scheme()};
  const auto swap = on_message(Role::server, encrypted_extensions, [](Message& m) {
    set(m.extensions, extension_type, codec::encode(other_evidence_scheme()).value());
  });
  expect_refused(run(p, {.mitm = swap}), {Role::client, Code::scheme_not_offered, 47, "EncryptedExtensions"});
}

// The answer is taken out on the way: the client's requirement, or the transcript, stops it.
TEST(Attack, TheServersAnswerIsStripped) {
  const auto strip_ee = on_message(Role::server, encrypted_extensions,
                                   [](Message& m) { set(m.extensions, extension_type, std::nullopt); });
  expect_refused(run(server_attests(), {.mitm = strip_ee}),
                 {Role::client, Code::attestation_required, 40, "EncryptedExtensions"});
  expect_refused(run(server_attests(Requirement::optional), {.mitm = strip_ee}),
                 {Role::client, Code::unsolicited_extension, 110, "Certificate"});
  const auto strip_cr = on_message(Role::server, certificate_request,
                                   [](Message& m) { set(m.extensions, extension_type, std::nullopt); });
  expect_refused(run(client_attests(), {.mitm = strip_cr}),
                 {Role::client, Code::handshake_not_verified, 51, "Finished"});
}

// D10: a server that knows the extension and wants nothing of what is offered.
TEST(Attack, D10AServerThatWantsNoneOfIt) {
  Pair p;
  p.server.attest();
  p.client.attest();  // offers to attest itself, demands nothing
  expect_refused(run(p), {Role::server, Code::unsupported_attestation_schemes, 40, "ClientHello"});
  p.server.config().attester.reset();
  const Outcome o = run(p);
  expect_good(o, "with neither attester nor demand it looks like one that does not know the extension");
  EXPECT_FALSE(o.client->self_attested);
}

// D12: what is nested beyond the limits is malformed, and never reaches a verifier.
TEST(Attack, D12CollectionBomb) {
  Pair p = server_attests();
  Bytes bomb;
  for (int i = 0; i < 5000; ++i) bomb.insert(bomb.end(), {0xa1, 0x00});
  bomb.push_back(0x80);
  const auto change = on_message(Role::server, certificate, [&](Message& m) {
    set(m.entries[0].extensions, extension_type, codec::encode(wire::CertificateCredential{bomb}).value());
  });
  expect_refused(run(p, {.mitm = change}), {Role::client, Code::evidence_malformed, 49, "Certificate"});
  EXPECT_TRUE(p.client.verifier->asked.empty());
}

// ---- E04: reflection ---------------------------------------------------------------------------

//= early-attestation#own-key-refused
TEST(Attack, E04ThePeerPresentsOurOwnKey) {
  // One replica talks to another, and both share a key: the binders of both directions are equal.
  Pair p;
  p.client = Party(Role::client, "replica");
  p.server = Party(Role::server, "replica");
  p.server.attest();
  p.client.attest();
  p.client.require(p.server);
  p.server.require(p.client);
  // The client is the first that knows both keys.
  expect_refused(run(p), {Role::client, Code::reflected, 49, "Certificate"});

  // A client that does not look: what it sends is the server's own key back.
  Pair q = mutual();
  q.client.verifier->trusted.push_back(q.server.tee->machine_key.public_key());
  const auto reflect = on_message(Role::client, certificate, [](Message& m) {
    m.entries[0].certificate = bytes(identity("server").certificate.der());
  });
  expect_refused(run(q, {.mitm = reflect}), {Role::server, Code::reflected, 49, "Certificate"});
  expect_good(run(q));
}

TEST(Attack, E04AlsoWhereOnlyOneSideAttests) {
  for (auto make : {server_attests, client_attests}) {
    Pair p = make(Requirement::required);
    Pair twin = make(Requirement::required);
    p.client.endpoint.identity = p.server.endpoint.identity = identity("replica");
    for (Party* party : {&p.client, &p.server})
      if (party->tee) party->tee->tiks = {identity("replica").spki()};
    expect_refused(run(p, {.request_certificate = true, .mitm = {}}),
                   {Role::client, Code::reflected, 49, "Certificate"});
    expect_good(run(twin, {.request_certificate = true, .mitm = {}}));
  }
  // Without any attestation there is nothing to reflect: plain TLS as always.
  Pair plain;
  plain.client.endpoint.identity = plain.server.endpoint.identity = identity("replica");
  expect_good(run(plain, {.request_certificate = true, .mitm = {}}));
}

TEST(Attack, E04ThePlainCertificateOfAClientHoldsTheServersKey) {
  Pair p = server_attests();
  const auto reflect = on_message(Role::client, certificate, [](Message& m) {
    m.entries[0].certificate = bytes(identity("server").certificate.der());
  });
  expect_refused(run(p, {.request_certificate = true, .mitm = reflect}),
                 {Role::server, Code::reflected, 49, "Certificate"});
}

//= early-attestation#own-key-refused
TEST(Attack, E04ThePeerPresentsOurOwnCredential) {
  Pair p = mutual();
  const auto servers = [&] { return p.client.verifier->asked.back().credential; };
  // The client sends the server's evidence back under its own key.
  p.client.attester->tamper = [&](Result<Cmw>) -> Result<Cmw> { return servers(); };
  expect_refused(run(p), {Role::client, Code::reflected, 49, "Certificate"});
  p.client.attester->tamper = nullptr;

  Bytes server_evidence;
  const auto keep_and_swap = [&](Message& m) {
    if (m.type != certificate) return;
    if (m.sender == Role::server) server_evidence = find(m.entries[0].extensions, extension_type).value();
    if (m.sender == Role::client) set(m.entries[0].extensions, extension_type, server_evidence);
  };
  expect_refused(run(p, {.mitm = keep_and_swap}), {Role::server, Code::reflected, 49, "Certificate"});
  expect_good(run(p));
}

// ---- C: resumption and early data --------------------------------------------------------------

//= early-attestation#no-resumption
TEST(Attack, C04ResumptionBypass) {
  // The client would offer a session: nothing is sent.
  expect_refused(run(server_attests(), {.offers_psk = true, .mitm = {}}),
                 {Role::client, Code::resumption_refused, 40, "ClientHello"});
  // The stack resumed all the same.
  expect_refused(run(server_attests(), {.resumed = true, .mitm = {}}),
                 {Role::client, Code::resumption_refused, 40, "EncryptedExtensions"});
  expect_refused(run(client_attests(), {.resumed = true, .mitm = {}}),
                 {Role::server, Code::resumption_refused, 40, "EncryptedExtensions"});
  expect_good(run(server_attests()));
}

TEST(Attack, C04AnOptionalResumedSessionDoesNotLookAttested) {
  const Outcome o =
      run(server_attests(Requirement::optional), {.offers_psk = true, .resumed = true, .mitm = {}});
  expect_good(o);
  EXPECT_TRUE(o.client->resumed);
  EXPECT_FALSE(o.client->peer);
  EXPECT_FALSE(o.server->self_attested);
}

TEST(Attack, C04AResumedServerThatClaimsToAttest) {
  const auto claim = on_message(Role::server, encrypted_extensions, [](Message& m) {
    set(m.extensions, extension_type, codec::encode(evidence_scheme()).value());
  });
  expect_refused(run(server_attests(Requirement::optional), {.resumed = true, .mitm = claim}),
                 {Role::client, Code::misplaced_extension, 47, "EncryptedExtensions"});
}

//= early-attestation#no-resumption
TEST(Attack, C08EarlyData) {
  for (auto make : {server_attests, client_attests, mutual}) {
    const Outcome o = run(make(Requirement::required), {.early_data = true, .mitm = {}});
    ASSERT_TRUE(o.refused_by);
    EXPECT_EQ(o.error.code, Code::early_data_refused);
    EXPECT_EQ(o.alert, 10);
    EXPECT_FALSE(o.application_data());
    expect_good(run(make(Requirement::required)));
  }
}

//= early-attestation#binder-transcript
// C12: the transcript after a HelloRetryRequest.
TEST(Attack, C12HelloRetryRequestIsPartOfTheTranscript) {
  const Outcome o = run(mutual(), {.retry = true, .mitm = {}});
  expect_good(o);
  EXPECT_EQ(o.client->peer_binder, o.server->self_binder);
  int seen = 0;
  const auto change_first = on_message(Role::client, client_hello, [&](Message& m) {
    if (++seen == 1) m.random[0] ^= 1;
  });
  expect_refused(run(mutual(), {.retry = true, .mitm = change_first}),
                 {Role::client, Code::binder_mismatch, 49, "Certificate"}, "ClientHello1 differs");
}

// ---- the verifier and the gate -----------------------------------------------------------------

TEST(Attack, F05AnAnswerAboutOtherEvidence) {
  for (Role role : {Role::client, Role::server}) {
    Pair p = mutual();
    auto& verifier = role == Role::client ? *p.client.verifier : *p.server.verifier;
    verifier.lie = [](ResultParts& parts) { parts.evidence_digest[0] ^= 1; };
    expect_refused(run(p), {role, Code::binder_mismatch, 49, "Certificate"});
    verifier.lie = [](ResultParts& parts) { parts.binder[0] ^= 1; };
    expect_refused(run(p), {role, Code::binder_mismatch, 49, "Certificate"});
    verifier.lie = nullptr;
    expect_good(run(p));
  }
}

TEST(Attack, F01F04EvidenceOfTheWrongKind) {
  Pair p = server_attests();
  p.server.tee->debug = true;
  expect_refused(run(p), {Role::client, Code::debug_enabled, 49, "Certificate"});
  p.server.tee->debug = false;
  p.server.tee->measurement = Bytes(32, 0x66);
  expect_refused(run(p), {Role::client, Code::reference_mismatch, 49, "Certificate"});
  p.server.tee->measurement = good_measurement();
  expect_good(run(p));
  p.client.verifier->trusted.clear();
  expect_refused(run(p), {Role::client, Code::untrusted_attestation_key, 49, "Certificate"});
}

//= early-attestation#verdict-sealed
// I3: good evidence counts for nothing until CertificateVerify and Finished verify.
TEST(Attack, I3TheVerdictStaysSealedUntilFinished) {
  for (MessageType proof : {certificate_verify, finished}) {
    const auto break_it = [&](Role role) {
      return on_message(role, proof, [](Message& m) { m.proof.back() ^= 1; });
    };
    Pair p = mutual();
    expect_refused(run(p, {.mitm = break_it(Role::server)}),
                   {Role::client, Code::handshake_not_verified, 51, "Finished"});
    EXPECT_EQ(p.client.verifier->asked.size(), 1U) << "it was appraised, and good";
    EXPECT_TRUE(p.client.attester->asked.empty()) << "and the client showed nothing of itself";
    expect_refused(run(p, {.mitm = break_it(Role::client)}),
                   {Role::server, Code::handshake_not_verified, 51, "Finished"});
  }
}

//= early-attestation#client-attests-last
// The client shows evidence only to a server that it has judged (Decision 7).
TEST(Attack, ClientEvidenceIsMadeAfterTheServersVerdict) {
  Pair p = mutual();
  p.server.tee->debug = true;
  expect_refused(run(p), {Role::client, Code::debug_enabled, 49, "Certificate"});
  EXPECT_TRUE(p.client.attester->asked.empty());
}

//= early-attestation#rejected-credential
// I11: whatever was wrong with a credential, the peer sees one alert.
TEST(Attack, I11TheAlertIsNoOracle) {
  for (auto spoil : std::vector<std::function<void(Pair&)>>{
           [](Pair& p) { p.server.tee->debug = true; }, [](Pair& p) { p.server.tee->measurement = {}; },
           [](Pair& p) { p.client.verifier->trusted.clear(); },
           [](Pair& p) { p.client.verifier->pinned_ueid = "other"; },
           [](Pair& p) { p.client.verifier->good = Tier::warning; },
           [](Pair& p) {
             p.client.verifier->fails = Error{Code::truncated, "", ""};
           },
           [](Pair& p) {
             p.client.verifier->fails = Error{Code::attestation_required, "", ""};
           },
           [](Pair& p) {
             p.client.verifier->fails = Error{Code::verifier_unavailable, "", ""};
           }}) {
    Pair p = server_attests();
    spoil(p);
    EXPECT_EQ(run(p).alert, 49);
  }
}

}  // namespace
}  // namespace seatls::fake
