#include "remote/passport.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>

#include "appraise/delegated.h"
#include "base/clock.h"
#include "binder/passport_binder.h"
#include "crypto/x509.h"
#include "rats/media_type.h"
#include "remote/asker.h"
#include "remote/result_file.h"
#include "seatls/attesters.h"
#include "seatls/verifiers.h"

namespace seatls::remote {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = net::HttpLoop::Steady;

constexpr milliseconds longest_sleep{60'000};  // wall clocks are set, and machines sleep

double system_random() {
  thread_local std::mt19937 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

// What relying parties demand of a Result, as far as it can be known here.
Policy policy_of(const RenewingPassportOptions& o) {
  Policy policy;
  policy.id = "passport of " + o.identity;
  policy.schemes = {"result"};
  policy.result.verifiers = {{o.identity, o.keys}};
  policy.result.max_age = o.max_age;
  return policy;
}

// why_not tells why a Result is not worth showing; nothing when it is.
std::optional<Error> why_not(const AttestationResult& result) {
  if (const auto* reason = result.first_fatal()) return Error{reason->code, reason->detail, reason->path};
  if (result.tier() != Tier::affirming && result.tier() != Tier::warning)
    return Error{Code::tier_not_accepted,
                 "the verifier's verdict is \"" + std::string(name(result.tier())) + "\"", "passport"};
  return std::nullopt;
}

// Renewer fetches, and holds what it fetched. It lives on in what is under way when its owner has gone.
class Renewer : public std::enable_shared_from_this<Renewer> {
 public:
  Renewer(RenewingPassportOptions options, std::shared_ptr<Verifier> verifier, std::function<double()> random)
      : options_(std::move(options)),
        policy_(policy_of(options_)),
        verifier_(std::move(verifier)),
        random_(std::move(random)),
        scheme_{VerifierIdentity{options_.identity}} {}

  void begin(AskerOptions asker, std::shared_ptr<net::HttpLoop> loop) {
    read_cache();
    asker_ = std::make_shared<Asker>(std::move(asker), loop);
    loop_ = std::move(loop);
    sleep_until_due();
  }
  void stop() {
    std::unique_lock lock(mutex_);
    auto asker = std::move(asker_);
    auto loop = std::move(loop_);
    lock.unlock();
    asker.reset();
    loop.reset();
  }
  // wait_for_first returns when there is a Result, when fetching one has failed, or after `time`.
  void wait_for_first(milliseconds time) {
    std::unique_lock lock(mutex_);
    settled_.wait_for(lock, time, [this] { return holder_ != nullptr || trouble_.has_value(); });
  }

  [[nodiscard]] const AttestationScheme& scheme() const { return scheme_; }
  // holder returns who shows the Result that is current.
  [[nodiscard]] Result<std::shared_ptr<Attester>> holder() const {
    const auto now = options_.clock();
    const std::scoped_lock lock(mutex_);
    if (holder_ != nullptr && now < until_) return holder_;
    return Error{
        Code::attester_unavailable,
        "there is no result that is current" + (trouble_ ? "; " + trouble_->message() : std::string()),
        "passport"};
  }

 private:
  // ---- when ----

  void sleep_until_due() {
    const std::scoped_lock lock(mutex_);
    if (loop_ == nullptr) return;
    const auto left = std::clamp<milliseconds>(due_ - options_.clock(), milliseconds(0), longest_sleep);
    loop_->wake(loop_->now() + left, [self = shared_from_this()](const Result<void>& r) {
      if (r) self->wake();
    });
  }
  void wake() {
    if (options_.clock() < due_) return sleep_until_due();
    renew();
  }
  // due_when returns the moment to renew a Result that holds from now on until `end`.
  [[nodiscard]] Time due_when(Time now, Time end) const {
    const double share = options_.renew_at * (1 - 0.1 * random_());
    const auto lifetime = std::max(end - now, seconds(0));
    return now + seconds(static_cast<seconds::rep>(static_cast<double>(lifetime.count()) * share));
  }
  // later returns the moment for another attempt: after a pause that doubles.
  [[nodiscard]] Time later() {
    const auto whole =
        std::min(options_.longest_back_off, options_.back_off * (1U << std::min(failures_++, 20U)));
    const auto pause =
        whole / 2 +
        milliseconds(static_cast<milliseconds::rep>(static_cast<double>(whole.count()) / 2 * random_()));
    return options_.clock() + std::chrono::ceil<seconds>(pause);
  }

  // ---- how ----

  void renew() {
    const auto asker = [this] {
      const std::scoped_lock lock(mutex_);
      return asker_;
    }();
    if (asker == nullptr) return;
    asker->ask({.evidence = [self = shared_from_this()](
                                const Bytes& nonce,
                                const Question::Made& made) { self->make_evidence(nonce, made); },
                .tik = options_.tik,
                .binds_tik = true},
               [self = shared_from_this()](const Result<Answer>& answer) { self->on_answer(answer); });
  }

  void make_evidence(const Bytes& nonce, const Question::Made& made) {
    nonce_ = nonce;
    const auto schemes = options_.attester->schemes();
    if (schemes.empty() || schemes.front().is_result())
      return made(Error{Code::attester_unavailable, "the attester makes no evidence now", "passport"});
    // Evidence over the nonce alone could be used for any key (docs/protocol, Decision 17).
    auto binder =
        danger::binder_from_bytes(binder::passport_binder(nonce, options_.tik), Hash::sha256, options_.tik);
    options_.attester->attest({schemes.front(), std::move(binder)}, [made](Result<Cmw> evidence) {
      evidence ? made(submission_of(*evidence)) : made(std::move(evidence).error());
    });
  }

  [[nodiscard]] bool stopped() const {
    const std::scoped_lock lock(mutex_);
    return loop_ == nullptr;
  }

  void on_answer(const Result<Answer>& answer) {
    if (stopped()) return;
    auto taken = answer ? take(*answer) : Result<void>(answer.error());
    if (!taken) {
      // A verifier that refuses vouches no longer: what it said before is not held against it.
      const bool refused = answer.ok();
      const std::scoped_lock lock(mutex_);
      if (refused && taken.error().code == Code::tier_not_accepted) holder_ = nullptr;
      trouble_ = taken.error();
      due_ = later();
    }
    settled_.notify_all();
    if (!taken && options_.on_trouble) options_.on_trouble(taken.error());
    sleep_until_due();
  }

  Result<void> take(const Answer& answer) {
    const auto now = options_.clock();
    const AppraisalRequest request{scheme_, as_credential(answer.ear),
                                   danger::binder_from_bytes(nonce_, Hash::sha256, options_.tik),
                                   answer.submitted};
    appraise::Delegation d{.policy = policy_, .table = SchemeTable::defaults(), .request = request};
    d.verifier = options_.identity;
    d.submitted = answer.submitted;
    d.danger_unnamed_evidence = options_.danger_unnamed_evidence;
    const auto result = appraise::judge_delegated(d, answer.ear, now);
    if (auto why = why_not(result)) return std::move(*why).in("result of " + options_.identity);
    SEATLS_CHECK(hold(answer.ear, result, now));
    if (options_.cache.empty()) return {};
    if (auto kept = write_result_file(options_.cache, answer.ear); !kept && options_.on_trouble)
      options_.on_trouble(kept.error());
    return {};
  }

  // hold shows a Result from now on.
  Result<void> hold(const std::string& ear, const AttestationResult& result, Time now) {
    SEATLS_TRY(auto holder, make_passport_holder({.verifier = options_.identity,
                                                  .result = bytes(std::string_view(ear)),
                                                  .clock = options_.clock}));
    const Time until = result->valid_until.value_or(now);
    const std::scoped_lock lock(mutex_);
    holder_ = std::move(holder);
    until_ = until;
    due_ = due_when(now, until);
    failures_ = 0;
    trouble_.reset();
    return {};
  }

  // The file proves nothing: it is judged as relying parties judge.
  void read_cache() {
    due_ = options_.clock();
    if (options_.cache.empty()) return;
    const auto ear = read_result_file(options_.cache);
    if (!ear) return;  // there was no run before this one
    const auto now = options_.clock();
    verifier_->appraise({scheme_, as_credential(*ear),
                         danger::binder_from_bytes(Bytes(32, 0), Hash::sha256, options_.tik), Bytes(32, 0)},
                        [&](const Result<AttestationResult>& result) {
                          if (result && !why_not(*result)) (void)hold(*ear, *result, now);
                        });
  }

  static Cmw as_credential(const std::string& ear) {
    return Cmw(CmwRecord{ContentFormat{rats::content_format::eat_jwt}, bytes(std::string_view(ear)),
                         cmw_indicator::attestation_results});
  }

  const RenewingPassportOptions options_;
  const Policy policy_;
  const std::shared_ptr<Verifier> verifier_;  // of results: for the one in the file
  const std::function<double()> random_;
  const AttestationScheme scheme_;

  mutable std::mutex mutex_;
  std::condition_variable settled_;
  std::shared_ptr<Asker> asker_;
  std::shared_ptr<net::HttpLoop> loop_;
  std::shared_ptr<Attester> holder_;
  Time until_{};
  std::optional<Error> trouble_;
  // Of the loop's thread alone, once it has begun.
  Time due_{};
  unsigned failures_ = 0;
  Bytes nonce_;
};

class RenewingPassport final : public Attester {
 public:
  explicit RenewingPassport(std::shared_ptr<Renewer> renewer) : renewer_(std::move(renewer)) {}
  ~RenewingPassport() override { renewer_->stop(); }
  RenewingPassport(const RenewingPassport&) = delete;
  RenewingPassport& operator=(const RenewingPassport&) = delete;

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override {
    const auto holder = renewer_->holder();
    return holder ? (*holder)->schemes() : std::vector<AttestationScheme>();
  }
  void attest(EvidenceRequest request, Done done) override {
    auto holder = renewer_->holder();
    holder ? (*holder)->attest(std::move(request), std::move(done)) : done(std::move(holder).error());
  }

 private:
  const std::shared_ptr<Renewer> renewer_;
};

Error misconfigured(std::string what) { return {Code::configuration, std::move(what), "passport"}; }

Result<void> check(const RenewingPassportOptions& o) {
  if (o.attester == nullptr) return misconfigured("nothing makes the evidence: attester is missing");
  if (o.tik.der().empty()) return misconfigured("the key that the result is to be about is missing: tik");
  if (!(o.renew_at > 0 && o.renew_at < 1)) return misconfigured("renew_at lies outside of 0 to 1");
  if (o.back_off <= milliseconds(0) || o.longest_back_off < o.back_off)
    return misconfigured("back_off must be longer than nothing, and longest_back_off no shorter");
  if (!o.ca_pem.empty())
    if (auto anchors = crypto::parse_pem_certificates(o.ca_pem); !anchors)
      return misconfigured("the CA file holds no certificate: " + anchors.error().detail);
  return {};
}

}  // namespace

Result<std::shared_ptr<Attester>> make_passport(RenewingPassportOptions options,
                                                std::shared_ptr<net::HttpLoop> loop,
                                                std::function<double()> random) {
  if (!options.clock) options.clock = base::system_clock();
  if (!random) random = system_random;
  SEATLS_CHECK(check(options));
  AskerOptions asker{.urls = options.urls,
                     .timeout = options.timeout,
                     .budget = options.budget,
                     .outstanding = 1,
                     .random = random};
  SEATLS_CHECK(remote::check(asker, options.danger_plain_http));
  // It says what is wrong with the verifier's identity and keys.
  SEATLS_TRY(auto verifier, make_local_verifier(policy_of(options), {.clock = options.clock}));
  const auto wait = options.wait_for_first;
  auto renewer = std::make_shared<Renewer>(std::move(options), std::move(verifier), std::move(random));
  auto passport = std::make_shared<RenewingPassport>(renewer);
  renewer->begin(std::move(asker), std::move(loop));
  if (wait > milliseconds(0)) renewer->wait_for_first(wait);
  return std::shared_ptr<Attester>(std::move(passport));
}

}  // namespace seatls::remote

namespace seatls {

Result<std::shared_ptr<Attester>> make_renewing_passport(RenewingPassportOptions options) {
  SEATLS_TRY(auto loop, net::make_http_loop({.ca_pem = options.ca_pem}));
  return remote::make_passport(std::move(options), std::move(loop));
}

}  // namespace seatls
