#include "bench/appraise.h"

#include <chrono>
#include <functional>
#include <string_view>

#include "crypto/hash.h"
#include "crypto/x509.h"
#include "seatls/attesters.h"
#include "seatls/simulated_cca.h"
#include "seatls/simulated_nitro.h"
#include "seatls/simulated_sgx.h"
#include "seatls/simulated_snp.h"
#include "seatls/simulated_tdx.h"
#include "seatls/verifiers.h"

namespace seatls::bench {
namespace {

using Clock = std::chrono::steady_clock;
using crypto::KeyType;
using crypto::PrivateKey;

// Platform is one machine, and a policy that accepts it.
struct Platform {
  std::shared_ptr<Attester> attester;
  Policy policy;
};

// Scheme is one row of the benchmark.
struct Scheme {
  std::string_view name;
  KeyType curve;           // of the signatures that every piece of evidence brings anew
  unsigned verifications;  // how many of them
  std::function<Result<Platform>(const PrivateKey& tik)> make;
};

Error fault(std::string what) { return {Code::internal, std::move(what), "bench"}; }

Policy policy_for(std::string_view scheme) {
  Policy policy;
  policy.id = "bench";
  policy.schemes = {std::string(scheme)};
  return policy;
}

// with_root lets the policy accept what the simulated platform makes.
Result<Platform> with_root(Platform platform, Simulated made) {
  SEATLS_TRY(const auto roots, crypto::parse_pem_certificates(made.root_pem));
  if (roots.empty()) return fault("the simulated platform has no root");
  platform.policy.danger.simulated_roots.push_back(bytes(roots.front().der()));
  platform.attester = std::move(made.attester);
  return platform;
}

Result<Platform> tdx(const PrivateKey& tik) {
  SimulatedTdxOptions options;
  options.tiks = {tik.public_key().spki()};
  Platform out{{}, policy_for("tdx")};
  out.policy.tdx.mr_td = expect::Exactly<Bytes>{options.mr_td};
  for (std::size_t i = 0; i < options.rtmr.size(); ++i)
    out.policy.tdx.rtmr[i] = expect::Exactly<Bytes>{options.rtmr[i]};
  SEATLS_TRY(auto made, make_simulated_tdx(options));
  SEATLS_TRY(auto collateral, IntelCollateral::parse(made.collateral));
  out.policy.tdx.tcb.collateral.push_back(std::move(collateral));
  return with_root(std::move(out), std::move(made));
}

Result<Platform> sgx(const PrivateKey& tik) {
  SimulatedSgxOptions options;
  options.tiks = {tik.public_key().spki()};
  Platform out{{}, policy_for("sgx")};
  out.policy.sgx.mr_enclave = expect::Exactly<Bytes>{options.mr_enclave};
  SEATLS_TRY(auto made, make_simulated_sgx(options));
  SEATLS_TRY(auto collateral, IntelCollateral::parse(made.collateral));
  out.policy.sgx.tcb.collateral.push_back(std::move(collateral));
  return with_root(std::move(out), std::move(made));
}

Result<Platform> snp(const PrivateKey& tik) {
  SimulatedSnpOptions options;
  options.tiks = {tik.public_key().spki()};
  options.tcb = {.bootloader = 10, .tee = 0, .snp = 23, .microcode = 84};
  options.chip_id = crypto::random_bytes(64);
  Platform out{{}, policy_for("sev-snp")};
  out.policy.snp.measurement = expect::Exactly<Bytes>{options.measurement};
  out.policy.snp.tcb[options.product].reported = options.tcb;
  SEATLS_TRY(auto made, make_simulated_snp(std::move(options)));
  return with_root(std::move(out), std::move(made));
}

Result<Platform> nitro(const PrivateKey& tik) {
  SimulatedNitroOptions options;
  options.tiks = {tik.public_key().spki()};
  Platform out{{}, policy_for("nitro")};
  for (const auto& [index, value] : options.pcrs)
    out.policy.nitro.pcrs[index] = expect::Exactly<Bytes>{value};
  SEATLS_TRY(auto made, make_simulated_nitro(std::move(options)));
  return with_root(std::move(out), std::move(made));
}

Result<Platform> cca(const PrivateKey& tik) {
  SimulatedCcaOptions options;
  options.tiks = {tik.public_key().spki()};
  Platform out{{}, policy_for("cca")};
  out.policy.cca.initial_measurement = expect::Exactly<Bytes>{options.initial_measurement};
  out.policy.cca.components = expect::Exactly<Bytes>{options.component_measurement};
  out.policy.cca.config = expect::Exactly<Bytes>{options.config};
  SEATLS_TRY(auto made, make_simulated_cca(std::move(options)));
  return with_root(std::move(out), std::move(made));
}

Result<Platform> software(const PrivateKey& tik) {
  SEATLS_TRY(const auto attestation_key, PrivateKey::generate(KeyType::p256));
  SoftwareAttesterOptions options;
  SEATLS_TRY(Secret tik_pem, tik.to_pem());
  options.tiks.push_back(std::move(tik_pem));
  SEATLS_TRY(options.attestation_key, attestation_key.to_pem());
  options.swname = "bench";
  options.debug_disabled = true;
  Platform out{{}, policy_for("software")};
  out.policy.software.ak = {attestation_key.public_key().spki()};
  out.policy.software.swname = expect::Exactly<std::string>{"bench"};
  out.policy.danger.software_evidence = true;
  SEATLS_TRY(out.attester, make_software_attester(std::move(options)));
  return out;
}

// What every scheme's evidence brings anew; chains and collateral are not counted.
const std::vector<Scheme>& schemes() {
  static const std::vector<Scheme> rows = {
      {"tdx", KeyType::p256, 2, tdx},           // the quote, and the quoting enclave's report
      {"sgx", KeyType::p256, 2, sgx},           // the same
      {"sev-snp", KeyType::p384, 1, snp},       // the report
      {"nitro", KeyType::p384, 1, nitro},       // the document
      {"cca", KeyType::p384, 2, cca},           // the platform's token, and the realm's
      {"software", KeyType::p256, 1, software}  // the token
  };
  return rows;
}

struct Bare {
  explicit Bare(PrivateKey key_) : key(std::move(key_)), public_key(key.public_key()) {}
  PrivateKey key;
  crypto::PublicKey public_key;
  Bytes message = Bytes(600, 7), signature{};

