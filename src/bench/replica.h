// Replica: a verifier service on a thread of its own, as `seatls verifier` runs it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "bench/delay.h"
#include "bench/parties.h"
#include "seatls/error.h"
#include "seatls/policy.h"
#include "service/server.h"

namespace seatls::bench {

struct ReplicaOptions {
  Policy policy;
  std::string store = "memory:";
  std::chrono::milliseconds delay{0};  // of every verdict, as of a verifier far away or busy
};

class Replica {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Replica>> start(ReplicaOptions options,
                                                              const Identity& identity);
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;
  ~Replica();

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const Spki& key() const { return key_; }  // that signs its results

  static constexpr const char* name = "bench";

 private:
  explicit Replica(Spki key) : key_(std::move(key)) {}
  void handle(service::Request request, service::Api::Done done);

  Spki key_;
  std::shared_ptr<ssl_ctx_st> context_;
  std::unique_ptr<service::Api> api_;
  std::unique_ptr<Delay> delay_;  // null: there is none
  std::unique_ptr<service::Server> server_;
  std::string url_;
  std::thread thread_;
};

}  // namespace seatls::bench
