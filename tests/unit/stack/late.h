// An attester and a verifier that answer when the test says so, from whatever thread it says so on.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "seatls/attester.h"
#include "seatls/verifier.h"

namespace seatls::openssl {

// Held keeps calls until they are released.
class Held {
 public:
  void hold(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    changed_.notify_all();
  }
  // wait returns once `count` calls are held.
  void wait(std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_.size() >= count; });
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return calls_.size();
  }
  void release() {
    std::vector<std::function<void()>> calls;
    {
      const std::lock_guard lock(mutex_);
      calls.swap(calls_);
    }
    for (const auto& call : calls) call();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> calls_;
};

class LateAttester : public Attester {
 public:
  LateAttester(std::shared_ptr<Attester> inner, std::shared_ptr<Held> held)
      : inner_(std::move(inner)), held_(std::move(held)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return inner_->schemes(); }
  void attest(EvidenceRequest request, Done done) override {
    held_->hold([inner = inner_, request = std::move(request), done = std::move(done)] {
      inner->attest(request, done);
    });
  }

 private:
  std::shared_ptr<Attester> inner_;
  std::shared_ptr<Held> held_;
};

class LateVerifier : public Verifier {
 public:
  LateVerifier(std::shared_ptr<Verifier> inner, std::shared_ptr<Held> held)
      : inner_(std::move(inner)), held_(std::move(held)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return inner_->schemes(); }
  void appraise(AppraisalRequest request, Done done) override {
    held_->hold([inner = inner_, request = std::move(request), done = std::move(done)] {
      inner->appraise(request, done);
    });
  }

 private:
  std::shared_ptr<Verifier> inner_;
  std::shared_ptr<Held> held_;
};

}  // namespace seatls::openssl
