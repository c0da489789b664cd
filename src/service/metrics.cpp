#include "service/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace seatls::service {

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("seatls_verifier_requests_total")
                                                          .Help("Requests answered.")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& request_seconds =
      prometheus::BuildHistogram()
          .Name("seatls_verifier_request_seconds")
          .Help("Time from a whole request to its answer.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& verdicts = prometheus::BuildCounter()
                                                          .Name("seatls_verifier_verdicts_total")
                                                          .Help("Results given out, by scheme and tier.")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& appraisal_seconds =
      prometheus::BuildHistogram()
          .Name("seatls_verifier_appraisal_seconds")
          .Help("Time of an appraisal, with what it fetches.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& refused =
      prometheus::BuildCounter()
          .Name("seatls_verifier_refused_connections_total")
          .Help("Connections that were ended before a request.")
          .Register(registry);
  prometheus::Gauge& connections = prometheus::BuildGauge()
                                       .Name("seatls_verifier_connections")
                                       .Help("Connections that are open.")
                                       .Register(registry)
                                       .Add({});
  prometheus::Gauge& sessions = prometheus::BuildGauge()
                                    .Name("seatls_verifier_sessions")
                                    .Help("Sessions in the store that have not expired.")
                                    .Register(registry)
                                    .Add({});
  prometheus::Family<prometheus::Counter>& reloads = prometheus::BuildCounter()
                                                         .Name("seatls_verifier_reloads_total")
                                                         .Help("Times the configuration was read anew.")
                                                         .Register(registry);
};

namespace {
const prometheus::Histogram::BucketBoundaries buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                      0.1,    0.25,  0.5,    1,     2.5,  10};
}

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::answered(const std::string& route, unsigned status, std::chrono::duration<double> took) {
  impl_->requests.Add({{"route", route}, {"status", std::to_string(status)}}).Increment();
  impl_->request_seconds.Add({{"route", route}}, buckets).Observe(took.count());
}

void Metrics::appraised(const std::string& scheme, Tier tier, std::chrono::duration<double> took) {
  impl_->verdicts.Add({{"scheme", scheme}, {"tier", std::string(name(tier))}}).Increment();
  impl_->appraisal_seconds.Add({{"scheme", scheme}}, buckets).Observe(took.count());
}

void Metrics::refused_connection(const std::string& why) {
  impl_->refused.Add({{"reason", why}}).Increment();
}
void Metrics::connections(long change) { impl_->connections.Increment(static_cast<double>(change)); }
void Metrics::open_sessions(std::size_t count) { impl_->sessions.Set(static_cast<double>(count)); }
void Metrics::reloaded(bool good) { impl_->reloads.Add({{"result", good ? "good" : "bad"}}).Increment(); }

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace seatls::service
