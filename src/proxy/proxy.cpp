#include "proxy/proxy.h"

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "proxy/acceptor.h"
#include "proxy/worker.h"
#include "service/rate_limit.h"

namespace seatls::proxy {
namespace {

namespace asio = boost::asio;

struct Repeated {
  asio::steady_timer timer;
  std::chrono::milliseconds interval;
  std::function<void()> then;  // has repeat() called when it is done
};

std::shared_ptr<service::RateLimit> rate_of(const config::ProxySettings& settings) {
  return std::make_shared<service::RateLimit>(settings.connections_per_second,
                                              2.0 * settings.connections_per_second);
}

}  // namespace

// The first worker's thread takes all connections; what is not said to be otherwise runs there.
struct Proxy::Impl {
  using Acceptors = std::vector<std::shared_ptr<Acceptor>>;

  Impl(Inherited i, ProxyEvents e, std::shared_ptr<Metrics> m)
      : inherited(std::move(i)), events(std::move(e)), metrics(std::move(m)) {}

  void begin(const config::ProxySettings& s);
  [[nodiscard]] asio::io_context& io() { return workers.front().io(); }
  // open makes acceptors of the sites that `known` has none for. On any thread.
  [[nodiscard]] Result<Acceptors> open(const std::vector<std::shared_ptr<const Site>>& sites,
                                       const std::multimap<std::string, std::shared_ptr<Acceptor>>& known);
  void take(const std::shared_ptr<const Site>& site, Descriptor fd);
  [[nodiscard]] bool within_limits(const config::ProxySettings& limits, const std::string& client);
  void ended(const std::string& client);
  void drain();
  void abort_all();
  void end();
  void listen_to(asio::signal_set& set, const std::function<void()>& then);
  void repeat(Repeated& r);

  const Inherited inherited;
  const ProxyEvents events;
  const std::shared_ptr<Metrics> metrics;
  const std::string name = base::to_hex(crypto::random_bytes(4));  // of this process, in ids of connections
  std::list<Worker> workers;
  asio::thread_pool helper{1};

  std::mutex mutex;  // of the next two
  Acceptors acceptors;
  std::shared_ptr<service::RateLimit> rate;

