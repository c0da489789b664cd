// Two watched ends of one connection, and a clock that the test turns.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "seatls/reattestation.h"
#include "unit/exported/fixture.h"

namespace seatls::testing {

using reattest::Actions;
using reattest::Clock;
using reattest::Plan;
using reattest::Standing;
using reattest::Watch;
namespace watch_action = reattest::action;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

// Watched is one end: what its watch wants done is done at once, unless the test holds it back.
struct Watched {
  explicit Watched(Side& whose) : side(whose) {}

  void start(Plan plan, Clock::time_point now, std::optional<AttestedPeer> first = {}) {
    auto made = Watch::make(std::move(plan), std::move(*side.endpoint), std::move(first), now);
    ASSERT_TRUE(made.ok()) << made.error().message();
    watch.emplace(std::move(made).value());
  }

  void carry_out(Actions actions, Clock::time_point now) {
    for (auto& action : actions) std::visit([&](auto& a) { carry_out_one(a, now); }, action);
  }
  void carry_out_one(watch_action::Send& a, Clock::time_point) { outbox.push_back(std::move(a)); }
  void carry_out_one(watch_action::Answered& a, Clock::time_point) {
    answered.emplace_back(a.demand, std::move(a.result));
  }
  void carry_out_one(watch_action::Changed& a, Clock::time_point) { changes.push_back(a.standing); }
  void carry_out_one(watch_action::Refused& a, Clock::time_point) { refused.push_back(std::move(a.error)); }
  void carry_out_one(watch_action::Close& a, Clock::time_point) { closed = std::move(a.error); }
  void carry_out_one(post::action::Attest& a, Clock::time_point now) {
    side.config.attester->attest(a.request, [&](Result<Cmw> made) {
      carry_out(watch->on(post::event::CredentialMade{a.exchange, std::move(made)}, now), now);
    });
  }
  void carry_out_one(post::action::Sign& a, Clock::time_point now) {
    carry_out(watch->on(post::event::Signed{a.exchange, sign(side.signing_key(), a.authenticator)}, now),
              now);
  }
  void carry_out_one(post::action::VerifyIdentity& a, Clock::time_point now) {
    carry_out(watch->on(post::event::IdentityVerified{a.exchange, side.pki}, now), now);
  }
  void carry_out_one(post::action::Appraise& a, Clock::time_point now) {
    side.config.require->verifier->appraise(a.request, [&](Result<AttestationResult> result) {
      carry_out(watch->on(post::event::Appraised{a.exchange, std::move(result)}, now), now);
    });
  }

  void take(watch_action::Send message, Clock::time_point now) {
    if (message.kind == watch_action::Send::Kind::request) {
      carry_out(watch->on(post::event::RequestReceived{std::move(message.message)}, now), now);
    } else {
      carry_out(watch->on(post::event::AuthenticatorReceived{std::move(message.message)}, now), now);
    }
  }

  Side& side;
  std::optional<Watch> watch;
  std::deque<watch_action::Send> outbox;
  std::vector<std::pair<reattest::Demand, Result<void>>> answered;
  std::vector<Standing> changes;
  std::vector<Error> refused;
  std::optional<Error> closed;
};

struct Link : Pair {
  // The client asks by `plan`, the server only answers.
  void begin(Plan plan, std::optional<AttestedPeer> first = {}) {
    start();
    c.start(std::move(plan), now, std::move(first));
    s.start({}, now);
  }
  void deliver() {
    while (!c.outbox.empty() || !s.outbox.empty()) {
      for (auto [from, to] : {std::pair(&c, &s), std::pair(&s, &c)}) {
        if (from->outbox.empty()) continue;
        auto message = std::move(from->outbox.front());
        from->outbox.pop_front();
        to->take(std::move(message), now);
      }
    }
  }
  // tick turns the clock to when the client next wants to be called, and calls it.
  void tick() {
    const auto next = c.watch->next();
    ASSERT_TRUE(next.has_value()) << "nothing is due";
    now = std::max(now, *next);
    c.carry_out(c.watch->on_time(now), now);
  }
  // require returns the answer, if it is there already.
  std::optional<Result<void>> require(milliseconds max_age, reattest::Claims claims = {}) {
    auto [demand, actions] = c.watch->require(max_age, std::move(claims), now);
    c.carry_out(std::move(actions), now);
    return answer_to(demand);
  }
  std::optional<Result<void>> answer_to(reattest::Demand demand) {
    for (const auto& [d, result] : c.answered)
      if (d == demand) return result;
    return {};
  }

  Clock::time_point now{std::chrono::hours(1)};
  Watched c{client}, s{server};
};

}  // namespace seatls::testing
