// Re-attestation: a long-lived connection whose peer must stay what it was. When to ask, how long to
// wait, what a refusal costs. Drives seatls/post_handshake.h, and like it takes events and the time in
// and gives actions out: no thread, no timer, no I/O.
//
//   Watch      one connection: periodic, on demand, before an operation
//   Timetable  the watches of one thread, by when each wants to be called
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "seatls/error.h"
#include "seatls/post_handshake.h"
#include "seatls/session.h"

namespace seatls::reattest {

using Clock = std::chrono::steady_clock;

enum class OnFailure : std::uint8_t {
  close,     // the connection ends
  restrict,  // it goes on as `restricted`, which the application sees, until the peer is attested anew;
             // where the first authenticator after the handshake fails, it ends all the same
};

// Standing is what the peer's evidence is worth at this moment.
enum class Standing : std::uint8_t {
  unconfirmed,  // nothing after the handshake yet, and the plan asks for it: no application data
  trusted,
  restricted,
  refused,  // no application data ever again
};
[[nodiscard]] std::string_view name(Standing standing);

// Plan of one connection. A plan that asks for nothing still answers the peer.
struct Plan {
  // The longest time between the requests that two appraisals answer; zero: on demand only.
  std::chrono::milliseconds every{0};
  // Each request goes out up to this part of `every` early, so that a fleet which began at once does
  // not go on at once. 0 to 0.9.
  double jitter = 0.2;
  // No application data before a first authenticator. A Channel sets it for the timings post and hybrid.
  bool confirm = false;

  std::chrono::milliseconds answer_within{30'000};  // one request, its appraisal included
  // What is unavailable (no answer, no verifier) is asked again, after a pause that doubles; what was
  // refused is not.
  unsigned attempts = 3;
  std::chrono::milliseconds back_off{1'000};
  std::chrono::milliseconds longest_back_off{60'000};

  OnFailure on_failure = OnFailure::close;
  // Claims that may differ from the first evidence's, by name or by "prefix.*" (C10). Scheme, instance
  // and key provenance never may.
  // Those named here by default say when or by whom, and move by themselves.
  std::vector<std::string> may_change{"ear.verifier_id", "tpm2.clock_ms"};
  std::size_t demands = 256;  // waiting at once
  // Uniform in [0, 1); unset: the system's generator.
  std::function<double()> random{};

  // Errors: configuration.
  [[nodiscard]] Result<void> validate() const;
};

// Demand names one call of Watch::require.
enum class Demand : std::uint64_t {};
using Claims = std::vector<std::pair<std::string, std::string>>;  // dotted name, text: AttestationResult's

namespace action {
// Bytes for the peer: docs/protocol says how `seatls/1` frames them.
struct Send {
  enum class Kind : std::uint8_t { request, authenticator } kind;
  Bytes message;
};
struct Answered {
  Demand demand;
  Result<void> result;
};
struct Changed {
  Standing standing;
  std::optional<Error> why;  // of restricted
};
// Refused tells of something that the peer sent and that changes nothing, or of a failure that will be
// tried again: for the log.
struct Refused {
  Error error;
};
struct Close {
  Error error;
};
}  // namespace action
using Action =
    std::variant<action::Send, post::action::Attest, post::action::Sign, post::action::VerifyIdentity,
                 post::action::Appraise, action::Answered, action::Changed, action::Refused, action::Close>;
using Actions = std::vector<Action>;

// Report is what an application may ask at any time.
struct Report {
  Standing standing = Standing::unconfirmed;
  std::optional<AttestedPeer> first;   // of the handshake, or else the first authenticator's
  std::optional<AttestedPeer> latest;  // what holds now
  Clock::time_point asked_at{};        // when the request went out that `latest` answers
  std::optional<Clock::time_point> due;
  std::uint64_t attested = 0;  // how often, after the handshake
  std::optional<Error> last_failure;
};

// Watch is one side of one connection. Not thread-safe: one call at a time.
class Watch {
 public:
  // `first` is what the handshake brought, if it attested the peer. Errors: configuration.
  [[nodiscard]] static Result<Watch> make(Plan plan, post::Endpoint endpoint,
                                          std::optional<AttestedPeer> first, Clock::time_point now);
  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;
  ~Watch();

  // next is when on_time() is wanted; nothing is due without it.
  [[nodiscard]] std::optional<Clock::time_point> next() const;
  [[nodiscard]] Actions on_time(Clock::time_point now);

  // require is for an operation: Answered follows, at once or later. It is granted when evidence that was
  // asked for at most `max_age` before `now` was accepted, and holds `claims` to the letter. Errors in
  // Answered: reference_mismatch for a claim, what the failure was, limit_exceeded.
  [[nodiscard]] std::pair<Demand, Actions> require(std::chrono::milliseconds max_age, Claims claims,
                                                   Clock::time_point now);

  // What came from the peer, and what the actions led to.
  [[nodiscard]] Actions on(post::event::RequestReceived e, Clock::time_point now);
  [[nodiscard]] Actions on(post::event::CredentialMade e, Clock::time_point now);
  [[nodiscard]] Actions on(post::event::Signed e, Clock::time_point now);
  [[nodiscard]] Actions on(post::event::AuthenticatorReceived e, Clock::time_point now);
  [[nodiscard]] Actions on(post::event::IdentityVerified e, Clock::time_point now);
  [[nodiscard]] Actions on(post::event::Appraised e, Clock::time_point now);

  [[nodiscard]] const Report& report() const;
  [[nodiscard]] const post::Endpoint& endpoint() const;
  // data_may_pass is the gate of application data, in both directions.
  [[nodiscard]] bool data_may_pass() const;

 private:
  struct State;
  explicit Watch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Timetable finds what is due among many, in logarithmic time.
class Timetable {
 public:
  using Key = std::uint64_t;
  // set says when `key` is due; nothing: never.
  void set(Key key, std::optional<Clock::time_point> when);
  [[nodiscard]] std::optional<Clock::time_point> next() const;
  // take removes the earliest key that is due at `now`.
  [[nodiscard]] std::optional<Key> take(Clock::time_point now);
  [[nodiscard]] std::size_t size() const { return when_.size(); }

 private:
  std::map<Key, Clock::time_point> when_;
  std::set<std::pair<Clock::time_point, Key>> order_;
};

}  // namespace seatls::reattest