  std::chrono::milliseconds drain_limit{};
  std::uint64_t taken = 0;
  std::size_t total = 0;
  std::map<std::string, std::size_t> by_client;
  std::atomic<bool> stopping = false;
  bool over = false;
  std::optional<asio::steady_timer> last_moment;
  std::list<asio::signal_set> signals;
  std::list<Repeated> repeated;
};

void Proxy::Impl::begin(const config::ProxySettings& s) {
  const unsigned threads = s.threads != 0 ? s.threads : std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back(events, *metrics);
  last_moment.emplace(io());
}

Result<Proxy::Impl::Acceptors> Proxy::Impl::open(
    const std::vector<std::shared_ptr<const Site>>& sites,
    const std::multimap<std::string, std::shared_ptr<Acceptor>>& known) {
  Acceptors out;
  const Acceptor::Calls calls{
      [this](const std::shared_ptr<const Site>& site, Descriptor fd) { take(site, std::move(fd)); },
      [this] { metrics->limited("descriptors"); }};
  auto left = known;
  for (const auto& site : sites) {
    const auto text = site->address.text();
    // Of several with port 0 each new one has one of the old; what systemd handed over belongs together.
    const bool all = site->address.kind == config::SocketAddress::Kind::systemd;
    bool found = false;
    for (auto it = left.find(text); it != left.end() && it->first == text && (all || !found);
         it = left.erase(it)) {
      out.push_back(it->second);
      found = true;
    }
    if (found) continue;
    SEATLS_TRY(auto opened, listen_at(site->address, inherited));
    for (auto& fd : opened) out.push_back(std::make_shared<Acceptor>(io(), std::move(fd), site, calls));
  }
  return out;
}

bool Proxy::Impl::within_limits(const config::ProxySettings& limits, const std::string& client) {
  const char* reached = nullptr;
  if (total >= limits.connections) {
    reached = "connections";
  } else if (!client.empty()) {
    const auto found = by_client.find(client);
    const std::size_t of_client = found != by_client.end() ? found->second : 0;
    if (limits.connections_of_client != 0 && of_client >= limits.connections_of_client)
      reached = "client";
    else if (!rate->admit(client, std::chrono::steady_clock::now()))
      reached = "rate";
  }
  if (reached != nullptr) metrics->limited(reached);
  return reached == nullptr;
}

void Proxy::Impl::take(const std::shared_ptr<const Site>& site, Descriptor fd) {
  const auto host = remote_end(fd.fd()).host();
  const auto client = host.empty() ? host : service::client_of(host);
  if (!within_limits(site->limits, client)) return;  // it is closed
  ++total;
  if (!client.empty()) ++by_client[client];
  Worker* least = &workers.front();
  for (auto& worker : workers)
    if (worker.open() < least->open()) least = &worker;
  least->take(site, std::move(fd), name + "-" + std::to_string(++taken),
              [this, client] { asio::post(io(), [this, client] { ended(client); }); });
}

void Proxy::Impl::ended(const std::string& client) {
  --total;
  if (const auto found = by_client.find(client); found != by_client.end() && --found->second == 0)
    by_client.erase(found);
  if (stopping && total == 0) end();
}

void Proxy::Impl::drain() {
  {
    const std::scoped_lock lock(mutex);
    for (auto& acceptor : acceptors) acceptor->stop();
  }
  if (total == 0) return end();
  for (auto& worker : workers) worker.wind_up();
  last_moment->expires_after(drain_limit);
  last_moment->async_wait([this](const boost::system::error_code& code) {
    if (!code) abort_all();
  });
}

void Proxy::Impl::abort_all() {
  for (auto& worker : workers) worker.abort({Code::closed, "the proxy ends", "proxy"});
}

void Proxy::Impl::end() {
  if (std::exchange(over, true)) return;
  boost::system::error_code ignored;
  last_moment->cancel(ignored);
  for (auto& set : signals) set.cancel(ignored);
  for (auto& r : repeated) r.timer.cancel(ignored);
  for (auto& worker : workers) worker.let_end();
}

void Proxy::Impl::listen_to(asio::signal_set& set, const std::function<void()>& then) {
  set.async_wait([this, &set, then](const boost::system::error_code& code, int) {
    if (code) return;
    asio::post(helper, then);
    listen_to(set, then);
  });
}

void Proxy::Impl::repeat(Repeated& r) {
  if (over) return;
  r.timer.expires_after(r.interval);
  r.timer.async_wait([&r](const boost::system::error_code& code) {
    if (!code) r.then();
  });
}

Proxy::Proxy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Proxy::~Proxy() {
  impl_->helper.join();
  for (auto& worker : impl_->workers) worker.join();
}

Result<std::unique_ptr<Proxy>> Proxy::start(Plan plan, Inherited inherited, ProxyEvents events,
                                            std::shared_ptr<Metrics> metrics) {
  auto impl = std::make_unique<Impl>(std::move(inherited), std::move(events), std::move(metrics));
  impl->begin(plan.settings);
  SEATLS_TRY(impl->acceptors, impl->open(plan.sites, {}));
  impl->drain_limit = plan.settings.drain;
  impl->rate = rate_of(plan.settings);
  return std::unique_ptr<Proxy>(new Proxy(std::move(impl)));
}

std::vector<std::string> Proxy::addresses() const {
  const std::scoped_lock lock(impl_->mutex);
  std::vector<std::string> out;
  for (const auto& acceptor : impl_->acceptors) out.push_back(acceptor->address());
  return out;
}

void Proxy::run() {
  Impl& s = *impl_;
  for (auto& worker : s.workers)
    if (&worker != &s.workers.front()) worker.begin();
  asio::post(s.io(), [&s] {
    const std::scoped_lock lock(s.mutex);
    for (auto& acceptor : s.acceptors) acceptor->start();
    for (auto& r : s.repeated) s.repeat(r);
  });
  s.io().run();
  s.helper.join();
  for (auto& worker : s.workers) worker.join();
}

Result<void> Proxy::replace(Plan plan) {
  Impl& s = *impl_;
  std::multimap<std::string, std::shared_ptr<Acceptor>> known;
  {
    const std::scoped_lock lock(s.mutex);
    for (const auto& acceptor : s.acceptors) known.emplace(acceptor->site().address.text(), acceptor);
  }
  SEATLS_TRY(auto next, s.open(plan.sites, known));
  asio::post(s.io(), [&s, plan = std::make_shared<Plan>(std::move(plan)), next = std::move(next)] {
    if (s.stopping) return;
    const std::scoped_lock lock(s.mutex);
    const auto is_in = [](const Impl::Acceptors& list, const std::shared_ptr<Acceptor>& one) {
      return std::find(list.begin(), list.end(), one) != list.end();
    };
    for (const auto& old : s.acceptors)
      if (!is_in(next, old)) old->stop();
    // A site's own text is what found its acceptors: of several with port 0, in their order.
    auto sites = plan->sites;
    for (const auto& acceptor : next) {
      const auto address =
          acceptor->site().address;  // a copy: serve() may drop the last that holds that site
      const auto site = std::find_if(sites.begin(), sites.end(),
                                     [&](const auto& x) { return x->address.text() == address.text(); });
      if (site == sites.end()) continue;
      acceptor->serve(*site);
      if (address.kind != config::SocketAddress::Kind::systemd) sites.erase(site);
      if (!is_in(s.acceptors, acceptor)) acceptor->start();
    }
    s.acceptors = next;
    s.drain_limit = plan->settings.drain;
    s.rate = rate_of(plan->settings);
  });
  return {};
}

void Proxy::stop() {
  Impl& s = *impl_;
  const bool again = s.stopping.exchange(true);
  asio::post(s.io(), [&s, again] { again ? s.abort_all() : s.drain(); });
}

bool Proxy::stopping() const { return impl_->stopping; }

void Proxy::on_signal(int number, std::function<void()> then) {
  auto& set = impl_->signals.emplace_back(impl_->io(), number);
  impl_->listen_to(set, then);
}

void Proxy::every(std::chrono::milliseconds interval, std::function<void()> then) {
  Impl* const s = impl_.get();
  auto& r = s->repeated.emplace_back(Repeated{asio::steady_timer(s->io()), interval, {}});
  r.then = [s, &r, then = std::move(then)] {
    asio::post(s->helper, [s, &r, then] {
      then();
      asio::post(s->io(), [s, &r] { s->repeat(r); });
    });
  };
}

void Proxy::beat(std::chrono::milliseconds interval, std::function<void()> alive) {
  Impl* const s = impl_.get();
  auto& r = s->repeated.emplace_back(Repeated{asio::steady_timer(s->io()), interval, {}});
  r.then = [s, &r, alive = std::move(alive)] {
    const auto left = std::make_shared<std::atomic<std::size_t>>(s->workers.size());
    for (auto& worker : s->workers)
      asio::post(worker.io(), [s, &r, left, alive] {
        if (--*left != 0) return;
        alive();
        asio::post(s->io(), [s, &r] { s->repeat(r); });
      });
  };
}

}  // namespace seatls::proxy
