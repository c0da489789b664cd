// Machine: the frame that client and server share. States are the structs of a variant; a handler is
// a function
//
//   Result<Step<States>> handle(State&&, Event&&, const Config&)
//
// found by overload. The declared transitions (transitions.h) stand around the handlers: an event
// without a declared row has no handler, which is checked when this compiles, and a next state that
// no row declares is refused when it happens.
#pragma once

#include <array>
#include <bitset>
#include <concepts>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "early/events.h"
#include "early/transitions.h"

namespace seatls::early {

template <class States>
struct Step {
  States next;
  Action action;
};

// Every machine has this state, and a Complete of its own.
struct Refused {
  static constexpr std::string_view name = "Refused";
  Error error;
};

template <class... E>
struct Events {};

template <class States, class S, class E>
concept Handles = requires(S&& s, E&& e, const Config& config) {
  { handle(std::move(s), std::move(e), config) } -> std::same_as<Result<Step<States>>>;
};

template <class States, class EventList, const auto& transitions>
class Machine;

template <class... S, class... E, const auto& transitions>
class Machine<std::variant<S...>, Events<E...>, transitions> {
  using States = std::variant<S...>;
  static constexpr std::size_t kStates = sizeof...(S);
  static constexpr std::array<std::string_view, kStates> kStateNames{S::name...};
  static constexpr std::array<std::string_view, sizeof...(E)> kEventNames{E::name...};

 public:
  explicit Machine(const Config& config) : config_(&config) {}

  template <class Event>
  Action on(Event event) {
    static_assert(complete_table(), "transitions.h and the handlers differ");
    if (const auto* refused = std::get_if<Refused>(&state_)) return action::Refuse{refused->error};
    const std::size_t from = state_.index();
    auto step = std::visit(
        [&](auto&& state) -> Result<Step<States>> {
          using State = std::remove_cvref_t<decltype(state)>;
          if constexpr (Handles<States, State, Event>)
            return handle(std::move(state), std::move(event), *config_);
          else
            return Error{Code::unexpected_message,
                         std::string(Event::name) + " may not come in state " + std::string(State::name), ""};
        },
        std::move(state_));
    if (step.ok() && !declared(kStateNames[from], Event::name, kStateNames[step->next.index()]))
      step = Error{Code::internal,
                   "undeclared transition from " + std::string(kStateNames[from]) + " on " +
                       std::string(Event::name) + " to " + std::string(kStateNames[step->next.index()]),
                   ""};
    if (!step.ok()) {
      failure_ = std::move(step).error();
      state_ = Refused{*failure_};
      return action::Refuse{*failure_};
    }
    state_ = std::move(step->next);
    completed_ |= std::holds_alternative<action::Complete>(step->action);
    return std::move(step->action);
  }

  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  // complete stays true while a post-handshake authentication is under way.
  [[nodiscard]] bool complete() const { return completed_ && !failure_; }
  [[nodiscard]] std::string_view state_name() const { return kStateNames[state_.index()]; }

 private:
  static constexpr bool declared(std::string_view from, std::string_view on) {
    for (const Transition& t : transitions)
      if (t.from == from && t.on == on) return true;
    return false;
  }
  static constexpr bool declared(std::string_view from, std::string_view on, std::string_view to) {
    for (const Transition& t : transitions)
      if (t.from == from && t.on == on && t.to == to) return true;
    return false;
  }
  template <std::size_t N>
  static constexpr bool among(const std::array<std::string_view, N>& names, std::string_view name) {
    for (std::string_view n : names)
      if (n == name) return true;
    return false;
  }
  template <class State>
  static constexpr bool handlers_are_declared() {
    return ((Handles<States, State, E> == declared(State::name, E::name)) && ...);
  }
  static constexpr bool complete_table() {
    for (const Transition& t : transitions)
      if (!among(kStateNames, t.from) || !among(kEventNames, t.on) || !among(kStateNames, t.to)) return false;
    return (handlers_are_declared<S>() && ...);
  }

  const Config* config_;
  States state_;
  bool completed_ = false;
  std::optional<Error> failure_;
};

}  // namespace seatls::early
