// What the tests of the BoringSSL adapter share: endpoints with a fake TEE.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fake/attester.h"
#include "fake/boring_pair.h"
#include "fake/tee.h"
#include "fake/verifier.h"

namespace seatls::boringssl {

using fake::BoringPair;
using fake::BoringSetup;
using fake::Route;

// Padded evidence is as long as real evidence gets.
class PaddingAttester : public Attester {
 public:
  PaddingAttester(std::shared_ptr<Attester> inner, std::size_t length)
      : inner_(std::move(inner)), length_(length) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return inner_->schemes(); }
  void attest(EvidenceRequest request, Done done) override {
    inner_->attest(std::move(request), [length = length_, done = std::move(done)](Result<Cmw> credential) {
      if (!credential) return done(std::move(credential));
      CmwRecord record = *credential->record();
      record.value.resize(record.value.size() + length, 0xee);
      done(Cmw(std::move(record)));
    });
  }

 private:
  std::shared_ptr<Attester> inner_;
  std::size_t length_;
};

class UnpaddingVerifier : public Verifier {
 public:
  UnpaddingVerifier(std::shared_ptr<Verifier> inner, std::size_t length)
      : inner_(std::move(inner)), length_(length) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return inner_->schemes(); }
  void appraise(AppraisalRequest request, Done done) override {
    CmwRecord record = *request.credential.record();
    if (record.value.size() < length_) return done(Error{Code::evidence_malformed, "no padding", "fake"});
    record.value.resize(record.value.size() - length_);
    request.credential = Cmw(std::move(record));
    inner_->appraise(std::move(request), std::move(done));
  }

 private:
  std::shared_ptr<Verifier> inner_;
  std::size_t length_;
};

struct Party {
  explicit Party(Role role) {
    setup.config.role = role;
    verifier->trusted = {machine()->machine_key.public_key()};
  }
  static std::shared_ptr<fake::FakeTee> machine() {
    static const auto value = std::make_shared<fake::FakeTee>();
    return value;
  }
  Party& identity(fake::TlsIdentity identity) {
    machine()->tiks.push_back(identity.certificate.spki());
    setup.identity.emplace(std::move(identity));
    return *this;
  }
  Party& attests(std::size_t padding = 0) {
    setup.config.attester = attester;
    if (padding > 0) setup.config.attester = std::make_shared<PaddingAttester>(attester, padding);
    return *this;
  }
  Party& demands(Requirement requirement, IdentityRule rule = IdentityRule::pki_and_attested,
                 std::size_t padding = 0) {
    std::shared_ptr<Verifier> judge = verifier;
    if (padding > 0) judge = std::make_shared<UnpaddingVerifier>(verifier, padding);
    setup.config.require = Require{requirement, rule, {Tier::affirming}, judge};
    return *this;
  }
  Party& over(Carrier carrier) {
    setup.carrier = carrier;
    return *this;
  }

  std::shared_ptr<fake::FakeAttester> attester = std::make_shared<fake::FakeAttester>(machine());
  std::shared_ptr<fake::FakeVerifier> verifier = std::make_shared<fake::FakeVerifier>();
  BoringSetup setup;
};

inline Party client(Carrier carrier) { return std::move(Party(Role::client).over(carrier)); }
inline Party server(Carrier carrier, crypto::KeyType type = crypto::KeyType::p256) {
  return std::move(Party(Role::server).identity(fake::certified(type)).over(carrier));
}

inline std::string why(const BoringPair& pair) {
  return (pair.client->error() ? pair.client->error()->message() : "client open") + " / " +
         (pair.server->error() ? pair.server->error()->message() : "server open");
}

inline void expect_traffic(BoringPair& pair) {
  ASSERT_TRUE(pair.established()) << why(pair);
  EXPECT_TRUE(pair.exchange());
}

// expect_refusal: the exact error, the alert that the peer saw, and no application data either way.
inline void expect_refusal(BoringPair& pair, Role by, Code code, std::optional<int> alert) {
  fake::BoringEnd& refuser = by == Role::client ? *pair.client : *pair.server;
  fake::BoringEnd& peer = by == Role::client ? *pair.server : *pair.client;
  ASSERT_TRUE(refuser.error().has_value()) << why(pair);
  EXPECT_EQ(name(refuser.error()->code), name(code)) << refuser.error()->message();
  EXPECT_FALSE(refuser.connection().write(view("data")).ok());
  EXPECT_EQ(refuser.received() + peer.received(), "");
  EXPECT_EQ(peer.connection().alert_received(), alert);
}

inline std::string name_of(Carrier carrier) { return carrier == Carrier::stream ? "Tls" : "Dtls"; }

}  // namespace seatls::boringssl
