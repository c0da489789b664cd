#include "remote/verifier.h"

#include <algorithm>

#include "appraise/delegated.h"
#include "appraise/registry.h"
#include "base/clock.h"
#include "crypto/x509.h"
#include "remote/asker.h"
#include "seatls/verifiers.h"

namespace seatls::remote {
namespace {

constexpr std::string_view passports = "result";

// Judge is what an answer is held against; it outlives the verifier in what is under way.
struct Judge {
  RemoteVerifierOptions options;
  Policy policy;  // for results

  [[nodiscard]] appraise::Delegation about(const AppraisalRequest& request) const {
    appraise::Delegation d{.policy = policy, .table = options.table, .request = request};
    d.danger_unnamed_evidence = options.danger_unnamed_evidence;
    if (options.danger.software_evidence) d.dangers.emplace_back("software_evidence");
    if (options.danger_plain_http) d.dangers.emplace_back("verifier_over_http");
    return d;
  }
  [[nodiscard]] AttestationResult judge(const AppraisalRequest& request, const Answer& answer) const {
    auto d = about(request);
    d.verifier = options.services.at(answer.service).identity;
    d.submitted = answer.submitted;
    return appraise::judge_delegated(d, answer.ear, options.clock());
  }
};

class RemoteVerifier final : public Verifier {
 public:
  RemoteVerifier(std::shared_ptr<const Judge> judge, std::vector<AttestationScheme> schemes,
                 std::shared_ptr<Verifier> local, AskerOptions asker, std::shared_ptr<net::HttpLoop> loop)
      : judge_(std::move(judge)),
        schemes_(std::move(schemes)),
        passports_(std::move(local)),
        asker_(std::move(asker), std::move(loop)) {}

  std::vector<AttestationScheme> schemes() const override { return schemes_; }

  void appraise(AppraisalRequest request, Done done) override {
    if (request.scheme.is_result() && passports_ != nullptr)
      return passports_->appraise(std::move(request), std::move(done));
    const auto now = judge_->options.clock();
    auto objections = appraise::objections_to(request, judge_->options.table, now);
    if (std::ranges::find(schemes_, request.scheme) == schemes_.end())
      objections.insert(
          objections.begin(),
          Reason{Code::scheme_below_policy, describe(request.scheme) + " was not asked for", "", true});
    if (!objections.empty())
      return done(appraise::refuse_delegation(judge_->about(request), std::move(objections), now));
    auto submission = submission_of(request.credential);
    if (!submission) return done(std::move(submission).error());
    Question question{.evidence = Question::Ready{bytes(request.binder.bytes()), std::move(*submission)},
                      .tik = request.binder.tik()};
    asker_.ask(std::move(question), [judge = judge_, request = std::move(request),
                                     done = std::move(done)](const Result<Answer>& answer) {
      if (answer)
        done(judge->judge(request, *answer));
      else
        done(answer.error());
    });
  }

 private:
  const std::shared_ptr<const Judge> judge_;
  const std::vector<AttestationScheme> schemes_;
  const std::shared_ptr<Verifier> passports_;
  Asker asker_;
};

Error misconfigured(std::string what) { return {Code::configuration, std::move(what), "remote verifier"}; }

Policy policy_of(const RemoteVerifierOptions& o) {
  Policy policy;
  policy.id = o.id;
  if (policy.id.empty())
    for (const auto& service : o.services)
      policy.id += (policy.id.empty() ? "remote " : ", ") + service.identity;
  policy.schemes = {std::string(passports)};
  policy.result = o.result;
  policy.key = o.key;
  policy.danger = o.danger;
  return policy;
}

// evidence_schemes returns what peers are asked for besides passports.
Result<std::vector<AttestationScheme>> evidence_schemes(const RemoteVerifierOptions& o) {
  std::vector<AttestationScheme> out;
  for (const auto& name : o.schemes) {
    if (name == passports) continue;
    const auto type = o.table.find(name);
    // What this version cannot read it cannot compare with the connection either.
    if (!type || appraise::find_scheme(name) == nullptr)
      return misconfigured("schemes names \"" + name + "\", whose evidence this version cannot read");
    if (name == "event-log")
      return misconfigured("\"event-log\" is part of a compound, and never stands alone");
    if (name == "software" && !o.danger.software_evidence)
      return misconfigured(
          "schemes names \"software\": any program can make such evidence; danger.software_evidence accepts "
          "that");
    out.push_back({*type});
  }
  if (out.empty()) return misconfigured("schemes names no evidence that peers are asked for");
  return out;
}

Result<void> check_services(const RemoteVerifierOptions& o) {
  for (const auto& service : o.services)
    if (std::ranges::find(o.result.verifiers, service.identity, &TrustedVerifier::identity) ==
        o.result.verifiers.end())
      return misconfigured("no key is pinned for the verifier \"" + service.identity + "\"");
  return {};
}

}  // namespace

Result<std::shared_ptr<Verifier>> make_verifier(RemoteVerifierOptions options,
                                                std::shared_ptr<net::HttpLoop> loop,
                                                std::function<double()> random) {
  if (!options.clock) options.clock = base::system_clock();
  Policy policy = policy_of(options);
  SEATLS_CHECK(check_services(options));
  SEATLS_TRY(auto schemes, evidence_schemes(options));
  if (!options.ca_pem.empty())
    if (auto anchors = crypto::parse_pem_certificates(options.ca_pem); !anchors)
      return misconfigured("the CA file holds no certificate: " + anchors.error().detail);
  AskerOptions asker{.timeout = options.timeout,
                     .budget = options.budget,
                     .retries = options.retries,
                     .outstanding = options.outstanding,
                     .breaker = {options.breaker_failures, options.breaker_pause},
                     .random = std::move(random)};
  for (const auto& service : options.services) asker.urls.push_back(service.url);
  SEATLS_CHECK(check(asker, options.danger_plain_http));
  // It says what is wrong with what is demanded of results, and judges those that peers bring.
  SEATLS_TRY(auto local, make_local_verifier(policy, {.clock = options.clock, .table = options.table}));
  const auto brought = std::ranges::find(options.schemes, passports);
  if (brought == options.schemes.end()) {
    local = nullptr;
  } else {
    const auto results = local->schemes();
    const auto before = std::min<std::ptrdiff_t>(brought - options.schemes.begin(),
                                                 static_cast<std::ptrdiff_t>(schemes.size()));
    schemes.insert(schemes.begin() + before, results.begin(), results.end());
  }
  auto judge = std::make_shared<const Judge>(Judge{std::move(options), std::move(policy)});
  return std::shared_ptr<Verifier>(std::make_shared<RemoteVerifier>(
      std::move(judge), std::move(schemes), std::move(local), std::move(asker), std::move(loop)));
}

}  // namespace seatls::remote

namespace seatls {

Result<std::shared_ptr<Verifier>> make_remote_verifier(RemoteVerifierOptions options) {
  SEATLS_TRY(auto loop, net::make_http_loop({.ca_pem = options.ca_pem}));
  return remote::make_verifier(std::move(options), std::move(loop));
}

}  // namespace seatls
