#include "remote/asker.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <random>

#include "crypto/hash.h"

namespace seatls::remote {
namespace {

using std::chrono::milliseconds;
using Steady = net::HttpLoop::Steady;

constexpr milliseconds first_pause{100}, longest_pause{2'000};

double system_random() {
  thread_local std::mt19937 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

Error unavailable(std::string what) {
  return {Code::verifier_unavailable, std::move(what), "remote verifier"};
}

}  // namespace

milliseconds back_off(unsigned attempt, double random) {
  const auto whole = std::min(longest_pause, first_pause * (1U << std::min(attempt, 10U)));
  return whole / 2 +
         milliseconds(static_cast<milliseconds::rep>(static_cast<double>(whole.count()) / 2 * random));
}

Result<void> check(const AskerOptions& o, bool plain_http) {
  const auto wrong = [](std::string what) {
    return Error{Code::configuration, std::move(what), "remote verifier"};
  };
  if (o.urls.empty()) return wrong("no address is given");
  for (const auto& url : o.urls) {
    SEATLS_CHECK(net::check_url(url, plain_http));
    if (url.find_first_of("?#") != std::string::npos)
      return wrong("\"" + url + "\" has a query; the API's paths are added to the address");
  }
  if (o.timeout <= milliseconds(0) || o.budget < o.timeout)
    return wrong("an attempt takes " + std::to_string(o.timeout.count()) + " ms, and everything at most " +
                 std::to_string(o.budget.count()) + " ms");
  if (o.retries > 10) return wrong(std::to_string(o.retries) + " retries; at most 10");
  if (o.outstanding == 0 || o.outstanding > 100'000)
    return wrong("between 1 and 100000 questions can be outstanding");
  if (o.breaker.failures == 0) return wrong("a breaker opens after one failure at least");
  return {};
}

// State is shared with what is under way: the loop's answers may come after the Asker's end.
class Asker::State {
 public:
  State(AskerOptions options, std::shared_ptr<net::HttpLoop> loop)
      : options_(std::move(options)), loop_(std::move(loop)) {
    if (!options_.random) options_.random = system_random;
    for (std::size_t i = 0; i < options_.urls.size(); ++i) breakers_.emplace_back(options_.breaker);
  }

  [[nodiscard]] const AskerOptions& options() const { return options_; }

  [[nodiscard]] bool enter() {
    const std::scoped_lock lock(mutex_);
    if (outstanding_ >= options_.outstanding) return false;
    ++outstanding_;
    return true;
  }
  void leave() {
    const std::scoped_lock lock(mutex_);
    --outstanding_;
  }

  // with_loop calls `f` while the loop is there; false: it has ended. The loop calls nobody back from within.
  template <class F>
  bool with_loop(const F& f) {
    const std::scoped_lock lock(mutex_);
    if (loop_ == nullptr) return false;
    f(*loop_);
    return true;
  }
  template <class F>
  auto with_breaker(std::size_t service, const F& f) {
    const std::scoped_lock lock(mutex_);
    return f(breakers_.at(service));
  }
  [[nodiscard]] double random() {
    const std::scoped_lock lock(mutex_);
    return options_.random();
  }
  void stop() {
    std::unique_lock lock(mutex_);
    auto loop = std::move(loop_);
    loop_ = nullptr;
    lock.unlock();
    loop.reset();  // its end answers everything that is under way
  }

 private:
  AskerOptions options_;
  std::mutex mutex_;
  std::shared_ptr<net::HttpLoop> loop_;
  std::vector<Breaker> breakers_;
  std::size_t outstanding_ = 0;
};

// Inquiry is one question on its way. Everything happens on the loop's thread, one thing after the other.
class Asker::Inquiry : public std::enable_shared_from_this<Inquiry> {
 public:
  Inquiry(std::shared_ptr<State> state, Question question, Then then)
      : state_(std::move(state)), question_(std::move(question)), then_(std::move(then)) {}

  void begin() {
    read_clock();
    deadline_ = now_ + state_->options().budget;
    wake_after(milliseconds(0), [this] { ask_service(0); });
  }

 private:
  using Reader = std::function<void(const net::HttpResponse&)>;
  using Again = std::function<void()>;

  // ---- one service after the other ----

  void ask_service(std::size_t service) {
    service_ = service;
    attempt_ = 0;
    session_.reset();
    if (service_ == state_->options().urls.size()) return finish(Error(told_all()));
    if (now_ >= deadline_) return out_of_time();
    admitted_ = state_->with_breaker(service_, [&](Breaker& b) { return b.admit(now_); });
    if (!admitted_) {
      tell("is left alone after failing again and again");
      return ask_service(service_ + 1);
    }
    open();
  }
  void settle(bool succeeded, bool failed) {
    if (!std::exchange(admitted_, false)) return;
    state_->with_breaker(service_, [&](Breaker& b) {
      if (succeeded)
        b.succeeded();
      else if (failed)
        b.failed(now_);
      else
        b.gave_up();
    });
  }

  // ---- the conversation ----

  void open() {
    opening_ = {.base = state_->options().urls[service_],
                .nonce = std::nullopt,
                .tik = question_.tik,
                .binds_tik = question_.binds_tik};
    if (const auto* ready = std::get_if<Question::Ready>(&question_.evidence)) opening_.nonce = ready->nonce;
    send(
        open_session(opening_), [this](const auto& response) { on_session(response); }, [this] { open(); });
  }
  void on_session(const net::HttpResponse& response) {
    auto outcome = read_session(response, opening_);
    if (auto* trouble = std::get_if<Trouble>(&outcome)) return on_trouble(*trouble, [this] { open(); });
    session_ = std::get<Session>(std::move(outcome));
    if (const auto* ready = std::get_if<Question::Ready>(&question_.evidence)) {
      submission_ = ready->submission;
      return hand_in();
    }
    // Whoever makes the evidence answers on a thread of its own.
    std::get<Question::Make>(question_.evidence)(session_->nonce, [self = shared_from_this()](auto made) {
      self->wake_after(milliseconds(0), [self = self.get(), made = std::move(made)]() mutable {
        self->on_evidence(std::move(made));
      });
    });
  }
  void on_evidence(Result<Submission> made) {
    if (!made) {
      settle(true, false);
      return finish(std::move(made).error().in("evidence"));
    }
    submission_ = std::move(*made);
    hand_in();
  }
  void hand_in() {
    // Whether evidence that was sent has arrived is the service's to say: it takes it once.
    looked_ = false;
    send(
        submit(*session_, submission_), [this](const auto& r) { on_progress(r); }, [this] { look(); });
  }
  void look() {
    looked_ = true;
    send(
        poll(*session_), [this](const auto& r) { on_progress(r); }, [this] { look(); });
  }
  void on_progress(const net::HttpResponse& response) {
    auto outcome = read_progress(response, *session_);
    if (auto* trouble = std::get_if<Trouble>(&outcome)) return on_trouble(*trouble, [this] { look(); });
    auto& progress = std::get<Progress>(outcome);
    if (auto* verdict = std::get_if<Verdict>(&progress)) {
      settle(true, false);
      return finish(
          Answer{service_, std::move(verdict->ear), crypto::digest(Hash::sha256, submission_.body)});
    }
    if (std::holds_alternative<Unsubmitted>(progress)) {
      return looked_ ? hand_in() : on_trouble(unsubmitted(), [] {});
    }
    const auto pause = std::get<Pending>(progress).retry_after.value_or(back_off(polls_++, state_->random()));
    pause_for(pause, [this] { look(); });
  }
  static Trouble unsubmitted() {
    return {.error = unavailable("it took the evidence, and waits for it still"),
            .its_fault = true,
            .answered = true};
  }

  // ---- attempts ----

  void send(net::HttpRequest request, Reader read, Again again) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - now_);
    if (left <= milliseconds(0)) return out_of_time();
    const auto limit = std::min(left, state_->options().timeout);
    const bool whole =
        limit == state_->options().timeout;  // one that is cut short says nothing of the service
    auto on_answer = [self = shared_from_this(), read = std::move(read), again = std::move(again),
                      whole](Result<net::HttpResponse> r) mutable {
      self->read_clock();
      if (r) return read(*r);
      auto trouble = trouble_of_exchange(r.error());
      if (r.error().code == Code::timed_out && !whole) trouble.its_fault = false;
      r.error().code == Code::closed ? self->stopped() : self->on_trouble(trouble, std::move(again));
    };
    if (!state_->with_loop([&](net::HttpLoop& loop) {
          loop.send(std::move(request), {.timeout = limit, .largest = largest_answer}, std::move(on_answer));
        }))
      stopped();
  }

  void on_trouble(const Trouble& trouble, Again again) {
    const bool more = trouble.may_pass && attempt_ < state_->options().retries;
    if (!more) {
      tell(trouble.error.detail + (attempt_ == 0 ? "" : " (" + std::to_string(attempt_ + 1) + " attempts)"));
      settle(trouble.answered && !trouble.its_fault, trouble.its_fault);
      return ask_service(service_ + 1);
    }
    const auto own = back_off(attempt_++, state_->random());
    const auto pause = std::max(own, trouble.retry_after.value_or(milliseconds(0)));
    // Another verifier may be asked in the time that this one wants to be left alone.
    if (now_ + pause >= deadline_) {
      tell(trouble.error.detail + "; asking again would take longer than the budget");
      settle(trouble.answered && !trouble.its_fault, trouble.its_fault);
      return ask_service(service_ + 1);
    }
    pause_for(pause, std::move(again));
  }

  void pause_for(milliseconds pause, Again then) {
    if (now_ + pause >= deadline_) return out_of_time();
    wake_after(pause, std::move(then));
  }
  template <class F>
  void wake_after(milliseconds pause, F then) {
    auto woken = [self = shared_from_this(), then = std::move(then)](const Result<void>& r) mutable {
      self->read_clock();
      r ? then() : self->stopped();
    };
    if (!state_->with_loop([&](net::HttpLoop& loop) { loop.wake(loop.now() + pause, std::move(woken)); }))
      stopped();
  }
  void read_clock() {
    state_->with_loop([&](const net::HttpLoop& loop) { now_ = loop.now(); });
  }

  // ---- the end ----

  void tell(const std::string& what) {
    told_ += (told_.empty() ? "" : "; ") + state_->options().urls[service_] + ": " + what;
  }
  [[nodiscard]] Error told_all() const { return unavailable(told_); }
  void out_of_time() {
    settle(false, false);
    finish(unavailable("no verdict within " + std::to_string(state_->options().budget.count()) + " ms" +
                       (told_.empty() ? "" : "; " + told_)));
  }
  void stopped() {
    settle(false, false);
    finish(unavailable("the verifier was stopped"));
  }
  void finish(Result<Answer> answer) {
    if (!then_) return;
    state_->leave();
    std::exchange(then_, nullptr)(std::move(answer));
  }

  const std::shared_ptr<State> state_;
  const Question question_;
  Then then_;
  Steady::time_point now_{}, deadline_{};
  std::size_t service_ = 0;
  bool admitted_ = false;
  bool looked_ = false;  // since evidence was handed in
  unsigned attempt_ = 0, polls_ = 0;
  Opening opening_;
  std::optional<Session> session_;
  Submission submission_;
  std::string told_;
};

Asker::Asker(AskerOptions options, std::shared_ptr<net::HttpLoop> loop)
    : state_(std::make_shared<State>(std::move(options), std::move(loop))) {}

Asker::~Asker() { state_->stop(); }

void Asker::ask(Question question, Then then) {
  if (!state_->enter())
    return then(unavailable(std::to_string(state_->options().outstanding) +
                            " questions are outstanding: no more are asked at a time"));
  std::make_shared<Inquiry>(state_, std::move(question), std::move(then))->begin();
}

}  // namespace seatls::remote
