// The attack suite's actors: genuine machines with software evidence, and an attacker who holds what
// the row of the catalogue grants it (a leaked TLS key, another machine, a recording). Every row runs
// over real handshakes and the real local verifier.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fake/tls_pair.h"
#include "rats/eat.h"
#include "seatls/attesters.h"
#include "seatls/verifiers.h"

namespace seatls::attacks {

struct MachineOptions {
  Bytes ueid = Bytes(17, 1);
  std::string swname = "approved";
  bool debug_disabled = true;
  crypto::KeyType tls_key = crypto::KeyType::p256;
};

// Machine is an attested environment: its TLS identity, and the attestation key that signs about it.
struct Machine {
  explicit Machine(const MachineOptions& options = {});

  fake::TlsIdentity identity;
  crypto::PrivateKey attestation_key;
  MachineOptions options;
  std::shared_ptr<Attester> attester;

  // claims are what this machine says of itself for a binder: a start for an attacker who holds its
  // attestation key.
  [[nodiscard]] rats::EatClaims claims(const Binder& binder) const;
};

// policy_for trusts the attestation keys of the machines, software "approved", nobody's debugger.
[[nodiscard]] Policy policy_for(const std::vector<const Machine*>& machines);
// verifier_for keeps an evidence cache of its own: one relying party.
[[nodiscard]] std::shared_ptr<Verifier> verifier_for(Policy policy);

// Teller is an attester that shows whatever `tell` returns: the attacker's mouth.
class Teller final : public Attester {
 public:
  using Tell = std::function<Result<Cmw>(const EvidenceRequest&)>;
  explicit Teller(Tell tell);  // software evidence
  Teller(AttestationScheme scheme, Tell tell) : scheme_(std::move(scheme)), tell_(std::move(tell)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {scheme_}; }
  void attest(EvidenceRequest request, Done done) override { done(tell_(request)); }

 private:
  AttestationScheme scheme_;
  Tell tell_;
};

// proven adds what evidence must say of a key that stands for itself: made here, and here to stay.
[[nodiscard]] rats::EatClaims proven(rats::EatClaims claims, const crypto::PublicKey& key);

// cwt signs claims as COSE_Sign1 and wraps them as software evidence.
[[nodiscard]] Cmw cwt(const rats::EatClaims& claims, const crypto::PrivateKey& key);

// Naive is the relying party of most deployed systems: signature and key are verified, the binder is not.
// It is what the attacks of class A work against.
class Naive final : public Verifier {
 public:
  explicit Naive(crypto::PublicKey attestation_key) : key_(std::move(attestation_key)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override;
  void appraise(AppraisalRequest request, Done done) override;

 private:
  crypto::PublicKey key_;
};

// Recorder is a relying party that notes what it is shown.
class Recorder final : public Verifier {
 public:
  explicit Recorder(std::shared_ptr<Verifier> real) : real_(std::move(real)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return real_->schemes(); }
  void appraise(AppraisalRequest request, Done done) override;
  std::vector<Cmw> seen;

 private:
  std::shared_ptr<Verifier> real_;
};

// demand asks for attestation, and accepts the warning that software evidence always carries.
[[nodiscard]] Require demand(std::shared_ptr<Verifier> verifier);
[[nodiscard]] fake::TlsSetup server(const fake::TlsIdentity& identity, std::shared_ptr<Attester> attester);
[[nodiscard]] fake::TlsSetup client(std::shared_ptr<Verifier> verifier);

// record_evidence connects to a genuine server as anybody may, and keeps the evidence that it shows.
[[nodiscard]] Cmw record_evidence(const Machine& machine);

// expect_attested: both ends are established, and data passes both ways.
void expect_attested(fake::TlsPair& pair);
// expect_refused: `by` refuses with exactly this code while it handles message `at`, the other end is told
// exactly this alert (or none that it can read), nobody is attested, no ticket is there, and no application
// byte passes in either direction.
void expect_refused(fake::TlsPair& pair, Role by, Code code, std::optional<int> alert,
                    fake::MessageType at = fake::MessageType::certificate);

}  // namespace seatls::attacks
