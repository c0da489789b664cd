#include "preload/helper.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "preload/remote.h"

namespace seatls::preload {
namespace {

using Clock = Socket::Clock;
using std::chrono::milliseconds;

// A process of the program sends its question at once.
constexpr milliseconds patience{5000};
// Answers that are made at the same time; more questions wait in the socket's queue.
constexpr int most_at_once = 256;

// Waiting holds a value until another thread has brought it.
template <class T>
struct Waiting {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<T>> value;

  void put(Result<T> v) {
    const std::lock_guard lock(mutex);
    if (!value) value.emplace(std::move(v));
    changed.notify_all();
  }
  Result<T> take(milliseconds limit) {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, limit, [this] { return value.has_value(); }))
      return Error{Code::timed_out, "no answer within the time limit", {}};
    return std::move(*value);
  }
};

RoleSettings told_of(const Endpoint& endpoint) {
  RoleSettings settings = settings_of(endpoint.config);
  settings.name = endpoint.name;
  settings.suites = endpoint.suites;
  return settings;
}

}  // namespace

struct Helper::Impl {
  Impl(Endpoints e, OnEvent t) : endpoints(std::move(e)), told(std::move(t)) {}

  ~Impl() {
    if (acceptor.joinable()) {
      std::ignore = ::eventfd_write(stop.fd(), 1);
      acceptor.join();
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return at_work == 0; });
  }

  const Endpoint* endpoint(Role role) const {
    const auto& found = role == Role::client ? endpoints.client : endpoints.server;
    return found ? &*found : nullptr;
  }

  Result<Answer> answer(const Peer&, const AskSettings&) {
    asked = true;
    Settings settings;
    if (endpoints.client) settings.client = told_of(*endpoints.client);
    if (endpoints.server) settings.server = told_of(*endpoints.server);
    settings.danger_other_plain = endpoints.danger_other_plain;
    return Answer(std::move(settings));
  }

  Result<Answer> answer(const Peer&, const AskSchemes& q) const {
    const Endpoint* e = endpoint(q.role);
    return Answer(e != nullptr && e->config.attester ? e->config.attester->schemes()
                                                     : std::vector<AttestationScheme>());
  }

  Result<Answer> answer(const Peer&, AskAttest& q) const {
    const Endpoint* e = endpoint(q.role);
    if (e == nullptr || !e->config.attester) return Error{Code::misuse, "this role attests nothing", {}};
    auto waiting = std::make_shared<Waiting<Cmw>>();
    e->config.attester->attest(std::move(q.request),
                               [waiting](Result<Cmw> c) { waiting->put(std::move(c)); });
    SEATLS_TRY(Cmw credential, waiting->take(e->config.credential_timeout));
    return Answer(std::move(credential));
  }

  Result<Answer> answer(const Peer&, AskAppraise& q) const {
    const Endpoint* e = endpoint(q.role);
    if (e == nullptr || !e->config.require || !e->config.require->verifier)
      return Error{Code::misuse, "this role appraises nothing", {}};
    auto waiting = std::make_shared<Waiting<AttestationResult>>();
    e->config.require->verifier->appraise(
        std::move(q.request), [waiting](Result<AttestationResult> r) { waiting->put(std::move(r)); });
    SEATLS_TRY(AttestationResult result, waiting->take(e->config.credential_timeout));
    return Answer(std::move(result));
  }

  Result<Answer> answer(const Peer& peer, const Tell& q) {
    const std::lock_guard lock(telling);
    if (told) told(peer, q.event);
    return Answer(Told{});
  }

  // Attesters and verifiers may be an application's own: nothing that they throw goes further.
  Result<Answer> answer_guarded(const Peer& peer, Question& question) {
    try {
      return std::visit([&](auto& q) { return answer(peer, q); }, question);
    } catch (const std::exception& e) {
      return Error{Code::internal, std::string("an exception came out: ") + e.what(), {}};
    }
  }

  // A process that the program did not start gets no word.
  void serve(const Socket& socket) {
    const auto peer = peer_of(socket.fd());
    if (!peer || !descends(peer->pid, own_pid)) return;
    auto message = socket.receive(largest_message, Clock::now() + patience);
    if (!message) return;
    auto question = parse_question(*message);
    const auto encoded =
        encode(question ? answer_guarded(*peer, *question) : Result<Answer>(question.error()));
    if (encoded) std::ignore = socket.send(*encoded, Clock::now() + patience);
  }

  void accept_one() {
    Socket socket(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.fd() < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) ::poll(nullptr, 0, 10);
      return;
    }
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return at_work < most_at_once; });
      ++at_work;
    }
    try {
      std::thread([this, s = std::move(socket)]() mutable {
        serve(s);
        { const Socket ended = std::move(s); }
        const std::lock_guard lock(mutex);
        --at_work;
        changed.notify_all();
      }).detach();
    } catch (const std::system_error&) {  // no thread is left: the question fails
      const std::lock_guard lock(mutex);
      --at_work;
    }
  }

  void accept() {
    while (true) {
      pollfd fds[2] = {{listener.fd(), POLLIN, 0}, {stop.fd(), POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
      if (fds[1].revents != 0) return;
      if (fds[0].revents != 0) accept_one();
    }
  }

  const Endpoints endpoints;
  const OnEvent told;
  const pid_t own_pid = ::getpid();
  Socket listener, stop;
  Address address;
  std::atomic<bool> asked = false;
  std::mutex telling;

  std::mutex mutex;
  std::condition_variable changed;
  int at_work = 0;
  std::thread acceptor;
};

Helper::Helper(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Helper::~Helper() = default;

Result<std::unique_ptr<Helper>> Helper::start(Endpoints endpoints, OnEvent told) {
  auto impl = std::make_unique<Impl>(std::move(endpoints), std::move(told));
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
    return Error{Code::io, "prctl: " + std::generic_category().message(errno), {}};
  SEATLS_TRY(impl->listener, Socket::listen(&impl->address));
  impl->stop = Socket(::eventfd(0, EFD_CLOEXEC));
  if (impl->stop.fd() < 0) return Error{Code::io, "eventfd: " + std::generic_category().message(errno), {}};
  impl->acceptor = std::thread([raw = impl.get()] { raw->accept(); });
  return std::unique_ptr<Helper>(new Helper(std::move(impl)));
}

const Address& Helper::address() const { return impl_->address; }
bool Helper::asked() const { return impl_->asked; }

}  // namespace seatls::preload
