// Metrics of the service, in Prometheus' text format. No label names a client, a session or a machine.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "seatls/result.h"

namespace seatls::service {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void answered(const std::string& route, unsigned status, std::chrono::duration<double> took);
  void appraised(const std::string& scheme, Tier tier, std::chrono::duration<double> took);
  void refused_connection(const std::string& why);  // "limit", "tls", "timeout"
  void connections(long change);
  void open_sessions(std::size_t count);
  void reloaded(bool good);

  [[nodiscard]] std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seatls::service
