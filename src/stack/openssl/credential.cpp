#include "stack/openssl/credential.h"

#include <openssl/async.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "stack/openssl/async_wait.h"

namespace seatls::openssl {
namespace {

namespace action = early::action;

// Told is what an attester or a verifier answered, or what the protocol does without asking one.
using Told = std::variant<stack::Action, Result<Cmw>, Result<AttestationResult>>;
using Answered = Answer<Told>;

// call runs code of the application's. Nothing that it throws goes further.
void call(Answered& answer, const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& e) {
    answer.put(Error{Code::internal, std::string("an exception came out: ") + e.what(), {}});
  } catch (...) {
    answer.put(Error{Code::internal, "an exception came out", {}});
  }
}

// run starts `work`, which leads to an answer, and waits for that. Whose stack the work runs on:
//  in a job that a Connection drives    the Connection's, once the job is parked
//  in a job of the application's        the worker's
//  outside of a job                     this one
// `work` may outlive the connection: it owns all that it touches. Errors: those of the wait.
Result<Told> run(State& state, const std::shared_ptr<Answered>& answer, std::function<void()> work) {
  auto guarded = [answer, work = std::move(work)] { call(*answer, work); };
  if (ASYNC_get_current_job() == nullptr) {
    guarded();
  } else if (state.driven()) {
    state.park(std::move(guarded));
    SEATLS_CHECK(park());
  } else {
    state.worker().post(std::move(guarded));
  }
  return answer->wait();
}

// conclude tells the protocol the answer, and where run() would: what is encoded and checked then fits
// no job's stack either.
template <class Answer>
Result<stack::Action> conclude(State& state, Answer answer) {
  auto concluded = std::make_shared<Answered>(state.config().credential_timeout);
  auto work = [endpoint = state.endpoint(), answer = std::move(answer), concluded] {
    concluded->put(Told(endpoint->answer(answer)));
  };
  SEATLS_TRY(Told told, run(state, concluded, std::move(work)));
  return std::get<stack::Action>(std::move(told));
}

// give_up ends a wait that brought nothing. Whoever still works on the answer keeps the Endpoint.
stack::Action give_up(State& state, Error error, const char* place) {
  state.drop_endpoint();
  return action::Refuse{std::move(error).in(place)};
}

}  // namespace

stack::Action make_credential(State& state, action::Attest attest) {
  auto answer = std::make_shared<Answered>(state.config().credential_timeout);
  auto work = [attester = state.config().attester, request = std::move(attest.request), answer] {
    attester->attest(request, [answer](Result<Cmw> credential) { answer->put(Told(std::move(credential))); });
  };
  Result<Told> told = run(state, answer, std::move(work));
  constexpr const char* place = "own Certificate > remoteAttestation";
  if (!told) return give_up(state, std::move(told).error(), place);
  Result<stack::Action> next = conclude(state, std::get<Result<Cmw>>(std::move(*told)));
  if (!next) return give_up(state, std::move(next).error(), place);
  return std::move(*next);
}

stack::Action receive_credential(State& state, early::PeerCertificate certificate) {
  const std::shared_ptr<stack::Endpoint> endpoint = state.endpoint();
  endpoint->certificate_begins();

  auto answer = std::make_shared<Answered>(state.config().credential_timeout);
  auto work = [endpoint, certificate = std::move(certificate), channel = state.channel(),
               config = state.context().config, answer] {
    stack::Action next = endpoint->certificate_received(certificate, channel);
    auto* appraise = std::get_if<action::Appraise>(&next);
    if (appraise == nullptr) return answer->put(Told(std::move(next)));
    config->require->verifier->appraise(
        std::move(appraise->request),
        [answer](Result<AttestationResult> result) { answer->put(Told(std::move(result))); });
  };
  Result<Told> told = run(state, answer, std::move(work));
  constexpr const char* place = "Certificate > remoteAttestation";
  if (!told) return give_up(state, std::move(told).error(), place);
  if (auto* next = std::get_if<stack::Action>(&*told)) return std::move(*next);
  Result<stack::Action> next = conclude(state, std::get<Result<AttestationResult>>(std::move(*told)));
  if (!next) return give_up(state, std::move(next).error(), place);
  if (std::holds_alternative<action::Proceed>(*next)) state.accept_credential();
  return std::move(*next);
}

}  // namespace seatls::openssl
