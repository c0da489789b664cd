// Every exchange of the loop is a transfer of one libcurl multi handle, which says what it waits for: epoll
// waits for all of it at once, so that one more exchange costs nothing to those that are under way.
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>

#include "base/descriptor.h"
#include "base/job_thread.h"
#include "net/curl_exchange.h"

namespace seatls::net {
namespace {

using Steady = HttpLoop::Steady;

using base::Descriptor;

Error ended() { return {Code::closed, "the client was stopped", "http"}; }

// Core outlives the loop's owner, where that ends on the loop's own thread.
class Core {
 public:
  explicit Core(HttpOptions options) : options_(std::move(options)) {}
  ~Core() {
    if (multi_ != nullptr) curl_multi_cleanup(multi_);
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  [[nodiscard]] Result<void> open() {
    multi_ = curl_multi_init();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = event_.fd();
    if (multi_ == nullptr || epoll_.fd() < 0 || event_.fd() < 0 ||
        ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, event_.fd(), &event) != 0)
      return Error{Code::io, "no means to wait for connections: " + std::string(std::strerror(errno)),
                   "http"};
    void* const self = this;
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Core::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, self);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Core::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, self);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1024L);
    return {};
  }

  void begin(HttpRequest request, HttpLimits limits, HttpLoop::Then then) {
    auto exchange = CurlExchange::make(std::move(request), limits, options_);
    if (!exchange) return post([why = exchange.error(), then = std::move(then)] { then(why); });
    const std::scoped_lock lock(mutex_);
    begun_.push_back({std::move(*exchange), std::move(then)});
    notify();
  }
  void wake(Steady::time_point at, HttpLoop::Woken then) {
    const std::scoped_lock lock(mutex_);
    alarms_.emplace(at, std::move(then));
    notify();
  }
  void stop() {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
    notify();
  }

  void run() {
    while (take_begun()) {
      wait();
      finish_transfers();
      ring_alarms();
    }
    end_all();
  }

 private:
  struct Transfer {
    std::unique_ptr<CurlExchange> exchange;
    HttpLoop::Then then;
  };

  void post(std::function<void()> what) {
    wake(Steady::time_point::min(), [what = std::move(what)](const Result<void>&) { what(); });
  }
  void notify() const {
    const std::uint64_t one = 1;
    std::ignore = ::write(event_.fd(), &one, sizeof one);
  }

  // take_begun hands what was begun to libcurl; false: the loop is to end.
  bool take_begun() {
    std::vector<Transfer> begun;
    {
      const std::scoped_lock lock(mutex_);
      if (stop_) return false;
      begun.swap(begun_);
    }
    for (auto& transfer : begun) {
      CURL* const handle = transfer.exchange->handle();
      if (curl_multi_add_handle(multi_, handle) == CURLM_OK)
        transfers_.emplace(handle, std::move(transfer));
      else
        transfer.then(Error{Code::internal, "libcurl takes no more", "http"});
    }
    return true;
  }

  [[nodiscard]] int patience() {
    const std::scoped_lock lock(mutex_);
    if (stop_ || !begun_.empty()) return 0;
    auto until = curl_due_;
    if (!alarms_.empty() && (!until || alarms_.begin()->first < *until)) until = alarms_.begin()->first;
    if (!until) return -1;
    const auto now = Steady::now();
    if (*until <= now) return 0;
    // Rounded up: a wait that ends too early would be begun again and again.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - now).count();
    return static_cast<int>(std::min<long long>(left, 60'000));
  }

  void wait() {
    std::array<epoll_event, 64> events{};
    const int n = ::epoll_wait(epoll_.fd(), events.data(), events.size(), patience());
    int running = 0;
    for (int i = 0; i < n; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == event_.fd()) {
        std::uint64_t count = 0;
        std::ignore = ::read(event_.fd(), &count, sizeof count);
        continue;
      }
      const unsigned in = (event.events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0;
      const unsigned out = (event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
      const unsigned bad = (event.events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0;
      curl_multi_socket_action(multi_, event.data.fd, static_cast<int>(in | out | bad), &running);
    }
    if (curl_due_ && *curl_due_ <= Steady::now()) {
      curl_due_.reset();
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
  }

  void finish_transfers() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const handle = message->easy_handle;
      const CURLcode code = message->data.result;
      finish(handle, code);
    }
  }
  void finish(CURL* handle, CURLcode code) {
    auto node = transfers_.extract(handle);
    curl_multi_remove_handle(multi_, handle);
    if (node.empty()) return;
    auto outcome = node.mapped().exchange->outcome(code);
    node.mapped().exchange.reset();
    node.mapped().then(std::move(outcome));
  }

  void ring_alarms() {
    std::vector<HttpLoop::Woken> due;
    {
      const std::scoped_lock lock(mutex_);
      const auto now = Steady::now();
      while (!alarms_.empty() && alarms_.begin()->first <= now)
        due.push_back(std::move(alarms_.extract(alarms_.begin()).mapped()));
    }
    for (const auto& then : due) then({});
  }

  // What is begun while all ends (by those who learn of it) ends too.
  void end_all() {
    for (auto& [handle, transfer] : std::exchange(transfers_, {})) {
      curl_multi_remove_handle(multi_, handle);
      transfer.then(ended());
    }
    while (true) {
      std::vector<Transfer> begun;
      std::multimap<Steady::time_point, HttpLoop::Woken> alarms;
      {
        const std::scoped_lock lock(mutex_);
        begun.swap(begun_);
        alarms.swap(alarms_);
      }
      if (begun.empty() && alarms.empty()) return;
      for (auto& transfer : begun) transfer.then(ended());
      for (auto& [at, then] : alarms) then(ended());
    }
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* user, void* known) {
    auto& self = *static_cast<Core*>(user);
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(self.epoll_.fd(), EPOLL_CTL_DEL, fd, nullptr);
      return 0;
    }
    epoll_event event{};
    event.data.fd = fd;
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    const int action = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    const int other = known == nullptr ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (::epoll_ctl(self.epoll_.fd(), action, fd, &event) != 0 &&
        ::epoll_ctl(self.epoll_.fd(), other, fd, &event) != 0)
      return -1;
    curl_multi_assign(self.multi_, fd, user);  // known from now on
    return 0;
  }
  static int on_timer(CURLM*, long ms, void* user) {
    auto& self = *static_cast<Core*>(user);
    if (ms < 0)
      self.curl_due_.reset();
    else
      self.curl_due_ = Steady::now() + std::chrono::milliseconds(ms);
    return 0;
  }

  const HttpOptions options_;
  const Descriptor epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  const Descriptor event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  CURLM* multi_ = nullptr;
  // Of the loop's thread alone.
  std::map<CURL*, Transfer> transfers_;
  std::optional<Steady::time_point> curl_due_;

  std::mutex mutex_;
  std::vector<Transfer> begun_;
  std::multimap<Steady::time_point, HttpLoop::Woken> alarms_;
  bool stop_ = false;
};

class CurlLoop final : public HttpLoop {
 public:
  explicit CurlLoop(std::shared_ptr<Core> core) : core_(std::move(core)), thread_({}) {
    thread_.push(
        {.run = [core = core_] { core->run(); }, .drop = [core = core_](const Error&) { core->run(); }});
  }
  ~CurlLoop() override { core_->stop(); }
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  void send(HttpRequest request, HttpLimits limits, Then then) override {
    core_->begin(std::move(request), limits, std::move(then));
  }
  void wake(Steady::time_point at, Woken then) override { core_->wake(at, std::move(then)); }
  [[nodiscard]] Steady::time_point now() const override { return Steady::now(); }

 private:
  const std::shared_ptr<Core> core_;
  base::JobThread thread_;
};

}  // namespace

Result<std::shared_ptr<HttpLoop>> make_http_loop(HttpOptions options) {
  auto core = std::make_shared<Core>(std::move(options));
  SEATLS_CHECK(core->open());
  return std::shared_ptr<HttpLoop>(std::make_shared<CurlLoop>(std::move(core)));
}

}  // namespace seatls::net
