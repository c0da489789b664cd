#include "service/postgres_database.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "crypto/hash.h"
#include "service/postgres_listener.h"

namespace seatls::service {
namespace {

using Clock = std::chrono::steady_clock;
using Trouble = PostgresConnection::Trouble;

// A replica needs few: a transaction lasts as long as a write to a disk.
constexpr std::size_t connections = 8;

// Pool lends connections, one to a thread at a time.
class Pool {
 public:
  Pool(const PostgresAddress& address, std::chrono::milliseconds answer)
      : address_(address), answer_(answer) {}

  // Lease gives the connection back, unless it was lost.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<PostgresConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->give_back(std::move(connection_));
    }
    PostgresConnection* operator->() { return connection_.get(); }
    PostgresConnection& operator*() { return *connection_; }

   private:
    Pool* pool_;
    std::unique_ptr<PostgresConnection> connection_;
  };

  Result<Lease> lend(Deadline deadline) {
    std::unique_lock lock(mutex_);
    if (!free_.wait_until(lock, deadline, [&] { return lent_ < connections; })) {
      return address_.error("was not asked",
                            "all " + std::to_string(connections) + " connections are in use");
    }
    ++lent_;
    std::unique_ptr<PostgresConnection> connection;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    lock.unlock();
    if (!connection) {
      auto opened = PostgresConnection::open(address_, answer_, deadline);
      if (!opened) {
        give_back(nullptr);
        return std::move(opened).error();
      }
      connection = std::move(opened).value();
    }
    connection->begin(deadline);
    return Lease(*this, std::move(connection));
  }

 private:
  void give_back(std::unique_ptr<PostgresConnection> connection) {
    std::vector<std::unique_ptr<PostgresConnection>> dropped;
    {
      const std::lock_guard lock(mutex_);
      --lent_;
      if (connection && connection->trouble() != Trouble::lost) {
        idle_.push_back(std::move(connection));
      } else if (connection) {
        idle_.swap(dropped);  // what befell one of them has most often befallen all
      }
    }
    free_.notify_one();
  }

  const PostgresAddress& address_;
  const std::chrono::milliseconds answer_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  std::size_t lent_ = 0;
};

// Attempt is how one run of a transaction ended.
struct Attempt {
  enum class End {
    done,
    refused,  // `error` is the answer
    again,    // nothing was changed; it may be run again
    doubt,    // COMMIT was sent, and not answered
  } end = End::done;
  Error error{};
  bool settled = false;  // what became of earlier attempts is known: nothing
};

class PostgresDatabase final : public SqlDatabase {
 public:
  PostgresDatabase(PostgresAddress address, PostgresTimes times)
      : address_(std::move(address)), times_(times), pool_(address_, times.answer) {}

  Result<void> read(const Body& body) override {
    return until_done([&](Deadline deadline) { return attempt_read(deadline, nullptr, body); });
  }

  Result<void> snapshot(const Body& body) override {
    constexpr auto begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    return until_done([&](Deadline deadline) { return attempt_read(deadline, begin, body); });
  }

  // Each transaction leaves an id of its own in `written`. When the answer to COMMIT is lost, the next
  // attempt writes the same id first: that waits for whatever became of the former one (a server may still be
  // about to commit it), and then either finds that it was done, or that it never will be.
  Result<void> write(const Body& body) override {
    const Bytes id = crypto::random_bytes(16);
    return until_done([&](Deadline deadline) { return attempt_write(deadline, &id, body); });
  }

  Result<void> write_idempotent(const Body& body) override {
    return until_done([&](Deadline deadline) { return attempt_write(deadline, nullptr, body); });
  }

  void watch(std::function<void()> changed) override {
    const std::lock_guard lock(listener_mutex_);
    if (!listener_) listener_.emplace(address_, times_.answer);
    listener_->add(std::move(changed));
  }

  std::string description() const override { return address_.description(); }

 private:
  template <class Try>
  Result<void> until_done(Try attempt) {
    const Deadline start = Clock::now();
    bool doubt = false;
    auto pause = std::chrono::milliseconds(5);
    while (true) {
      const Deadline last = start + (doubt ? times_.doubt : times_.patience);
      // A statement that has begun may take its time.
      Attempt ended = attempt(std::max(last, Clock::now() + times_.answer));
      if (ended.end == Attempt::End::done) return {};
      doubt = (doubt && !ended.settled) || ended.end == Attempt::End::doubt;
      if (ended.end == Attempt::End::refused ||
          Clock::now() + pause >= start + (doubt ? times_.doubt : times_.patience)) {
        if (doubt) ended.error.detail += "; it is not known whether the change was made";
        return std::move(ended.error);
      }
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, std::chrono::milliseconds(250));
    }
  }

  static Attempt again(Error error) { return {Attempt::End::again, std::move(error)}; }

  static Attempt ended(PostgresConnection& c, Error error) {
    if (c.trouble() != Trouble::lost) {
      // The error that counts is the first one.
      const Trouble trouble = c.trouble();
      (void)c.script("ROLLBACK");
      return {trouble == Trouble::clash ? Attempt::End::again : Attempt::End::refused, std::move(error)};
    }
    return again(std::move(error));
  }

  Attempt attempt_read(Deadline deadline, const char* begin, const Body& body) {
    auto c = pool_.lend(deadline);
    if (!c) return again(std::move(c).error());
    if (begin != nullptr) {
      if (auto begun = (*c)->script(begin); !begun) return ended(**c, std::move(begun).error());
    }
    if (auto done = body(**c); !done) return ended(**c, std::move(done).error());
    if (begin != nullptr) {
      if (auto committed = (*c)->commit(); !committed) return ended(**c, std::move(committed).error());
    }
    return {};
  }

  Attempt attempt_write(Deadline deadline, const Bytes* id, const Body& body) {
    auto c = pool_.lend(deadline);
    if (!c) return again(std::move(c).error());
    if (auto begun = (*c)->script("BEGIN"); !begun) return ended(**c, std::move(begun).error());
    if (id != nullptr) {
      const auto first = (*c)->run("INSERT INTO written (id) VALUES ($1) ON CONFLICT DO NOTHING", {*id});
      if (!first) return ended(**c, first.error());
      if (first->changed == 0) {
        (void)(*c)->script("ROLLBACK");
        return {};  // done by an attempt before this one: what the body returned then is its outcome
      }
    }
    Attempt last = run_and_commit(**c, body);
    last.settled = true;
    return last;
  }

  static Attempt run_and_commit(PostgresConnection& c, const Body& body) {
    if (auto done = body(c); !done) return ended(c, std::move(done).error());
    auto committed = c.commit();
    if (committed) return {};
    if (c.trouble() == Trouble::lost) return {Attempt::End::doubt, std::move(committed).error()};
    return ended(c, std::move(committed).error());
  }

  const PostgresAddress address_;
  const PostgresTimes times_;
  Pool pool_;
  std::mutex listener_mutex_;
  std::optional<PostgresListener> listener_;
};

}  // namespace

Result<std::unique_ptr<SqlDatabase>> open_postgres(const std::string& uri, PostgresTimes times) {
  SEATLS_TRY(auto address, PostgresAddress::parse(uri));
  return std::unique_ptr<SqlDatabase>(std::make_unique<PostgresDatabase>(std::move(address), times));
}

}  // namespace seatls::service
