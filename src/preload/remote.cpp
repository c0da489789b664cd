#include "preload/remote.h"

#include <utility>

namespace seatls::preload {
namespace {

using std::chrono::milliseconds;

// Of questions that need no work.
constexpr milliseconds quick{5000};
// The helper's own limit comes first, and its answer tells more.
constexpr milliseconds grace{1000};

template <class T>
Result<T> ask_for(const Address& helper, const Question& question, milliseconds limit) {
  SEATLS_TRY(Answer answer, ask(helper, question, limit));
  if (auto* value = std::get_if<T>(&answer)) return std::move(*value);
  return Error{Code::malformed, "the helper answered another question", {}};
}

class RemoteAttester final : public Attester {
 public:
  RemoteAttester(Address helper, Role role, std::size_t longest_binder, milliseconds limit)
      : helper_(std::move(helper)), role_(role), longest_binder_(longest_binder), limit_(limit) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override {
    auto schemes = ask_for<std::vector<AttestationScheme>>(helper_, AskSchemes{role_}, quick);
    return schemes ? std::move(*schemes) : std::vector<AttestationScheme>();
  }
  [[nodiscard]] std::size_t longest_binder() const override { return longest_binder_; }
  void attest(EvidenceRequest request, Done done) override {
    done(ask_for<Cmw>(helper_, AskAttest{role_, std::move(request)}, limit_ + grace));
  }

 private:
  const Address helper_;
  const Role role_;
  const std::size_t longest_binder_;
  const milliseconds limit_;
};

class RemoteVerifier final : public Verifier {
 public:
  RemoteVerifier(Address helper, Role role, std::vector<AttestationScheme> schemes, milliseconds limit)
      : helper_(std::move(helper)), role_(role), schemes_(std::move(schemes)), limit_(limit) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return schemes_; }
  void appraise(AppraisalRequest request, Done done) override {
    done(ask_for<AttestationResult>(helper_, AskAppraise{role_, std::move(request)}, limit_ + grace));
  }

 private:
  const Address helper_;
  const Role role_;
  const std::vector<AttestationScheme> schemes_;
  const milliseconds limit_;
};

}  // namespace

Result<Answer> ask(const Address& helper, const Question& question, milliseconds limit) {
  const auto deadline = Socket::Clock::now() + limit;
  SEATLS_TRY(const Bytes message, encode(question));
  SEATLS_TRY(const Socket socket, Socket::connect(helper, deadline));
  SEATLS_CHECK(socket.send(message, deadline));
  SEATLS_TRY(const Bytes answer, socket.receive(largest_message, deadline));
  return parse_answer(answer);
}

Config config_of(const Address& helper, Role role, const RoleSettings& settings) {
  Config config;
  config.role = role;
  config.extension_type = settings.extension_type;
  // What the wait of the stack is limited to; nothing else runs on its thread in the meantime.
  config.credential_timeout = settings.credential_timeout + 2 * grace;
  config.dangers = settings.dangers;
  if (settings.attests)
    config.attester =
        std::make_shared<RemoteAttester>(helper, role, settings.longest_binder, settings.credential_timeout);
  config.require = settings.require;
  if (config.require && config.require->attestation != Requirement::off)
    config.require->verifier =
        std::make_shared<RemoteVerifier>(helper, role, settings.appraises, settings.credential_timeout);
  return config;
}

RoleSettings settings_of(const Config& config) {
  RoleSettings s;
  s.extension_type = config.extension_type;
  s.credential_timeout = config.credential_timeout;
  s.attests = config.attester != nullptr;
  if (config.attester) s.longest_binder = config.attester->longest_binder();
  if (config.require) {
    s.require = config.require;
    if (config.require->verifier) s.appraises = config.require->verifier->schemes();
    s.require->verifier = nullptr;
  }
  s.dangers = config.dangers;
  return s;
}

}  // namespace seatls::preload
