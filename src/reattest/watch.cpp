#include <algorithm>
#include <iterator>
#include <string>

#include "reattest/compare.h"
#include "reattest/pace.h"
#include "seatls/reattestation.h"

namespace seatls::reattest {
namespace {

using TimePoint = Clock::time_point;
using post::Exchange;

// A request of this endpoint that is neither answered nor given up.
struct Flight {
  TimePoint asked_at;
  TimePoint deadline;
};

struct Waiting {
  Demand demand;
  TimePoint no_older_than;  // of the request that satisfies it
  Claims claims;
};

// How often in a row a request follows at once upon an answer that only lacked a challenge: a peer whose
// result names another keK each time does not keep this going.
constexpr unsigned most_challenges = 2;

// What may be there the next time. What was refused stays refused.
bool may_pass(const Error& error) {
  const Category c = category(error.code);
  return c == Category::unavailable || error.code == Code::crypto || error.code == Code::io;
}

}  // namespace

struct Watch::State {
  State(Plan p, post::Endpoint e) : plan(std::move(p)), endpoint(std::move(e)), pace(plan) {}

  // ---- asking
  [[nodiscard]] Result<void> ask(TimePoint now, Actions& out) {
    SEATLS_TRY(post::Request request, endpoint.request());
    flights[request.exchange] = {now, now + plan.answer_within};
    out.emplace_back(action::Send{action::Send::Kind::request, std::move(request.message)});
    return {};
  }
  // The next request that nobody demands, counted from the one that was answered last.
  void schedule(const AttestationResult& result) {
    std::optional<std::chrono::milliseconds> longest;
    if (plan.every.count() > 0) longest = plan.every;
    if (result->valid_until && *result->valid_until > result->appraised_at) {
      const std::chrono::milliseconds lifetime = *result->valid_until - result->appraised_at;
      longest = std::min(longest.value_or(lifetime), lifetime);
    }
    due.reset();
    if (longest) due = report.asked_at + pace.period(*longest);
  }

  // ---- what an exchange came to
  void attested(const post::PostAttestation& outcome, TimePoint now, Actions& out) {
    const auto flight = flights.extract(outcome.exchange());
    if (flight.empty()) return;
    const AttestedPeer& peer = outcome.peer();
    if (report.first) {
      if (auto same = still_the_same(report.first->result(), peer.result(), plan.may_change); !same)
        return fail(std::move(same).error(), now, out);
    } else {
      report.first = peer;
    }
    ++report.attested;
    failures = challenges = 0;
    // Several in flight may be answered in any order: the one asked for last says how fresh it is.
    if (const TimePoint asked_at = flight.mapped().asked_at;
        !report.latest || asked_at >= report.asked_at || report.standing != Standing::trusted) {
      report.latest = peer;
      report.asked_at = asked_at;
      schedule(peer.result());
    }
    move_to(Standing::trusted, std::nullopt, out);
    std::erase_if(waiting, [&](const Waiting& w) {
      if (flight.mapped().asked_at < w.no_older_than) return false;
      out.emplace_back(action::Answered{w.demand, has_claims(peer.result(), w.claims)});
      return true;
    });
  }

  void refused(const post::action::Refuse& refusal, TimePoint now, Actions& out) {
    const bool ours = refusal.exchange && flights.erase(*refusal.exchange) > 0;
    if (refusal.fatal) return fail(refusal.error, now, out, true);
    if (!ours) {  // nothing is asked for by it; or our own answer to the peer went wrong
      out.emplace_back(action::Refused{refusal.error});
      return;
    }
    if (refusal.ask_again && ++challenges <= most_challenges) {
      if (auto asked = ask(now, out); !asked) fail(std::move(asked).error(), now, out);
      return;
    }
    if (may_pass(refusal.error)) return missed(refusal.error, now, out);
    fail(refusal.error, now, out);
  }

  // missed is for a request that brought no judgement: it is made again, after a pause.
  void missed(Error error, TimePoint now, Actions& out) {
    report.last_failure = error;
    if (++failures >= plan.attempts) return fail(std::move(error), now, out);
    out.emplace_back(action::Refused{std::move(error)});
    due = now + pace.pause(failures);
  }

  void fail(Error error, TimePoint now, Actions& out, bool fatal = false) {
    report.last_failure = error;
    for (const auto& w : std::exchange(waiting, {})) out.emplace_back(action::Answered{w.demand, error});
    // A peer that was never confirmed has nothing to be restricted to.
    if (fatal || plan.on_failure == OnFailure::close || report.standing == Standing::unconfirmed) {
      flights.clear();
      due.reset();
      move_to(Standing::refused, error, out);
      out.emplace_back(action::Close{std::move(error)});
      return;
    }
    // It is tried again all the same, ever more rarely.
    due = now + pace.pause(std::max(++failures, plan.attempts));
    move_to(Standing::restricted, std::move(error), out);
  }

  void move_to(Standing standing, std::optional<Error> why, Actions& out) {
    if (std::exchange(report.standing, standing) == standing) return;
    out.emplace_back(action::Changed{standing, std::move(why)});
  }

  // ---- the peer's messages, and what was done for them
  template <class Event>
  Actions on(Event event, TimePoint now) {
    Actions out;
    if (report.standing == Standing::refused) return out;
    post::Action next = endpoint.on(std::move(event));
    if (auto* refusal = std::get_if<post::action::Refuse>(&next)) {
      refused(*refusal, now, out);
    } else if (auto* done = std::get_if<post::action::Attested>(&next)) {
      attested(done->outcome, now, out);
    } else if (auto* send = std::get_if<post::action::SendAuthenticator>(&next)) {
      if (send->declined) out.emplace_back(action::Refused{*send->declined});
      out.emplace_back(action::Send{action::Send::Kind::authenticator, std::move(send->message)});
    } else {
      std::visit(
          [&](auto& a) {
            if constexpr (std::is_constructible_v<Action, decltype(std::move(a))>)
              out.emplace_back(std::move(a));
          },
          next);
    }
    publish();
    return out;
  }

