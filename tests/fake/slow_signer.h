// A Signer that answers from a thread of its own, when the test lets it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "crypto/signature.h"
#include "seatls/signer.h"

namespace seatls::fake {

class SlowSigner final : public Signer {
 public:
  explicit SlowSigner(crypto::KeyType type, bool open = true)
      : key_(crypto::PrivateKey::generate(type).value()), spki_(key_.public_key().spki()), open_(open) {}
  ~SlowSigner() override {
    open();
    for (auto& t : threads_) t.join();
  }

  const Spki& public_key() const override { return spki_; }
  Hash hash() const override {
    return key_.public_key().type() == crypto::KeyType::p384 ? Hash::sha384 : Hash::sha256;
  }
  const crypto::PrivateKey& key() const { return key_; }

  // Signatures wait while the gate is closed. A `failure` is what they end with.
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void fail_with(Error failure) { failure_ = std::move(failure); }
  int asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  void sign(Bytes digest, Done done) override {
    const std::lock_guard lock(mutex_);
    ++asked_;
    threads_.emplace_back([this, digest = std::move(digest), done = std::move(done)] {
      {
        std::unique_lock gate(mutex_);
        changed_.wait(gate, [this] { return open_; });
      }
      if (failure_) return done(*failure_);
      done(sign_digest(digest));
    });
  }

 private:
  Result<Bytes> sign_digest(const Bytes& digest) const;

  crypto::PrivateKey key_;
  Spki spki_;
  std::optional<Error> failure_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_;
  int asked_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace seatls::fake
