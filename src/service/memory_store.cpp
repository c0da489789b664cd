#include "service/memory_store.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>

#include "service/store_rules.h"
#include "service/watchers.h"

namespace seatls::service {
namespace {

constexpr std::size_t verdicts_kept = 10'000;

// SpentNonces remembers nonces by their digest, and forgets them in the order of their time.
class SpentNonces {
 public:
  [[nodiscard]] bool holds(ByteView nonce) const { return known_.contains(key_of(nonce)); }
  [[nodiscard]] std::size_t size() const { return known_.size(); }
  void add(ByteView nonce, Time until) {
    const auto [place, added] = known_.insert({key_of(nonce), until});
    // Nodes of an unordered_map stay where they are, so that a key is kept once.
    if (added) by_time_.push({until, &place->first});
  }
  void forget(Time now) {
    while (!by_time_.empty() && by_time_.top().first <= now) {
      known_.erase(Key(*by_time_.top().second));
      by_time_.pop();
    }
  }

 private:
  using Key = std::array<std::uint8_t, 32>;
  struct KeyHash {  // a digest is as good a hash as any
    std::size_t operator()(const Key& key) const {
      std::size_t hash = 0;
      std::copy_n(key.begin(), sizeof hash, reinterpret_cast<std::uint8_t*>(&hash));
      return hash;
    }
  };
  static Key key_of(ByteView nonce) {
    Key key{};
    std::ranges::copy(spent_form(nonce), key.begin());
    return key;
  }
  using Due = std::pair<Time, const Key*>;
  std::unordered_map<Key, Time, KeyHash> known_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> by_time_;
};

struct Policy {
  std::vector<PolicyVersion> versions;
  std::vector<unsigned> activations;  // what was active before, and last what is
  [[nodiscard]] unsigned active() const { return activations.empty() ? 0 : activations.back(); }
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(StoreLimits limits) : limits_(limits) {}
  ~MemoryStore() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Result<Opened> open_session(const Session& session, Time now) override {
    SEATLS_CHECK(check_opening(session));
    const std::lock_guard lock(mutex_);
    if (nonces_.holds(session.nonce)) return Opened::nonce_spent;
    if (sessions_.contains(session.id)) return id_is_taken();
    if (sessions_.size() >= limits_.sessions) forget_sessions(now);
    if (nonces_.size() >= limits_.nonces) nonces_.forget(now);
    if (sessions_.size() >= limits_.sessions || nonces_.size() >= limits_.nonces) return Opened::full;
    nonces_.add(session.nonce, session.expires + limits_.spent);
    sessions_.emplace(session.id, session);
    first_expiry_ = std::min(first_expiry_, session.expires);
    return Opened::opened;
  }

  Result<std::optional<Session>> find_session(const std::string& id, Time now) override {
    const std::lock_guard lock(mutex_);
    const Session* found = find(id, now);
    if (found == nullptr) return std::optional<Session>();
    return std::optional(*found);
  }

  Result<Claim> claim_session(const std::string& id, const Evidence& evidence, Time now) override {
    SEATLS_CHECK(check_evidence(evidence));
    const std::lock_guard lock(mutex_);
    Session* found = find(id, now);
    if (found == nullptr) return Claim{};
    if (found->status != Session::Status::waiting) return Claim{Claim::Outcome::spent, {}, 0};
    found->status = Session::Status::processing;
    found->evidence_type = evidence.type;
    found->evidence_digest = evidence.digest;
    found->evidence = evidence.retained;
    return Claim{Claim::Outcome::claimed, *found, revision_};
  }

  Result<void> complete_session(const std::string& id, const std::string& result,
                                const Verdict& verdict) override {
    SEATLS_CHECK(check_completion(result, verdict));
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second.status != Session::Status::processing) {
      return not_processing();
    }
    found->second.status = Session::Status::complete;
    found->second.result = result;
    verdicts_.push_front(verdict);
    if (verdicts_.size() > verdicts_kept) verdicts_.pop_back();
    return {};
  }

  Result<void> fail_session(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second.status != Session::Status::processing) {
      return not_processing();
    }
    found->second.status = Session::Status::failed;
    return {};
  }

  Result<bool> delete_session(const std::string& id, Time now) override {
    const std::lock_guard lock(mutex_);
    if (find(id, now) == nullptr) return false;
    sessions_.erase(id);
    return true;
  }

  Result<std::size_t> sweep(Time now) override {
    const std::lock_guard lock(mutex_);
    nonces_.forget(now);
    return forget_sessions(now);
  }

