#include "service/server.h"

#include <utility>  // which Boost 1.74 forgets

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <map>
#include <set>

#include "base/host_port.h"
#include "service/exchange.h"
#include "service/rate_limit.h"

namespace seatls::service {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Steady = std::chrono::steady_clock;

Error network_error(const std::string& what, const boost::system::error_code& code) {
  return {Code::network, code.message(), what};
}

}  // namespace

// Everything but the handlers runs on the thread of run().
struct Server::Impl {
  struct Port {
    Listener listener;
    tcp::acceptor acceptor;
    std::string address;
  };

  Impl(ServerLimits l, ServerEvents e, std::shared_ptr<Metrics> m)
      : limits(l),
        events(std::move(e)),
        metrics(std::move(m)),
        rate(l.requests_per_second, l.burst),
        workers(l.workers) {}

  Result<void> bind(Listener listener);
  asio::awaitable<void> accept(Port& port);
  asio::awaitable<void> serve(Port& port, std::shared_ptr<Link> link, std::string client);
  asio::awaitable<Result<void>> greet(Port& port, Link& link);
  // converse answers the requests of a connection; false: it ends after this one.
  asio::awaitable<Result<bool>> converse(Port& port, Link& link, const std::string& client);
  asio::awaitable<std::pair<Response, Told>> answer_of(Port& port, Request request);
  void drain();
  void end_signals();
  void listen_to(asio::signal_set& signals, const std::function<void()>& then);

  const ServerLimits limits;
  const ServerEvents events;
  const std::shared_ptr<Metrics> metrics;
  RateLimit rate;
  const std::shared_ptr<asio::io_context> context = std::make_shared<asio::io_context>(1);
  asio::io_context& io = *context;
  asio::thread_pool workers;
  std::list<Port> ports;
  std::set<Link*> links;
  std::map<std::string, std::size_t> by_client;
  std::size_t waiting = 0;  // requests with the workers
  std::atomic<bool> stopping = false;
  asio::steady_timer last_moment{io};
  std::list<asio::signal_set> signals;
};

Result<void> Server::Impl::bind(Listener listener) {
  SEATLS_TRY(const auto address, base::parse_host_port(listener.address));
  boost::system::error_code code;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(address.host.empty() ? "::" : address.host, address.port,
                                      tcp::resolver::passive | tcp::resolver::numeric_service, code);
  if (code || found.empty()) return network_error(listener.address, code);
  const auto endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor(io);
  if (!acceptor.open(endpoint.protocol(), code))
    acceptor.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) acceptor.bind(endpoint, code);
  if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
  if (!code) acceptor.non_blocking(true, code);
  if (code) return network_error(listener.address, code);
  const auto bound = acceptor.local_endpoint();
  ports.push_back({std::move(listener), std::move(acceptor),
                   base::to_text({bound.address().to_string(), std::to_string(bound.port())})});
  return {};
}

asio::awaitable<void> Server::Impl::accept(Port& port) {
  while (!stopping) {
    boost::system::error_code code;
    tcp::socket socket = co_await port.acceptor.async_accept(asio::redirect_error(asio::use_awaitable, code));
    if (stopping || code == asio::error::operation_aborted) co_return;
    if (code) {
      // No descriptor is left, most likely: those that are open end sooner or later.
      asio::steady_timer pause(io, std::chrono::milliseconds(50));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, code));
      continue;
    }
    const auto peer = socket.remote_endpoint(code);
    if (code) continue;
    const auto client = client_of(peer.address().to_string());
    if (links.size() >= limits.connections || by_client[client] >= limits.connections_of_client) {
      metrics->refused_connection("limit");
      if (by_client[client] == 0) by_client.erase(client);
      continue;  // the socket closes
    }
    socket.set_option(tcp::no_delay(true), code);
    socket.non_blocking(true, code);
    auto link = std::make_shared<Link>(std::move(socket));
    ++by_client[client];
    links.insert(link.get());
    metrics->connections(1);
    asio::co_spawn(io, serve(port, std::move(link), client), asio::detached);
  }
}

asio::awaitable<Result<void>> Server::Impl::greet(Port& port, Link& link) {
  auto tls_context = port.listener.context ? port.listener.context() : nullptr;
  if (port.listener.context && !tls_context) co_return Error{Code::internal, "there is no TLS context", ""};
  if (tls_context) {
    auto tls = make_tls(std::move(tls_context), link.fd());
    if (!tls) co_return std::move(tls).error();
    link.use(std::move(*tls));
  } else {
    link.use(make_plain(link.fd()));
  }
  co_return co_await link.handshake(limits.handshake);
}

