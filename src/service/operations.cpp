#include "service/operations.h"

namespace seatls::service {
namespace {

std::string why_not_ready(const Parts& parts, bool stopping) {
  if (stopping) return "the service is stopping";
  if (const auto reached = parts.store->check(); !reached) return "the store: " + reached.error().message();
  const auto bench = parts.judge->bench();
  if (!bench) return "the policies: " + bench.error().message();
  if ((*bench)->seats.empty()) return "no policy is active";
  return "";
}

}  // namespace

std::function<void(Request, Api::Done)> operations(Operations about) {
  return [about = std::move(about)](const Request& request, const Api::Done& done) {
    Told told{request.method + " " + request.path, {}, {}};
    if (request.method != "GET") {
      told.route = "none";
      return done(problem(405, "this may be asked with GET"), told);
    }
    if (request.path == "/live") return done({200, "text/plain", "live\n"}, told);
    if (request.path == "/metrics") return done({200, "text/plain; version=0.0.4", about.metrics()}, told);
    if (request.path == "/ready") {
      const auto why = about.why_not_ready();
      if (why.empty()) return done({200, "text/plain", "ready\n"}, told);
      told.note = why;
      return done({503, "text/plain", why + "\n"}, told);
    }
    told.route = "none";
    done(problem(404, "/live, /ready and /metrics are here"), told);
  };
}

Operations operations_of(const Api& api, std::function<bool()> stopping) {
  return {[&api, stopping = std::move(stopping)] { return why_not_ready(*api.parts(), stopping()); },
          [&api] { return api.parts()->metrics->text(); }};
}

}  // namespace seatls::service
