// Api: the service's answers, apart from sockets. Routes, who may ask what, and the conversations: challenge
// and response (challenge.cpp), endorsements and policies (management.cpp). docs/usage/verifier.md and
// docs/verifier-api.yaml tell it to clients.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "service/http.h"
#include "service/judge.h"
#include "service/metrics.h"
#include "service/result_signer.h"
#include "service/store.h"

namespace seatls::service {

struct ApiOptions {
  std::chrono::seconds session_lifetime{150};
  bool retain_evidence = false;            // in the store, with its session
  std::vector<Bytes> administrators{};     // SHA-256 of their tokens; empty: nobody administers by network
  std::size_t largest_evidence = 1 << 20;  // bytes
  std::string version{};
};

// Parts are what a service answers with; they are replaced together when it is configured anew.
struct Parts {
  ApiOptions options;
  std::shared_ptr<Store> store;
  std::shared_ptr<Judge> judge;
  std::shared_ptr<ResultSigner> signer;
  std::shared_ptr<Metrics> metrics;
  base::Clock clock;
};

// Told is what the log may know of a request: hashes and codes.
struct Told {
  std::string route;    // "POST /challenge-response/v1/session/{id}": the pattern, not what was asked for
  std::string session;  // SHA-256 of the session's id, 16 hexadecimal digits; or empty
  std::string note;     // why it went wrong, for operators; or empty
};

class Api {
 public:
  explicit Api(Parts parts) : parts_(std::make_shared<const Parts>(std::move(parts))) {}

  // handle answers. It may block for as long as the store does; `done` is called once, before it returns or
  // later from any thread, when a verifier has to fetch something first.
  using Done = std::function<void(Response, Told)>;
  void handle(Request request, Done done) const;

  // replace has later requests answered by other parts; those under way keep theirs.
  void replace(Parts parts);
  [[nodiscard]] std::shared_ptr<const Parts> parts() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Parts> parts_;
};

}  // namespace seatls::service
