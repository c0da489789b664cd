#include "collateral/verifier.h"

#include "appraise/parts.h"
#include "appraise/pipeline.h"
#include "appraise/schemes/intel/collateral.h"
#include "base/clock.h"
#include "collateral/assemble.h"

namespace seatls::collateral {
namespace {

// Judge is what an appraisal needs after its collateral has come; it outlives the verifier in those that
// wait.
class Judge {
 public:
  Judge(std::vector<Policy> policies, LocalVerifierOptions options)
      : policies_(std::make_shared<const std::vector<Policy>>(std::move(policies))),
        options_(std::move(options)),
        with_(256) {}

  [[nodiscard]] Time now() const { return options_.clock(); }
  [[nodiscard]] const LocalVerifierOptions& options() const { return options_; }
  [[nodiscard]] const std::vector<Policy>& policies() const { return *policies_; }

  [[nodiscard]] AttestationResult judge(const AppraisalRequest& request, Time at,
                                        const Collected& collected) const {
    const auto policies = with(collected.entries);
    auto job = appraise::job_of(request, options_, policies->front(), at);
    job.missing = collected.missing;
    return appraise::run_all(job, *policies);
  }

 private:
  using Policies = std::shared_ptr<const std::vector<Policy>>;

  // with returns the policies with what was collected: made once for each platform, until something is
  // renewed.
  [[nodiscard]] Policies with(const std::vector<Held>& entries) const {
    if (entries.empty()) return policies_;
    std::vector<ByteView> digests;
    for (const auto& held : entries) digests.emplace_back(held->digest);
    Bytes name = appraise::name_of_parts(digests);
    if (auto known = with_.find(name)) return std::move(*known);
    const auto addition = addition_of(entries);
    auto policies = *policies_;
    for (auto& policy : policies) add(policy, addition);
    auto made = std::make_shared<const std::vector<Policy>>(std::move(policies));
    with_.keep(std::move(name), made);
    return made;
  }

  const Policies policies_;
  const LocalVerifierOptions options_;
  mutable base::Remembered<Bytes, Policies> with_;
};

class CollateralVerifier final : public Verifier {
 public:
  CollateralVerifier(std::shared_ptr<const Judge> judge, std::vector<AttestationScheme> schemes,
                     const CollateralOptions& options, Fetcher fetcher, Trust trust, CollectorLimits limits)
      : judge_(std::move(judge)),
        schemes_(std::move(schemes)),
        collector_(options, std::move(fetcher), std::move(trust), judge_->options().clock, limits) {}

  std::vector<AttestationScheme> schemes() const override { return schemes_; }

  void appraise(AppraisalRequest request, Done done) override {
    const Time at = judge_->now();
    std::vector<appraise::Need> needs;
    // Nothing is fetched for what was not negotiated: it is refused anyway.
    if (is_negotiable(request)) {
      needs = needs_of(request, at, appraise::Vouching::not_looked_at);
      if (!collector_.holds(needs, at)) needs = needs_of(request, at, appraise::Vouching::demanded);
    }
    collector_.collect(
        needs, at,
        [judge = judge_, request = std::move(request), at, done = std::move(done)](const Collected* c) {
          if (c == nullptr)
            done(Error{Code::verifier_unavailable, "the verifier was stopped", ""});
          else
            done(judge->judge(request, at, *c));
        });
  }

 private:
  [[nodiscard]] std::vector<appraise::Need> needs_of(const AppraisalRequest& request, Time at,
                                                     appraise::Vouching vouching) const {
    return appraise::needs_of(request.credential, judge_->options().table, judge_->policies(), at, vouching);
  }
  [[nodiscard]] bool is_negotiable(const AppraisalRequest& request) const {
    return std::ranges::find(schemes_, request.scheme) != schemes_.end();
  }

  const std::shared_ptr<const Judge> judge_;
  const std::vector<AttestationScheme> schemes_;
  Collector collector_;
};

}  // namespace

Result<std::shared_ptr<Verifier>> make_verifier(std::vector<Policy> policies, LocalVerifierOptions options,
                                                const CollateralOptions& collateral,
                                                std::shared_ptr<const net::HttpClient> http,
                                                CollectorLimits limits) {
  // It says what is wrong with the policies, and what they accept.
  SEATLS_TRY(const auto local, make_local_verifier(policies, options));
  SEATLS_TRY(auto fetcher, Fetcher::make(collateral, std::move(http)));
  if (!options.clock) options.clock = base::system_clock();
  if (!options.evidence_cache) options.evidence_cache = EvidenceCache::of_process();
  std::vector<Bytes> roots;
  for (const auto& policy : policies)
    roots.insert(roots.end(), policy.danger.simulated_roots.begin(), policy.danger.simulated_roots.end());
  auto judge = std::make_shared<const Judge>(std::move(policies), std::move(options));
  return std::shared_ptr<Verifier>(std::make_shared<CollateralVerifier>(
      std::move(judge), local->schemes(), collateral, std::move(fetcher), trust_of(roots), limits));
}

}  // namespace seatls::collateral

namespace seatls {

IntelCollateral fetched_collateral() { return IntelCollateral::parse(appraise::intel::fetched_mark).value(); }

Result<std::shared_ptr<Verifier>> make_collateral_verifier(std::vector<Policy> policies,
                                                           LocalVerifierOptions options,
                                                           CollateralOptions collateral) {
  auto http = net::make_http_client({.ca_pem = collateral.ca_pem});
  return collateral::make_verifier(std::move(policies), std::move(options), collateral, std::move(http));
}

}  // namespace seatls