asio::awaitable<std::pair<Response, Told>> Server::Impl::answer_of(Port& port, Request request) {
  if (port.listener.limited && !rate.admit(client_of(request.client), Steady::now()))
    co_return std::pair{unavailable(429, "too many requests from this address", 1), Told{"limited", {}, {}}};
  if (waiting >= limits.waiting)
    co_return std::pair{unavailable(503, "too many requests are waiting", 1), Told{"limited", {}, {}}};

  // Shared with the handler, which may answer when nobody waits any more, or when there is no server any
  // more.
  struct Answer {
    explicit Answer(std::shared_ptr<asio::io_context> of) : io(std::move(of)), ready(*io) {}
    std::shared_ptr<asio::io_context> io;
    asio::steady_timer ready;
    std::optional<std::pair<Response, Told>> given;
  };
  auto answer = std::make_shared<Answer>(context);
  answer->ready.expires_after(limits.answer);
  ++waiting;
  asio::post(workers, [answer, &port, request = std::move(request)]() mutable {
    port.listener.handler(std::move(request), [answer](Response response, Told told) {
      asio::post(*answer->io, [answer, given = std::pair{std::move(response), std::move(told)}]() mutable {
        answer->given = std::move(given);
        answer->ready.cancel();
      });
    });
  });
  boost::system::error_code code;
  co_await answer->ready.async_wait(asio::redirect_error(asio::use_awaitable, code));
  --waiting;
  if (answer->given) co_return std::move(*answer->given);
  co_return std::pair{unavailable(503, "no answer within the time limit", 5),
                      Told{"late", {}, "no answer within the time limit"}};
}

asio::awaitable<Result<bool>> Server::Impl::converse(Port& port, Link& link, const std::string& client) {
  auto received = co_await receive(link, {limits.header, limits.body, limits.idle, limits.request});
  if (!received) co_return std::move(received).error();
  Access access;
  access.id = new_request_id();
  access.received = received->request.body.size();
  const auto begun = Steady::now();
  std::pair<Response, Told> answer{std::move(received->refusal), Told{"unreadable", {}, {}}};
  if (received->usable) {
    received->request.client = client;
    answer = co_await answer_of(port, std::move(received->request));
  }
  auto& [response, told] = answer;
  const bool last = !received->keep_alive || stopping;
  response.headers.emplace_back("X-Request-Id", access.id);
  access.status = response.status;
  access.sent = response.body.size();
  access.told = std::move(told);
  access.took = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - begun);
  metrics->answered(access.told.route, access.status, access.took);
  if (events.answered) events.answered(access);
  if (const auto sent = co_await link.write(written(response, !last, received->wants_body), limits.writing);
      !sent)
    co_return sent.error();
  co_return !last;
}

asio::awaitable<void> Server::Impl::serve(Port& port, std::shared_ptr<Link> link, std::string client) {
  if (const auto greeted = co_await greet(port, *link); !greeted) {
    metrics->refused_connection("handshake");
    if (events.refused) events.refused("handshake", greeted.error());
  } else {
    for (std::size_t requests = 0; requests < limits.requests_of_connection && !stopping; ++requests) {
      const auto goes_on = co_await converse(port, *link, client);
      if (!goes_on && goes_on.error().code == Code::timed_out) metrics->refused_connection("timeout");
      if (!goes_on || !*goes_on) break;
    }
    link->close();
  }
  links.erase(link.get());
  if (--by_client[client] == 0) by_client.erase(client);
  metrics->connections(-1);
  if (stopping && links.empty()) last_moment.cancel();
}

// drain runs on the thread of run().
void Server::Impl::drain() {
  boost::system::error_code ignored;
  for (auto& port : ports) port.acceptor.close(ignored);
  for (auto& set : signals) set.cancel(ignored);
  for (auto* link : links) link->give_up_if_idle();
  last_moment.expires_after(links.empty() ? std::chrono::milliseconds(0) : limits.drain);
  last_moment.async_wait([this](const boost::system::error_code&) {
    for (auto* link : links) link->abort();
  });
}

void Server::Impl::listen_to(asio::signal_set& set, const std::function<void()>& then) {
  set.async_wait([this, &set, then](const boost::system::error_code& code, int) {
    if (code) return;
    asio::post(workers, then);
    listen_to(set, then);
  });
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { impl_->workers.join(); }

Result<std::unique_ptr<Server>> Server::start(std::vector<Listener> listeners, ServerLimits limits,
                                              ServerEvents events, std::shared_ptr<Metrics> metrics) {
  auto impl = std::make_unique<Impl>(limits, std::move(events), std::move(metrics));
  for (auto& listener : listeners) SEATLS_CHECK(impl->bind(std::move(listener)));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> out;
  for (const auto& port : impl_->ports) out.push_back(port.address);
  return out;
}

void Server::run() {
  for (auto& port : impl_->ports) asio::co_spawn(impl_->io, impl_->accept(port), asio::detached);
  impl_->io.run();
  impl_->workers.join();
}

void Server::stop() {
  if (!impl_->stopping.exchange(true)) asio::post(impl_->io, [impl = impl_.get()] { impl->drain(); });
}

bool Server::stopping() const { return impl_->stopping; }

void Server::on_signal(int number, std::function<void()> then) {
  auto& set = impl_->signals.emplace_back(impl_->io, number);
  impl_->listen_to(set, then);
}

}  // namespace seatls::service
