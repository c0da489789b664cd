// The compound attester: it asks several attesters, and puts what they say into one collection.
#include "seatls/compound.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "attest/event_log_file.h"

namespace seatls {
namespace {

// Gathering is one answer while its parts come in, from any thread. Whatever comes after the answer is
// dropped.
class Gathering {
 public:
  Gathering(std::size_t parts, std::map<std::string, Cmw> ready, Attester::Done done)
      : missing_(parts), parts_(std::move(ready)), done_(std::move(done)) {}

  void take(const std::string& label, Result<Cmw> part) {
    if (part && part->record() == nullptr)
      part = Error{Code::misuse, "a part of a compound is a record, and no collection", ""};
    std::unique_lock lock(mutex_);
    if (!done_) return;
    if (part) {
      parts_.emplace(label, Cmw(*part->record()));
      if (--missing_ != 0) return;
    }
    const auto done = std::exchange(done_, {});
    lock.unlock();
    part ? done(collection()) : done(std::move(part).error().in(label));
  }
  void fail(Error error) {
    std::unique_lock lock(mutex_);
    const auto done = std::exchange(done_, {});
    lock.unlock();
    if (done) done(std::move(error));
  }

 private:
  // Called once, after the last part: nothing changes parts_ any more.
  [[nodiscard]] Cmw collection() {
    CmwCollection out;
    for (auto& [label, part] : parts_) out.entries.emplace_back(label, std::move(part));
    return Cmw(std::move(out));
  }

  std::mutex mutex_;
  std::size_t missing_;
  std::map<std::string, Cmw> parts_;
  Attester::Done done_;  // empty once it was called
};

std::optional<AttestationScheme> first_evidence(const Attester& attester) {
  for (auto& scheme : attester.schemes())
    if (!scheme.is_result()) return scheme;
  return std::nullopt;
}

class CompoundAttester final : public Attester {
 public:
  explicit CompoundAttester(CompoundOptions options) : options_(std::move(options)) {}
  CompoundAttester(const CompoundAttester&) = delete;
  CompoundAttester& operator=(const CompoundAttester&) = delete;
  ~CompoundAttester() override {
    for (const auto& waiting : owed())
      if (const auto gathering = waiting.lock())
        gathering->fail({Code::attester_unavailable, "the attester was stopped", "compound"});
  }

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override {
    for (const auto& [label, part] : options_.parts)
      if (!first_evidence(*part)) return {};
    return {{options_.type}};
  }

  [[nodiscard]] std::size_t longest_binder() const override {
    std::size_t longest = Attester::longest_binder();
    for (const auto& [label, part] : options_.parts) longest = std::min(longest, part->longest_binder());
    return longest;
  }

  void attest(EvidenceRequest request, Done done) override {
    if (request.scheme != AttestationScheme{options_.type})
      return done(Error{Code::misuse, describe(request.scheme) + " is not a scheme of this attester", ""});
    std::map<std::string, Cmw> logs;
    for (const auto& [label, path] : options_.event_logs) {
      auto log = attest::read_crypto_agile_log(path);
      if (!log) return done(Error{Code::attester_unavailable, log.error().message(), label});
      logs.emplace(label, Cmw(CmwRecord{*SchemeTable::defaults().find("event-log"), std::move(*log),
                                        cmw_indicator::evidence}));
    }
    // Whoever asked may destroy this attester once it is answered: from here on it is not touched.
    const auto parts = options_.parts;
    const auto gathering = std::make_shared<Gathering>(parts.size(), std::move(logs), std::move(done));
    owe(gathering);
    for (const auto& [label, part] : parts) {
      auto scheme = first_evidence(*part);
      if (!scheme) return gathering->fail({Code::attester_unavailable, "it has nothing to show now", label});
      part->attest({std::move(*scheme), request.binder},
                   [gathering, name = label](Result<Cmw> made) { gathering->take(name, std::move(made)); });
    }
  }

 private:
  void owe(const std::shared_ptr<Gathering>& gathering) {
    const std::lock_guard lock(mutex_);
    std::erase_if(owed_, [](const auto& waiting) { return waiting.expired(); });
    owed_.push_back(gathering);
  }
  [[nodiscard]] std::vector<std::weak_ptr<Gathering>> owed() {
    const std::lock_guard lock(mutex_);
    return std::exchange(owed_, {});
  }

  const CompoundOptions options_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Gathering>> owed_;  // until each is answered
};

Error misconfigured(std::string what, std::string label) {
  return Error{Code::configuration, std::move(what), std::move(label)}.in("compound");
}

Result<void> check_label(const std::string& label) {
  if (label.empty() || label == "__cmwc_t") return misconfigured("is no label of a part", label);
  return {};
}

}  // namespace

Result<std::shared_ptr<Attester>> make_compound_attester(CompoundOptions options) {
  if (options.parts.empty()) return misconfigured("has no part that signs anything", "parts");
  for (const auto& [label, part] : options.parts) {
    SEATLS_CHECK(check_label(label));
    if (part == nullptr) return misconfigured("is not there", label);
    const auto schemes = part->schemes();
    if (!schemes.empty() && !first_evidence(*part))
      return misconfigured("shows results, which are no part of a compound", label);
  }
  for (const auto& [label, path] : options.event_logs) {
    SEATLS_CHECK(check_label(label));
    if (options.parts.contains(label)) return misconfigured("names two parts", label);
    auto readable = attest::read_crypto_agile_log(path);
    if (!readable) return std::move(readable).error().in(label);
  }
  return std::shared_ptr<Attester>(std::make_shared<CompoundAttester>(std::move(options)));
}

}  // namespace seatls
