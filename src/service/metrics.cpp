#include "service/metrics.h"

#include "service/figures.h"

namespace seatls::service {

struct Metrics::Impl {
  prometheus::Registry registry;
  Counters& requests = counters(registry, "seatls_verifier_requests_total", "Requests answered.");
  Times& request_seconds =
      times(registry, "seatls_verifier_request_seconds", "Time from a whole request to its answer.");
  Counters& verdicts =
      counters(registry, "seatls_verifier_verdicts_total", "Results given out, by scheme and tier.");
  Times& appraisal_seconds =
      times(registry, "seatls_verifier_appraisal_seconds", "Time of an appraisal, with what it fetches.");
  Counters& refused = counters(registry, "seatls_verifier_refused_connections_total",
                               "Connections that were ended before a request.");
  prometheus::Gauge& connections =
      gauges(registry, "seatls_verifier_connections", "Connections that are open.").Add({});
  prometheus::Gauge& sessions =
      gauges(registry, "seatls_verifier_sessions", "Sessions in the store that have not expired.").Add({});
  Counters& reloads =
      counters(registry, "seatls_verifier_reloads_total", "Times the configuration was read anew.");
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::answered(const std::string& route, unsigned status, std::chrono::duration<double> took) {
  impl_->requests.Add({{"route", route}, {"status", std::to_string(status)}}).Increment();
  seconds(impl_->request_seconds, {{"route", route}}).Observe(took.count());
}

void Metrics::appraised(const std::string& scheme, Tier tier, std::chrono::duration<double> took) {
  impl_->verdicts.Add({{"scheme", scheme}, {"tier", std::string(name(tier))}}).Increment();
  seconds(impl_->appraisal_seconds, {{"scheme", scheme}}).Observe(took.count());
}

void Metrics::refused_connection(const std::string& why) {
  impl_->refused.Add({{"reason", why}}).Increment();
}
void Metrics::connections(long change) { impl_->connections.Increment(static_cast<double>(change)); }
void Metrics::open_sessions(std::size_t count) { impl_->sessions.Set(static_cast<double>(count)); }
void Metrics::reloaded(bool good) { impl_->reloads.Add({{"result", good ? "good" : "bad"}}).Increment(); }

std::string Metrics::text() const { return text_of(impl_->registry); }

}  // namespace seatls::service
