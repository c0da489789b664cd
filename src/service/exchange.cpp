#include "service/exchange.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>
#include <sstream>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls::service {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Steady = std::chrono::steady_clock;
using Want = Transport::Want;

Error late() { return {Code::timed_out, "the time limit of the connection passed", ""}; }

}  // namespace

Link::Link(asio::ip::tcp::socket socket) : socket_(std::move(socket)), deadline_(socket_.get_executor()) {}

asio::awaitable<Result<void>> Link::wait(Want want, Steady::time_point until) {
  if (aborted_) co_return late();
  if (want == Want::nothing) co_return Result<void>();
  // The descriptor of a credential is the connection's own: a copy of it is waited for and closed.
  if (want == Want::credential) {
    const int copy = ::dup(transport_->credential_fd());
    if (copy < 0) co_return Error{Code::internal, "no descriptor is left", ""};
    credential_.emplace(socket_.get_executor(), copy);
  }
  late_ = false;
  deadline_.expires_at(until);
  // A timer that has run out is told of later, when this wait, or the whole link, may be over.
  deadline_.async_wait([weak = weak_from_this(), wait = ++waits_](const boost::system::error_code& code) {
    const auto self = weak.lock();
    if (code || !self || self->waits_ != wait) return;
    self->late_ = true;
    self->cancel_waiting();
  });
  boost::system::error_code code;
  if (credential_)
    co_await credential_->async_wait(asio::posix::stream_descriptor::wait_read,
                                     asio::redirect_error(asio::use_awaitable, code));
  else
    co_await socket_.async_wait(
        want == Want::read ? asio::ip::tcp::socket::wait_read : asio::ip::tcp::socket::wait_write,
        asio::redirect_error(asio::use_awaitable, code));
  ++waits_;
  deadline_.cancel();
  credential_.reset();
  if (late_ || aborted_) co_return late();
  if (code) co_return Error{Code::network, code.message(), ""};
  co_return Result<void>();
}

void Link::cancel_waiting() {
  boost::system::error_code ignored;
  if (credential_) credential_->cancel(ignored);
  socket_.cancel(ignored);
}

asio::awaitable<Result<void>> Link::handshake(Limit limit) {
  const auto until = Steady::now() + limit;
  while (true) {
    const auto want = transport_->handshake();
    if (!want) co_return want.error();
    if (*want == Want::nothing) co_return Result<void>();
    if (auto waited = co_await wait(*want, until); !waited) co_return waited;
  }
}

asio::awaitable<Result<void>> Link::write(std::string text, Limit limit) {
  const auto until = Steady::now() + limit;
  ByteView rest = view(text);
  while (!rest.empty()) {
    Want want = Want::nothing;
    const auto sent = transport_->write(rest, &want);
    if (!sent) co_return sent.error();
    rest = rest.subspan(*sent);
    if (*sent == 0)
      if (auto waited = co_await wait(want, until); !waited) co_return waited;
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Link::read_more(Steady::time_point until) {
  std::array<std::uint8_t, 16'384> some{};
  while (true) {
    Want want = Want::nothing;
    const auto got = transport_->read(some, &want);
    if (!got) co_return got.error();
    if (*got > 0) {
      auto room = received_.prepare(*got);
      std::copy_n(some.begin(), *got, static_cast<std::uint8_t*>(room.data()));
      received_.commit(*got);
      co_return Result<void>();
    }
    if (auto waited = co_await wait(want, until); !waited) co_return waited;
  }
}

void Link::close() {
  if (transport_) transport_->shutdown();
}

void Link::abort() {
  aborted_ = true;
  cancel_waiting();
}

void Link::give_up_if_idle() {
  if (idle_) abort();
}

namespace {

using Parser = http::request_parser<http::vector_body<std::uint8_t>>;

// Beast 1.74 must not be asked twice about less than a last chunk, "0" CRLF CRLF: it asserts. Nothing shorter
// can be what is left of a chunked body.
bool too_little(const Parser& parser, std::size_t received) {
  return received == 0 || (parser.is_header_done() && parser.chunked() && received < 5);
}

Request request_of(const Parser::value_type& message, Target target) {
  Request out;
  out.method = std::string(message.method_string());
  out.path = std::move(target.path);
  out.query = std::move(target.query);
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + ('a' - 'A')) : c; });
    out.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  out.body = message.body();
  return out;
}

// refusal_of says what is wrong with bytes that are no request that is answered here.
Response refusal_of(const boost::system::error_code& code, const ReceiveLimits& limits) {
  if (code == http::error::body_limit)
    return problem(413, "a body may have " + std::to_string(limits.body) + " bytes");
  if (code == http::error::header_limit)
    return problem(431, "headers may have " + std::to_string(limits.header) + " bytes together");
  return problem(400, "this is no HTTP/1.1 request");
}

}  // namespace

asio::awaitable<Result<Received>> receive(Link& link, ReceiveLimits limits) {
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header));
  parser.body_limit(limits.body);
  parser.eager(true);
  Received out;
  auto& received = link.received();
  link.idle(true);
  auto until = Steady::now() + limits.idle;
  bool begun = false, told_to_go_on = false;
  while (!parser.is_done()) {
    if (!too_little(parser, received.size())) {
      if (!begun) {
        begun = true;
        link.idle(false);
        until = Steady::now() + limits.request;
      }
      boost::system::error_code code;
      const auto used = parser.put(received.data(), code);
      received.consume(used);
      if (code && code != http::error::need_more) {
        out.refusal = refusal_of(code, limits);
        co_return out;
      }
      if (parser.is_done()) break;
      if (used > 0 && received.size() > 0) continue;
    }
    if (parser.is_header_done() && !told_to_go_on && parser.get()[http::field::expect] == "100-continue") {
      told_to_go_on = true;
      if (auto sent = co_await link.write("HTTP/1.1 100 Continue\r\n\r\n", limits.request); !sent)
        co_return std::move(sent).error();
    }
    if (auto more = co_await link.read_more(until); !more) co_return std::move(more).error();
  }
  link.idle(false);
  const auto& message = parser.get();
  out.wants_body = message.method() != http::verb::head;
  auto target = parse_target(std::string_view(message.target().data(), message.target().size()));
  if (!target) {
    out.refusal = problem(400, "the request's target " + target.error().detail);
    co_return out;
  }
  out.keep_alive = message.keep_alive();
  out.request = request_of(message, std::move(*target));
  out.usable = true;
  co_return out;
}

std::string written(const Response& response, bool keep_alive, bool with_body) {
  http::response<http::string_body> message;
  message.version(11);
  message.result(response.status);
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  if (!response.type.empty()) message.set(http::field::content_type, response.type);
  message.set("X-Content-Type-Options", "nosniff");
  message.keep_alive(keep_alive);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) message.content_length(response.body.size());
  if (with_body && !bodiless) message.body() = response.body;
  std::ostringstream out;
  out << message.base();
  return out.str() + message.body();
}

std::string new_request_id() { return base::to_hex(crypto::random_bytes(8)); }

}  // namespace seatls::service
