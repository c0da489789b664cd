#include "attacks/kit.h"

#include <gtest/gtest.h>

#include <array>

#include "crypto/hash.h"
#include "rats/sign1.h"

namespace seatls::attacks {
namespace {

const AttestationScheme& software() {
  static const AttestationScheme scheme{*SchemeTable::defaults().find("software")};
  return scheme;
}

constexpr std::array kEs256 = {crypto::SignatureAlgorithm::ecdsa_p256_sha256};

std::shared_ptr<Attester> attester_of(const Machine& m) {
  SoftwareAttesterOptions options;
  options.tiks.push_back(m.identity.key.to_pem().value());
  options.attestation_key = m.attestation_key.to_pem().value();
  options.ueid = m.options.ueid;
  options.swname = m.options.swname;
  options.debug_disabled = m.options.debug_disabled;
  return make_software_attester(std::move(options)).value();
}

}  // namespace

Machine::Machine(const MachineOptions& o)
    : identity(fake::certified(o.tls_key)),
      attestation_key(crypto::PrivateKey::generate(crypto::KeyType::p256).value()),
      options(o),
      attester(attester_of(*this)) {}

rats::EatClaims Machine::claims(const Binder& binder) const {
  rats::EatClaims c;
  c.nonces = {bytes(binder.bytes())};
  c.profile = "tag:seatls,2026:software";
  c.ueid = options.ueid;
  c.swname = options.swname;
  c.dbgstat = options.debug_disabled ? rats::DebugStatus::disabled : rats::DebugStatus::enabled;
  c.cnf.emplace();
  c.cnf->key = identity.key.public_key();
  return c;
}

Policy policy_for(const std::vector<const Machine*>& machines) {
  Policy policy;
  policy.id = "attacks";
  policy.schemes = {"software"};
  for (const auto* m : machines) policy.software.ak.push_back(m->attestation_key.public_key().spki());
  policy.software.swname = expect::Exactly<std::string>{"approved"};
  policy.danger.software_evidence = true;
  policy.software.key =
      KeyProvenance::proven;  // which software never shows; the tests that need it do without
  policy.danger.allow_unproven_tik = true;
  return policy;
}

std::shared_ptr<Verifier> verifier_for(Policy policy) {
  LocalVerifierOptions options;
  options.evidence_cache = std::make_shared<EvidenceCache>();
  return make_local_verifier(std::move(policy), std::move(options)).value();
}

Teller::Teller(Tell tell) : Teller(software(), std::move(tell)) {}
std::vector<AttestationScheme> Naive::schemes() const { return {software()}; }

rats::EatClaims proven(rats::EatClaims claims, const crypto::PublicKey& key) {
  claims.cnf->key = key;
  claims.key_attributes = {
      .extractable = false, .never_extractable = true, .sensitive = true, .local = true, .purpose = {}};
  return claims;
}

Cmw cwt(const rats::EatClaims& claims, const crypto::PrivateKey& key) {
  const Bytes payload = rats::write_eat(claims).value();
  return {CmwRecord{std::get<EvidenceType>(software().argument), rats::sign_sign1(payload, key).value(),
                    cmw_indicator::evidence}};
}

void Naive::appraise(AppraisalRequest request, Done done) {
  ResultParts parts;
  parts.tier = Tier::contraindicated;
  parts.scheme = "software";
  parts.key = KeyProvenance::proven;
  parts.binder = bytes(request.binder.bytes());
  parts.evidence_digest = request.credential_digest;
  auto message = codec::cose::parse_sign1(request.credential.record()->value);
  if (message)
    if (auto verified = rats::verify_sign1(std::move(*message), key_, kEs256)) {
      const auto claims = rats::read_eat(verified->payload());
      const auto tik = crypto::PublicKey::from_spki(request.binder.tik().der());
      if (claims && claims->cnf && tik && claims->cnf->names(*tik).ok() && *claims->cnf->names(*tik))
        parts.tier = Tier::affirming;
    }
  done(danger::result_from_parts(std::move(parts)));
}

void Recorder::appraise(AppraisalRequest request, Done done) {
  seen.push_back(request.credential);
  real_->appraise(std::move(request), std::move(done));
}

Require demand(std::shared_ptr<Verifier> verifier) {
  Require out;
  out.accept = {Tier::affirming, Tier::warning};
  out.verifier = std::move(verifier);
  return out;
}

fake::TlsSetup server(const fake::TlsIdentity& identity, std::shared_ptr<Attester> attester) {
  fake::TlsSetup setup;
  setup.identity = identity;
  setup.config.emplace();
  setup.config->role = Role::server;
  setup.config->attester = std::move(attester);
  return setup;
}

fake::TlsSetup client(std::shared_ptr<Verifier> verifier) {
  fake::TlsSetup setup;
  setup.config.emplace();
  setup.config->role = Role::client;
  setup.config->require = demand(std::move(verifier));
  return setup;
}

Cmw record_evidence(const Machine& machine) {
  auto recorder = std::make_shared<Recorder>(verifier_for(policy_for({&machine})));
  fake::TlsPair pair(client(recorder), server(machine.identity, machine.attester));
  pair.run_until_settled();
  EXPECT_TRUE(pair.established()) << "the recording needs an honest connection";
  return recorder->seen.at(0);
}

void expect_attested(fake::TlsPair& pair) {
  pair.run_until_settled();
  ASSERT_TRUE(pair.established()) << (pair.client->error() ? pair.client->error()->message() : "")
                                  << (pair.server->error() ? pair.server->error()->message() : "");
  EXPECT_TRUE(pair.client->send("to the server"));
  pair.pump();
  EXPECT_EQ(pair.server->received(), "to the server");
  EXPECT_TRUE(pair.server->send("to the client"));
  pair.pump();
  EXPECT_EQ(pair.client->received(), "to the client");
}

void expect_refused(fake::TlsPair& pair, Role by, Code code, std::optional<int> alert, fake::MessageType at) {
  pair.run_until_settled();
  EXPECT_FALSE(pair.established());
  auto& refusing = by == Role::client ? *pair.client : *pair.server;
  auto& refused = by == Role::client ? *pair.server : *pair.client;
  ASSERT_TRUE(refusing.error().has_value()) << "nobody refused";
  EXPECT_EQ(name(refusing.error()->code), name(code)) << refusing.error()->message();
  EXPECT_EQ(refused.alert_received, alert);
  ASSERT_TRUE(refusing.read_last.has_value());
  EXPECT_EQ(fake::name(*refusing.read_last), fake::name(at)) << "the step at which it stopped";
  EXPECT_FALSE(refusing.report().has_value());
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(pair.client->ssl())), 0) << "a ticket was stored";
  EXPECT_EQ(pair.leak(), "");
}

}  // namespace seatls::attacks
