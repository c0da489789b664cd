#include "proxy/metrics.h"

#include "service/figures.h"

namespace seatls::proxy {
namespace {

using service::counters;
using service::Counters;
using service::gauges;
using service::Gauges;
using service::seconds;
using service::times;
using Steady = std::chrono::steady_clock;

class CountingVerifier final : public Verifier {
 public:
  using Told = std::function<void(const Result<AttestationResult>&, std::chrono::duration<double>)>;
  CountingVerifier(std::shared_ptr<Verifier> verifier, Told told)
      : verifier_(std::move(verifier)), told_(std::move(told)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return verifier_->schemes(); }
  void appraise(AppraisalRequest request, Done done) override {
    verifier_->appraise(std::move(request), [told = told_, begun = Steady::now(),
                                             done = std::move(done)](Result<AttestationResult> result) {
      told(result, Steady::now() - begun);
      done(std::move(result));
    });
  }

 private:
  const std::shared_ptr<Verifier> verifier_;
  const Told told_;
};

class CountingAttester final : public Attester {
 public:
  using Told = std::function<void(bool, std::chrono::duration<double>)>;
  CountingAttester(std::shared_ptr<Attester> attester, Told told)
      : attester_(std::move(attester)), told_(std::move(told)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return attester_->schemes(); }
  [[nodiscard]] std::size_t longest_binder() const override { return attester_->longest_binder(); }
  void attest(EvidenceRequest request, Done done) override {
    attester_->attest(std::move(request),
                      [told = told_, begun = Steady::now(), done = std::move(done)](Result<Cmw> made) {
                        told(made.ok(), Steady::now() - begun);
                        done(std::move(made));
                      });
  }

 private:
  const std::shared_ptr<Attester> attester_;
  const Told told_;
};

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  Counters& opened = counters(registry, "seatls_proxy_connections_total", "Connections taken.");
  Gauges& open = gauges(registry, "seatls_proxy_connections", "Connections that are open.");
  Counters& bytes = counters(registry, "seatls_proxy_bytes_total", "Data that passed, by direction.");
  Counters& limited =
      counters(registry, "seatls_proxy_limited_total", "Connections closed at once, by the limit reached.");
  Counters& handshakes =
      counters(registry, "seatls_proxy_handshakes_total", "Connections by what became of their peer.");
  prometheus::Histogram& handshake_seconds =
      seconds(times(registry, "seatls_proxy_handshake_seconds",
                    "Time until a peer was what the configuration demands, attestation included."));
  Counters& refused =
      counters(registry, "seatls_proxy_refused_total", "Peers refused, and connections lost, by reason.");
  Counters& verdicts = counters(registry, "seatls_proxy_verdicts_total",
                                "Appraisals, by scheme, tier and the reason that decided.");
  prometheus::Histogram& appraisal_seconds =
      seconds(times(registry, "seatls_proxy_appraisal_seconds", "Time of an appraisal."));
  Counters& evidence =
      counters(registry, "seatls_proxy_evidence_total", "Evidence that was made, or could not be.");
  prometheus::Histogram& evidence_seconds =
      seconds(times(registry, "seatls_proxy_evidence_seconds", "Time in which evidence was made."));
  Counters& again =
      counters(registry, "seatls_proxy_reattestations_total", "Attestations after the handshake.");
  Counters& reloads =
      counters(registry, "seatls_proxy_reloads_total", "Times the configuration was read anew.");
  prometheus::Counter& lost =
      counters(registry, "seatls_proxy_log_lines_lost_total", "Lines of output that nobody read in time.")
          .Add({});
  Gauges& sandbox = gauges(registry, "seatls_proxy_sandbox", "What the sandbox confines: 1, or 0.");
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::opened(const std::string& listener) {
  impl_->opened.Add({{"listener", listener}}).Increment();
  impl_->open.Add({{"listener", listener}}).Increment();
}
void Metrics::closed(const std::string& listener, std::uint64_t from_peer, std::uint64_t to_peer) {
  impl_->open.Add({{"listener", listener}}).Decrement();
  impl_->bytes.Add({{"listener", listener}, {"direction", "from_peer"}})
      .Increment(static_cast<double>(from_peer));
  impl_->bytes.Add({{"listener", listener}, {"direction", "to_peer"}})
      .Increment(static_cast<double>(to_peer));
}
void Metrics::limited(const std::string& why) { impl_->limited.Add({{"limit", why}}).Increment(); }
void Metrics::accepted(std::chrono::duration<double> took) {
  impl_->handshakes.Add({{"result", "accepted"}}).Increment();
  impl_->handshake_seconds.Observe(took.count());
}
void Metrics::refused(Code why) {
  impl_->handshakes.Add({{"result", "refused"}}).Increment();
  impl_->refused.Add({{"reason", std::string(name(why))}}).Increment();
}
void Metrics::attested_again(bool good) {
  impl_->again.Add({{"result", good ? "accepted" : "refused"}}).Increment();
}
void Metrics::reloaded(bool good) { impl_->reloads.Add({{"result", good ? "good" : "bad"}}).Increment(); }

void Metrics::lost(std::uint64_t lines) {
  impl_->lost.Increment(static_cast<double>(lines) - impl_->lost.Value());
}

void Metrics::confined(bool files, bool system_calls) {
  impl_->sandbox.Add({{"part", "files"}}).Set(files ? 1 : 0);
  impl_->sandbox.Add({{"part", "system_calls"}}).Set(system_calls ? 1 : 0);
}

void Metrics::appraised(const Result<AttestationResult>& result, std::chrono::duration<double> took) {
  impl_->appraisal_seconds.Observe(took.count());
  if (!result) {
    impl_->verdicts
        .Add({{"scheme", ""}, {"tier", "none"}, {"reason", std::string(name(result.error().code))}})
        .Increment();
    return;
  }
  const auto* fatal = result->first_fatal();
  impl_->verdicts
      .Add({{"scheme", (*result)->scheme},
            {"tier", std::string(name(result->tier()))},
            {"reason", fatal != nullptr ? std::string(name(fatal->code)) : ""}})
      .Increment();
}
void Metrics::attested(bool good, std::chrono::duration<double> took) {
  impl_->evidence.Add({{"result", good ? "made" : "failed"}}).Increment();
  impl_->evidence_seconds.Observe(took.count());
}

std::string Metrics::text() const { return service::text_of(impl_->registry); }

std::shared_ptr<Verifier> Metrics::counting(std::shared_ptr<Verifier> verifier,
                                            std::shared_ptr<Metrics> metrics) {
  return std::make_shared<CountingVerifier>(
      std::move(verifier),
      [metrics = std::move(metrics)](const auto& result, auto took) { metrics->appraised(result, took); });
}
std::shared_ptr<Attester> Metrics::counting(std::shared_ptr<Attester> attester,
                                            std::shared_ptr<Metrics> metrics) {
  return std::make_shared<CountingAttester>(
      std::move(attester),
      [metrics = std::move(metrics)](bool good, auto took) { metrics->attested(good, took); });
}

}  // namespace seatls::proxy
