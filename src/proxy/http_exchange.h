// Requests and responses of one connection, one after the other: HTTP mode without knowing which of the two
// ends is the attested one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "proxy/buffer.h"
#include "proxy/filter.h"
#include "proxy/http_parser.h"
#include "proxy/http_request.h"
#include "proxy/http_verdict.h"

namespace seatls::proxy {

class HttpExchange {
 public:
  HttpExchange(std::shared_ptr<const config::HttpRules> rules, Origin origin, base::Clock now,
               HttpLimits limits);

  struct Side {
    Buffer in, out;
    bool ended = false;  // no more comes from there
    bool shut = false;   // no more goes there
  };
  Side client, server;  // who asks, and who answers

  // go_on does all that can be done with what is there. Errors end the connection, now and ever after.
  [[nodiscard]] Result<void> go_on();
  [[nodiscard]] bool wants(const Side& side) const;
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  [[nodiscard]] bool finished() const { return asking_ == Asking::over; }
  void server_failed(const Error& error);
  void server_connected();
  [[nodiscard]] Filter::Upstream upstream() const;
  void wind_up();

  [[nodiscard]] std::optional<Filter::Demand> demand() const;
  void decided(const Result<void>& outcome);
  void verdict(VerdictFacts facts);

 private:
  // What the client is at. One request at a time: the next waits until this one is answered.
  enum class Asking : std::uint8_t { head, waiting, held, body, sent, drained, tunnel, over };

  bool ask();
  bool take_request();
  bool pass_request_body();
  bool drain();
  void judge();
  void admit_or_wait();
  [[nodiscard]] bool idle() const;
  // The server that is an attested peer is the whole connection.
  [[nodiscard]] bool can_reconnect() const { return origin_.from_peer; }
  void forward();
  [[nodiscard]] Result<std::string> verdict_fields() const;
  [[nodiscard]] bool restricted() const;

  bool answer();
  bool take_response();
  bool pass_response_body();
  void answered();

  bool copy(Side& from, Side& to);

  void next();
  void over();
  enum class Then : std::uint8_t { go_on, close };
  void refuse(Problem problem, Then then);
  void refuse_restricted();
  void bad_gateway(std::string detail);
  void cut(Error error);

  std::shared_ptr<const config::HttpRules> rules_;
  Origin origin_;
  base::Clock now_;
  HttpLimits limits_;
  std::optional<VerdictFacts> facts_;  // nothing goes on before they are known
  std::optional<Error> failure_, server_failure_;

  Asking asking_ = Asking::head;
  HttpParser asked_, answer_;
  Request request_;
  const config::HttpRoute* route_ = nullptr;
  std::uint64_t drained_ = 0;
  bool skipped_line_ = false;  // an empty one, in front of a request
  bool winding_up_ = false;
  bool reconnected_ = false;    // for this request
  bool served_ = false;         // this connection to the server, a request before
  bool expecting_ = false;      // a response to the request that was forwarded
  bool begun_ = false;          // the response, at the client
  bool told_to_go_on_ = false;  // by 100 Continue
  bool close_ = false;          // behind this response
};

}  // namespace seatls::proxy