  Result<std::size_t> open_sessions(Time now) override {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(sessions_, [&](const auto& entry) { return entry.second.expires > now; }));
  }

  Result<std::vector<Verdict>> verdicts(std::size_t most) override {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(most, verdicts_.size()));
    return std::vector<Verdict>(verdicts_.begin(), verdicts_.begin() + count);
  }

  Result<unsigned> add_policy(const std::string& name, const std::string& text, Time now) override {
    SEATLS_CHECK(check_policy(name, text));
    const std::lock_guard lock(mutex_);
    auto& versions = policies_[name].versions;
    if (!versions.empty() && versions.back().text == text) return versions.back().version;
    versions.push_back({name, static_cast<unsigned>(versions.size()) + 1, text, now, false});
    changed();
    return versions.back().version;
  }

  Result<bool> activate_policy(const std::string& name, unsigned version, Time) override {
    const std::lock_guard lock(mutex_);
    const auto found = policies_.find(name);
    if (found == policies_.end() || version > found->second.versions.size()) return false;
    if (found->second.active() == version) return true;
    found->second.activations.push_back(version);
    changed();
    return true;
  }

  Result<std::optional<unsigned>> roll_back_policy(const std::string& name, Time) override {
    const std::lock_guard lock(mutex_);
    const auto found = policies_.find(name);
    if (found == policies_.end() || found->second.activations.size() < 2) return std::optional<unsigned>();
    found->second.activations.pop_back();
    changed();
    return std::optional(found->second.active());
  }

  Result<std::vector<PolicyVersion>> policies() override {
    const std::lock_guard lock(mutex_);
    return list_policies(false);
  }

  Result<void> add_endorsement(const Endorsement& endorsement) override {
    SEATLS_CHECK(check_endorsement(endorsement));
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(endorsements_, endorsement.digest, &Endorsement::digest);
    if (found == endorsements_.end()) {
      endorsements_.push_back(endorsement);
    } else if (endorsement.active && !found->active) {
      found->active = true;
    } else {
      return {};
    }
    changed();
    return {};
  }

  Result<bool> activate_endorsement(ByteView digest, bool active) override {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(endorsements_, bytes(digest), &Endorsement::digest);
    if (found == endorsements_.end()) return false;
    if (found->active != active) {
      found->active = active;
      changed();
    }
    return true;
  }

  Result<std::vector<Endorsement>> endorsements() override {
    const std::lock_guard lock(mutex_);
    return endorsements_;
  }

  Result<Judging> judging() override {
    const std::lock_guard lock(mutex_);
    Judging now{revision_, list_policies(true), {}};
    std::ranges::copy_if(endorsements_, std::back_inserter(now.endorsements), &Endorsement::active);
    return now;
  }

  Result<void> publish_key(const PublishedKey& key) override {
    SEATLS_CHECK(check_key(key));
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(keys_, key.id, &PublishedKey::id);
    if (found == keys_.end()) {
      keys_.push_back(key);
    } else {
      found->until = std::max(found->until, key.until);
    }
    return {};
  }

  Result<std::vector<PublishedKey>> keys(Time now) override {
    const std::lock_guard lock(mutex_);
    std::vector<PublishedKey> valid;
    std::ranges::copy_if(keys_, std::back_inserter(valid), [&](const auto& key) { return key.until >= now; });
    return valid;
  }

  void watch(std::function<void()> changed) override {
    watchers_.add(std::move(changed));
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { call_watchers(); });
  }

  Result<void> check() override { return {}; }
  std::string description() const override { return "memory"; }

 private:
  Session* find(const std::string& id, Time now) {
    const auto found = sessions_.find(id);
    return found == sessions_.end() || found->second.expires <= now ? nullptr : &found->second;
  }

  // A store that is full is asked again and again: it is looked through only when that can make room.
  std::size_t forget_sessions(Time now) {
    if (now < first_expiry_) return 0;
    const auto forgotten =
        std::erase_if(sessions_, [&](const auto& entry) { return entry.second.expires <= now; });
    first_expiry_ = Time::max();
    for (const auto& [id, session] : sessions_) first_expiry_ = std::min(first_expiry_, session.expires);
    return forgotten;
  }

  std::vector<PolicyVersion> list_policies(bool active_only) const {
    std::vector<PolicyVersion> list;
    for (const auto& [name, policy] : policies_) {
      for (PolicyVersion version : policy.versions) {
        version.active = version.version == policy.active();
        if (version.active || !active_only) list.push_back(std::move(version));
      }
    }
    return list;
  }

  void changed() {
    ++revision_;
    news_ = true;
    wake_.notify_all();
  }

  void call_watchers() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return news_ || ending_; });
      if (ending_) return;
      news_ = false;
      lock.unlock();
      watchers_.call();
      lock.lock();
    }
  }

  const StoreLimits limits_;
  std::mutex mutex_;
  std::unordered_map<std::string, Session> sessions_;
  Time first_expiry_ = Time::max();  // no session expires before it
  SpentNonces nonces_;
  std::deque<Verdict> verdicts_;
  std::map<std::string, Policy> policies_;
  std::vector<Endorsement> endorsements_;
  std::vector<PublishedKey> keys_;
  std::uint64_t revision_ = 0;

  Watchers watchers_;
  std::condition_variable wake_;
  bool news_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace

std::shared_ptr<Store> open_memory_store(StoreLimits limits) { return std::make_shared<MemoryStore>(limits); }

}  // namespace seatls::service
