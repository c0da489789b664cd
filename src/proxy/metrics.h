// Metrics of the proxy, in Prometheus' text format. No label names a peer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "seatls/attester.h"
#include "seatls/error.h"
#include "seatls/verifier.h"

namespace seatls::proxy {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void opened(const std::string& listener);
  void closed(const std::string& listener, std::uint64_t from_peer, std::uint64_t to_peer);
  void limited(const std::string& why);  // "connections", "client", "rate", "descriptors"
  void accepted(std::chrono::duration<double> took);
  void refused(Code why);
  void attested_again(bool good);
  void reloaded(bool good);
  void lost(std::uint64_t lines);                // of the log, so far
  void confined(bool files, bool system_calls);  // by the sandbox

  [[nodiscard]] std::string text() const;

  // What passes the returned parts is counted.
  [[nodiscard]] static std::shared_ptr<Verifier> counting(std::shared_ptr<Verifier> verifier,
                                                          std::shared_ptr<Metrics> metrics);
  [[nodiscard]] static std::shared_ptr<Attester> counting(std::shared_ptr<Attester> attester,
                                                          std::shared_ptr<Metrics> metrics);

 private:
  void appraised(const Result<AttestationResult>& result, std::chrono::duration<double> took);
  void attested(bool good, std::chrono::duration<double> took);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seatls::proxy