  [[nodiscard]] static Result<Bare> make(KeyType type) {
    SEATLS_TRY(auto key, PrivateKey::generate(type));
    Bare out(std::move(key));
    SEATLS_TRY(out.signature,
               out.key.sign(out.key.default_algorithm(), out.message, crypto::EcdsaForm::fixed));
    return out;
  }
  [[nodiscard]] Result<void> verify() const {
    return public_key.verify(key.default_algorithm(), message, signature, crypto::EcdsaForm::fixed);
  }
};

Result<AppraisalRequest> new_evidence(const Platform& platform, const Spki& tik) {
  const auto schemes = platform.attester->schemes();
  if (schemes.empty()) return fault("an attester attests nothing");
  EvidenceRequest request{schemes.front(),
                          danger::binder_from_bytes(crypto::random_bytes(32), Hash::sha256, tik)};
  std::optional<Result<Cmw>> made;
  platform.attester->attest(request, [&](Result<Cmw> r) { made = std::move(r); });
  if (!made) return fault("an attester did not answer at once");
  SEATLS_TRY(Cmw cmw, std::move(*made));
  SEATLS_TRY(const Bytes encoded, encode_cmw(cmw));
  return AppraisalRequest{request.scheme, std::move(cmw), request.binder,
                          crypto::digest(Hash::sha256, encoded)};
}

Result<void> appraise_once(Verifier& verifier, AppraisalRequest request) {
  std::optional<Result<AttestationResult>> answer;
  verifier.appraise(std::move(request), [&](Result<AttestationResult> r) { answer = std::move(r); });
  if (!answer || !*answer) return fault("an appraisal came to no result");
  if (const Reason* reason = (**answer).first_fatal())
    return fault("good evidence was refused: " + std::string(name(reason->code)) + ": " + reason->detail);
  return {};
}

// Taken is what one scheme took in one round, in seconds each.
struct Taken {
  double cold = 0, warm = 0, bare = 0;
};

Result<Taken> measure(const Scheme& scheme, const PrivateKey& tik, const Bare& bare, unsigned appraisals) {
  SEATLS_TRY(const Platform platform, scheme.make(tik));
  LocalVerifierOptions options;
  options.evidence_cache = std::make_shared<EvidenceCache>();
  SEATLS_TRY(const auto verifier, make_local_verifier(platform.policy, options));
  const Spki spki = tik.public_key().spki();
  std::vector<AppraisalRequest> evidence;
  for (unsigned i = 0; i <= appraisals; ++i) {
    SEATLS_TRY(auto request, new_evidence(platform, spki));
    evidence.push_back(std::move(request));
  }
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  Taken out;
  auto start = Clock::now();
  SEATLS_CHECK(appraise_once(*verifier, std::move(evidence.front())));
  out.cold = since(start);
  for (unsigned i = 1; i <= appraisals; ++i) {
    start = Clock::now();
    SEATLS_CHECK(appraise_once(*verifier, std::move(evidence[i])));
    out.warm += since(start);
    start = Clock::now();
    for (unsigned k = 0; k < scheme.verifications; ++k) SEATLS_CHECK(bare.verify());
    out.bare += since(start);
  }
  out.warm /= appraisals;
  out.bare /= appraisals;
  return out;
}

}  // namespace

Result<Report> appraise(const AppraiseOptions& options) {
  SEATLS_TRY(const auto tik, PrivateKey::generate(KeyType::p256));
  SEATLS_TRY(const Bare p256, Bare::make(KeyType::p256));
  SEATLS_TRY(const Bare p384, Bare::make(KeyType::p384));
  Report report;
  for (const Scheme& scheme : schemes()) {
    const Bare& bare = scheme.curve == KeyType::p256 ? p256 : p384;
    const std::string what = std::to_string(scheme.verifications) + " bare " +
                             std::string(crypto::name(scheme.curve)) +
                             (scheme.verifications == 1 ? " verification" : " verifications");
    const std::string named(scheme.name);
    Series cold{named + ", cold", "appraisals/s", {}}, warm{named + ", warm", "appraisals/s", {}},
        yardstick{named + ": " + what, "times/s", {}}, cold_ratio, warm_ratio;
    SEATLS_CHECK(measure(scheme, tik, bare, options.appraisals));  // warm-up
    for (unsigned round = 0; round < options.rounds; ++round) {
      SEATLS_TRY(const Taken taken, measure(scheme, tik, bare, options.appraisals));
      cold.samples.push_back(1 / taken.cold);
      warm.samples.push_back(1 / taken.warm);
      yardstick.samples.push_back(1 / taken.bare);
      cold_ratio.samples.push_back(taken.cold / taken.bare);
      warm_ratio.samples.push_back(taken.warm / taken.bare);
    }
    report.ratios.emplace_back(named + "_warm_to_bare", warm_ratio.median());
    report.ratios.emplace_back(named + "_cold_to_bare", cold_ratio.median());
    for (Series* series : {&cold, &warm, &yardstick}) report.cases.push_back(std::move(*series));
  }
  report.notes.emplace_back(
      "Ratios are of time, medians over the rounds. Each round makes up a new platform: its first evidence "
      "is "
      "cold, the rest warm, and each piece of evidence is new. The bare verifications are those whose "
      "signatures "
      "are new in every piece of evidence.");
  return report;
}

}  // namespace seatls::bench