  void publish() { report.due = report.standing == Standing::refused ? std::nullopt : due; }

  const Plan plan;
  post::Endpoint endpoint;
  const Pace pace;
  Report report{};
  std::map<Exchange, Flight> flights{};
  std::vector<Waiting> waiting{};
  std::optional<TimePoint> due{};  // of the next request that nobody demands
  unsigned failures = 0;           // in a row
  unsigned challenges = 0;         // the same, of requests that only made up for a missing challenge
  std::uint64_t demands = 0;
};

Watch::Watch(std::unique_ptr<State> state) : state_(std::move(state)) {}
Watch::Watch(Watch&&) noexcept = default;
Watch& Watch::operator=(Watch&&) noexcept = default;
Watch::~Watch() = default;

Result<Watch> Watch::make(Plan plan, post::Endpoint endpoint, std::optional<AttestedPeer> first,
                          TimePoint now) {
  SEATLS_CHECK(plan.validate());
  auto state = std::make_unique<State>(std::move(plan), std::move(endpoint));
  Report& report = state->report;
  report.asked_at = now;
  report.standing = state->plan.confirm ? Standing::unconfirmed : Standing::trusted;
  if (first) state->schedule(first->result());
  report.first = report.latest = std::move(first);
  if (state->plan.confirm) {
    state->due = now;
  } else if (!report.first && state->plan.every.count() > 0) {
    state->due = now + state->pace.period(state->plan.every);
  }
  state->publish();
  return Watch(std::move(state));
}

std::optional<TimePoint> Watch::next() const {
  if (state_->report.standing == Standing::refused) return std::nullopt;
  std::optional<TimePoint> out;
  const auto consider = [&](TimePoint t) { out = out ? std::min(*out, t) : t; };
  for (const auto& [exchange, flight] : state_->flights) consider(flight.deadline);
  // While a request is under way its answer decides what comes next.
  if (state_->due && state_->flights.empty()) consider(*state_->due);
  return out;
}

Actions Watch::on_time(TimePoint now) {
  Actions out;
  State& s = *state_;
  std::vector<Exchange> late;
  for (const auto& [exchange, flight] : s.flights)
    if (flight.deadline <= now) late.push_back(exchange);
  for (const Exchange exchange : late) {
    s.flights.erase(exchange);
    s.endpoint.give_up(exchange);
    if (s.report.standing == Standing::refused) break;
    s.missed({Code::timed_out,
              "no authenticator that was judged within " + std::to_string(s.plan.answer_within.count()) +
                  " ms (answer_within)",
              "re-attestation"},
             now, out);
  }
  if (s.report.standing != Standing::refused && s.due && *s.due <= now && s.flights.empty()) {
    if (auto asked = s.ask(now, out); !asked) s.fail(std::move(asked).error(), now, out);
  }
  s.publish();
  return out;
}

std::pair<Demand, Actions> Watch::require(std::chrono::milliseconds max_age, Claims claims, TimePoint now) {
  State& s = *state_;
  const Demand demand{++s.demands};
  Actions out;
  const auto answer = [&](Result<void> result) {
    out.emplace_back(action::Answered{demand, std::move(result)});
    return std::pair{demand, std::move(out)};
  };
  if (s.report.standing == Standing::refused) return answer(*s.report.last_failure);
  const TimePoint no_older_than = now - max_age;
  if (s.report.standing == Standing::trusted && s.report.latest && s.report.asked_at >= no_older_than)
    return answer(has_claims(s.report.latest->result(), claims));
  if (s.waiting.size() >= s.plan.demands) {
    return answer(Error{Code::limit_exceeded,
                        std::to_string(s.waiting.size()) + " wait already (demands); try later",
                        "re-attestation"});
  }
  s.waiting.push_back({demand, no_older_than, std::move(claims)});
  // One request serves all that wait, if it is young enough for them.
  if (std::ranges::none_of(s.flights, [&](const auto& f) { return f.second.asked_at >= no_older_than; })) {
    if (auto asked = s.ask(now, out); !asked) {
      if (asked.error().code == Code::limit_exceeded) {  // too many in flight: this demand's bad luck alone
        s.waiting.pop_back();
        return answer(std::move(asked).error());
      }
      s.fail(std::move(asked).error(), now, out);
    }
  }
  s.publish();
  return {demand, std::move(out)};
}

Actions Watch::on(post::event::RequestReceived e, TimePoint now) { return state_->on(std::move(e), now); }
Actions Watch::on(post::event::CredentialMade e, TimePoint now) { return state_->on(std::move(e), now); }
Actions Watch::on(post::event::Signed e, TimePoint now) { return state_->on(std::move(e), now); }
Actions Watch::on(post::event::AuthenticatorReceived e, TimePoint now) {
  return state_->on(std::move(e), now);
}
Actions Watch::on(post::event::IdentityVerified e, TimePoint now) { return state_->on(std::move(e), now); }
Actions Watch::on(post::event::Appraised e, TimePoint now) { return state_->on(std::move(e), now); }

const Report& Watch::report() const { return state_->report; }
const post::Endpoint& Watch::endpoint() const { return state_->endpoint; }
bool Watch::data_may_pass() const {
  return state_->report.standing == Standing::trusted || state_->report.standing == Standing::restricted;
}

}  // namespace seatls::reattest
