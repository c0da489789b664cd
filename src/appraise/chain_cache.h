// ChainCache remembers chains that verified, so that the next evidence of the same platform costs its own
// signatures only. A chain holds within a time, and with the very certificates and lists that it was
// verified with.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "crypto/x509.h"

namespace seatls::appraise {

class ChainCache {
 public:
  explicit ChainCache(std::size_t capacity = 1024) : capacity_(capacity) {}

  // of_process is shared by all verifiers: what is remembered does not depend on who asked.
  [[nodiscard]] static ChainCache& of_process();

  // verify returns what crypto::verify_chain of each certificate by the next one returns; `chain` starts
  // with the end-entity's certificate and ends with the anchor. The lists are held against all but that
  // first one. Safe to use from many threads.
  [[nodiscard]] Result<void> verify(std::span<const crypto::Certificate> chain,
                                    const std::vector<Bytes>& crls, Time at);

 private:
  struct Interval {
    Time from, until;
  };
  std::size_t capacity_;
  std::mutex mutex_;
  std::map<Bytes, Interval> known_;
};

}  // namespace seatls::appraise
