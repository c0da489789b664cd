// Asker has questions answered by verifier services: one after the other, within a budget, as many questions
// at a time as it may, all of them on one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "net/http.h"
#include "remote/breaker.h"
#include "remote/challenge.h"

namespace seatls::remote {

struct AskerOptions {
  std::vector<std::string> urls{};  // in the order in which they are asked
  std::chrono::milliseconds timeout{3'000};
  std::chrono::milliseconds budget{8'000};
  unsigned retries = 1;
  std::size_t outstanding = 512;
  Breaker::Rule breaker{};
  std::function<double()> random{};  // from 0 up to 1; empty: the system's
};
// check says what cannot be meant. Errors: configuration.
[[nodiscard]] Result<void> check(const AskerOptions& options, bool plain_http);

// A pause before an attempt: doubled each time, and a part of it at random, so that those who failed together
// do not come back together.
[[nodiscard]] std::chrono::milliseconds back_off(unsigned attempt, double random);

struct Question {
  // The nonce of the session and evidence over it; or evidence that is made over the session's own nonce.
  struct Ready {
    Bytes nonce;
    Submission submission;
  };
  using Made = std::function<void(Result<Submission>)>;
  using Make = std::function<void(const Bytes& nonce, Made made)>;
  std::variant<Ready, Make> evidence;
  Spki tik;
  bool binds_tik = false;
};

struct Answer {
  std::size_t service = 0;  // which of the urls
  std::string ear{};
  Bytes submitted{};  // SHA-256 of what it was sent
};

class Asker {
 public:
  // Answered once, on the loop's thread; before ask() returns when it is refused at once. Errors:
  // verifier_unavailable.
  using Then = std::function<void(Result<Answer>)>;

  Asker(AskerOptions options, std::shared_ptr<net::HttpLoop> loop);
  ~Asker();  // what is outstanding is answered with verifier_unavailable
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  void ask(Question question, Then then);

 private:
  class State;
  class Inquiry;
  std::shared_ptr<State> state_;
};

}  // namespace seatls::remote
