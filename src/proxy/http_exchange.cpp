#include "proxy/http_exchange.h"

#include "proxy/http_response.h"

namespace seatls::proxy {

using Kind = HttpParser::Kind;

HttpExchange::HttpExchange(std::shared_ptr<const config::HttpRules> rules, Origin origin, base::Clock now,
                           HttpLimits limits)
    : rules_(std::move(rules)),
      origin_(std::move(origin)),
      now_(std::move(now)),
      limits_(limits),
      asked_(Kind::request, limits_),
      answer_(Kind::response, limits_) {}

Result<void> HttpExchange::go_on() {
  while (facts_ && asking_ != Asking::over && (ask() || answer())) {
  }
  if (failure_) return *failure_;
  return {};
}

bool HttpExchange::wants(const Side& side) const {
  return asking_ != Asking::over && !side.ended && side.in.size() < limits_.waiting;
}

void HttpExchange::over() {
  asking_ = Asking::over;
  client.shut = server.shut = true;
  client.in = server.in = Buffer();
}

void HttpExchange::next() {
  if (winding_up_ || close_) return over();
  asking_ = Asking::head;
  asked_ = HttpParser(Kind::request, limits_);
  route_ = nullptr;
  drained_ = 0;
  skipped_line_ = begun_ = told_to_go_on_ = reconnected_ = false;
}

// What the client sends.

bool HttpExchange::ask() {
  switch (asking_) {
    case Asking::head: return take_request();
    case Asking::body: return pass_request_body();
    case Asking::drained: return drain();
    case Asking::tunnel: return copy(client, server);
    case Asking::waiting:
      if (!server_failure_) break;
      bad_gateway("the upstream cannot be reached");
      return true;
    case Asking::held:
    case Asking::sent:
    case Asking::over: break;
  }
  return false;
}

bool HttpExchange::take_request() {
  if (client.out.size() >= limits_.waiting) return false;
  // An empty line in front of a request is forgiven, once (RFC 9112, 2.2).
  const auto in = client.in.view();
  if (!skipped_line_ && in.size() >= 2 && in[0] == '\r' && in[1] == '\n') {
    client.in.take(2);
    skipped_line_ = true;
    return true;
  }
  const bool may_be_empty_line = !skipped_line_ && in.size() == 1 && in[0] == '\r';
  request_ = Request();
  const auto used = may_be_empty_line ? Result<std::size_t>(std::size_t{0}) : asked_.take_head(in);
  if (!used) {
    refuse(problem_of(used.error()), Then::close);
    return true;
  }
  if (*used == 0) {
    const bool idle = in.empty() && winding_up_;
    if (client.ended || idle || (server.ended && !server_failure_ && !can_reconnect())) over();
    return false;
  }
  client.in.take(*used);
  judge();
  return true;
}

void HttpExchange::judge() {
  auto judged = judge_request(asked_);
  if (auto* problem = std::get_if<Problem>(&judged)) return refuse(std::move(*problem), Then::close);
  request_ = std::get<Request>(std::move(judged));
  auto admitted = admit(request_, *rules_);
  if (auto* problem = std::get_if<Problem>(&admitted)) return refuse(std::move(*problem), Then::go_on);
  route_ = std::get<Admission>(admitted).route;
  admit_or_wait();
}

// Before the peer is asked for evidence: that would be older by the time that a connection takes.
void HttpExchange::admit_or_wait() {
  if (restricted()) return refuse_restricted();
  if (server.ended && !server_failure_ && !reconnected_ && can_reconnect())
    asking_ = Asking::waiting;
  else if (route_ != nullptr && route_->demands())
    asking_ = Asking::held;
  else
    forward();
}

bool HttpExchange::restricted() const {
  return facts_->restricted && (route_ == nullptr || !route_->restricted);
}

Result<std::string> HttpExchange::verdict_fields() const {
  std::string fields = fields_of(*facts_);
  if (rules_->verdict_key) {
    SEATLS_TRY(auto token, signed_field(*facts_, *rules_,
                                        {request_.head.method, request_.target.sent, request_.host}, now_()));
    fields += token;
  }
  return fields;
}

void HttpExchange::forward() {
  if (server.ended) return bad_gateway("the upstream cannot be reached");
  // The verdict is for the local side: the application, or the local program that asks.
  Result<std::string> fields = std::string();
  if (origin_.from_peer) fields = verdict_fields();
  if (!fields) return refuse({500, "internal", "the verdict could not be signed"}, Then::close);
  close_ = request_.close;
  server.out.put(view(written(request_, *rules_, origin_, *fields)));
  answer_ = HttpParser(request_.head.method == "HEAD" ? Kind::response_to_head : Kind::response, limits_);
  expecting_ = true;
  asking_ = asked_.done() ? Asking::sent : Asking::body;
}

bool HttpExchange::pass_request_body() {
  if (server.out.size() >= limits_.waiting) return false;
  const auto used = asked_.take_body(client.in.view(), true, server.out);
  if (!used || (*used == 0 && client.ended && client.in.empty())) {
    if (begun_)
      cut(used ? Error{Code::truncated, "the request ends too early", "HTTP"} : used.error());
    else
      refuse(used ? Problem{400, "truncated", "the request ends too early"} : problem_of(used.error()),
             Then::close);
    return true;
  }
  client.in.take(*used);
  if (!asked_.done()) return *used > 0;
  asking_ = Asking::sent;
  if (!expecting_) next();
  return true;
}

// drain reads the body of a request that was refused, so that the next one can be told from it.
bool HttpExchange::drain() {
  Buffer nowhere;
  const auto used = asked_.take_body(client.in.view(), false, nowhere);
  if (used) {
    client.in.take(*used);
    drained_ += *used;
  }
  if (!used || drained_ > limits_.drained || (client.ended && client.in.empty() && !asked_.done()))
    over();
  else if (asked_.done())
    next();
  else
    return *used > 0;
  return true;
}

// What the server sends.

bool HttpExchange::answer() {
  if (asking_ == Asking::tunnel) return copy(server, client);
  if (expecting_) {
    if (client.out.size() >= limits_.waiting) return false;
    return answer_.has_head() ? pass_response_body() : take_response();
  }
  // What nobody asked for would be taken for the response to the next request.
  if (!server.in.empty()) {
    over();
    return true;
  }
  return false;
}

bool HttpExchange::take_response() {
  const auto used = answer_.take_head(server.in.view());
  if (!used || (*used == 0 && server.ended)) {
    bad_gateway(used ? "the upstream ended the connection without a response"
                     : "the upstream's response is not HTTP/1.1");
    return true;
  }
  if (*used == 0) return false;
  server.in.take(*used);
  if (!check_response(answer_, request_)) {
    bad_gateway("the upstream's response is none to this request");
    return true;
  }
  const unsigned status = answer_.head().status;
  if (status / 100 == 1 && status != 101) {
    told_to_go_on_ = told_to_go_on_ || status == 100;
    if (!request_.head.http_1_0) client.out.put(view(written(answer_, request_, false, "")));
    answer_ = HttpParser(request_.head.method == "HEAD" ? Kind::response_to_head : Kind::response, limits_);
    return true;
  }
  Result<std::string> fields = std::string();
  if (!origin_.from_peer) fields = verdict_fields();
  if (!fields) {
    refuse({500, "internal", "the verdict could not be signed"}, Then::close);
    return true;
  }
  // A client that waits for 100 Continue may leave the body out now, or send it: nobody can tell.
  const bool unclear = request_.awaits_continue && !told_to_go_on_ && asking_ == Asking::body;
  close_ = close_ || winding_up_ || unclear || closes(answer_);
  client.out.put(view(written(answer_, request_, close_, *fields)));
  begun_ = true;
  if (status == 101)
    asking_ = Asking::tunnel;
  else if (answer_.done())
    answered();
  return true;
}

bool HttpExchange::pass_response_body() {
  const auto used = answer_.take_body(server.in.view(), as_chunks(answer_, request_), client.out);
  if (!used) {
    cut(used.error());
    return true;
  }
  server.in.take(*used);
  if (!answer_.done() && server.ended && server.in.empty()) {
    const auto whole = server_failure_ ? Result<void>(*server_failure_) : answer_.ended();
    if (!whole) {
      cut(whole.error());
      return true;
    }
  }
  if (answer_.done()) {
    answered();
    return true;
  }
  return *used > 0;
}

void HttpExchange::answered() {
  expecting_ = false;
  served_ = true;
  if (close_)
    over();
  else if (asking_ == Asking::sent)
    next();
}

bool HttpExchange::copy(Side& from, Side& to) {
  const auto in = from.in.view();
  if (!in.empty() && to.out.size() < limits_.waiting) {
    to.out.put(in);
    from.in.take(in.size());
    return true;
  }
  if (!in.empty() || !from.ended || to.shut) return false;
  to.shut = true;
  if (client.shut && server.shut) over();
  return true;
}

// What the proxy itself answers.

void HttpExchange::refuse(Problem problem, Then then) {
  const bool large = request_.body == BodyForm::length && request_.length > limits_.drained;
  const bool unclear = request_.awaits_continue && request_.body != BodyForm::none;
  const bool close =
      then == Then::close || request_.close || winding_up_ || large || unclear || problem.status >= 500;
  client.out.put(view(written(problem, {close, request_.head.method == "HEAD"})));
  if (close)
    over();
  else if (asked_.done())
    next();
  else
    asking_ = Asking::drained;
}

void HttpExchange::refuse_restricted() {
  const std::string why = facts_->failure.empty() ? std::string() : " (" + facts_->failure + ")";
  refuse({403, "restricted", "the peer's attestation does not hold any more" + why,
          route_ != nullptr ? route_->text() : ""},
         Then::go_on);
}

void HttpExchange::bad_gateway(std::string detail) {
  if (begun_) return cut({Code::network, std::move(detail), "HTTP"});
  const bool late = server_failure_ && server_failure_->code == Code::timed_out;
  refuse(late ? Problem{504, "timed_out", "the upstream did not answer in time"}
              : Problem{502, "upstream", std::move(detail)},
         Then::close);
}

void HttpExchange::cut(Error error) {
  over();
  failure_ = std::move(error);
}

void HttpExchange::server_failed(const Error& error) {
  server.ended = true;
  // Between two requests that is an end like another.
  if (!served_ || !idle() || !can_reconnect()) server_failure_ = error;
}

// An upstream that has enough of waiting ends the connection. Nothing of the next request has been sent then.
Filter::Upstream HttpExchange::upstream() const {
  if (asking_ == Asking::waiting) return server_failure_ ? Filter::Upstream::spent : Filter::Upstream::wanted;
  return server.ended && !server_failure_ && idle() ? Filter::Upstream::spent : Filter::Upstream::used;
}

bool HttpExchange::idle() const {
  return !expecting_ && (asking_ == Asking::head || asking_ == Asking::drained);
}

void HttpExchange::server_connected() {
  if (asking_ != Asking::waiting) return;
  server = Side();
  reconnected_ = true;
  served_ = false;
  admit_or_wait();
}

void HttpExchange::wind_up() { winding_up_ = true; }

// What attestation says.

std::optional<Filter::Demand> HttpExchange::demand() const {
  if (asking_ != Asking::held) return {};
  return Filter::Demand{route_->max_age, route_->claims};
}

void HttpExchange::decided(const Result<void>& outcome) {
  if (asking_ != Asking::held) return;
  // The place and the values of a refusal stay with the operator: a peer learns the reason alone.
  if (!outcome)
    refuse({403, std::string(name(outcome.error().code)), std::string(sentence(outcome.error().code)),
            route_->text()},
           Then::go_on);
  else if (restricted())
    refuse_restricted();
  else
    forward();
}

void HttpExchange::verdict(VerdictFacts facts) {
  facts_ = std::move(facts);
  const bool under_way = asking_ == Asking::body || asking_ == Asking::sent || asking_ == Asking::tunnel;
  if (!under_way || !restricted()) return;
  // What was let pass for a trusted peer is not finished for this one.
  server.out = Buffer();
  if (!begun_) {
    close_ = true;
    request_.close = true;
    return refuse_restricted();
  }
  client.out = Buffer();
  cut({Code::not_attested, "the peer's attestation does not hold any more", "HTTP"});
}

}  // namespace seatls::proxy
