// A filter in HTTP mode with a world around it: a peer that sends what a test says, and an upstream that
// answers each request it reads with the next of the test's responses.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http_filter.h"
#include "support/http_reader.h"

namespace seatls::proxy::testing {

using seatls::testing::HttpMessage;
using seatls::testing::HttpReader;

inline config::HttpRoute route(std::string path, bool below = false) {
  config::HttpRoute out;
  out.path = std::move(path);
  out.below = below;
  return out;
}

// open_rules let everything pass but "/v1/transfer", which wants evidence of five seconds, and "/closed".
inline config::HttpRules open_rules() {
  config::HttpRules rules;
  auto transfer = route("/v1/transfer");
  transfer.max_age = std::chrono::seconds(5);
  auto closed = route("/closed", true);
  closed.deny = true;
  auto status = route("/status");
  status.restricted = true;
  rules.routes = {transfer, closed, status};
  rules.forward_others = true;
  return rules;
}

inline PeerVerdict attested_verdict() {
  static const SessionReport session;
  PeerVerdict verdict;
  verdict.session = &session;
  return verdict;
}
inline PeerVerdict restricted_verdict() {
  static const reattest::Report report = [] {
    reattest::Report out;
    out.standing = reattest::Standing::restricted;
    out.last_failure = Error{Code::reference_mismatch, "pcr 7 is 00ff", "evidence"};
    return out;
  }();
  auto verdict = attested_verdict();
  verdict.channel = &report;
  verdict.restricted = true;
  return verdict;
}

constexpr std::string_view ok_response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class World {
 public:
  explicit World(config::HttpRules rules = open_rules(), bool begin = true)
      : filter(make_http_filter(std::make_shared<const config::HttpRules>(std::move(rules)),
                                {Role::server, "192.0.2.1"},
                                [] { return Time(std::chrono::seconds(1'000'000)); })) {
    if (begin) filter->verdict(attested_verdict());
  }

  std::unique_ptr<Filter> filter;
  std::vector<std::string> responses;  // of the upstream, one per request; then ok_response
  std::function<Result<void>()> decide = [] { return Result<void>(); };
  bool answers = true;         // the upstream does
  std::string upstream, peer;  // all that they got
  std::size_t answered = 0;    // requests that the upstream read to their end
  bool upstream_ended = false, peer_ended = false;
  std::optional<Error> error;
  std::size_t demands = 0, piece = 1 << 20;  // piece: so much is taken at once

  void send(std::string_view data) {
    note(filter->peer_sent(view(data)));
    turn();
  }
  // send_split sends in pieces that `size` says.
  void send_split(std::string_view data, const std::function<std::size_t()>& size) {
    while (!data.empty()) {
      const auto n = std::min(data.size(), std::max<std::size_t>(1, size()));
      send(data.substr(0, n));
      data.remove_prefix(n);
    }
  }
  void end() {
    filter->peer_ended();
    turn();
  }
  void upstream_sends(std::string_view data) {
    note(filter->upstream_sent(view(data)));
    turn();
  }

  // turn carries out what the filter wants, as a relay does.
  void turn() {
    for (bool moved = true; moved;) {
      moved = false;
      if (const auto out = filter->for_upstream(); !out.empty()) {
        const auto n = std::min(out.size(), piece);
        upstream += text(out.first(n));
        filter->taken_by_upstream(n);
        moved = true;
      }
      if (const auto out = filter->for_peer(); !out.empty()) {
        const auto n = std::min(out.size(), piece);
        peer += text(out.first(n));
        filter->taken_by_peer(n);
        moved = true;
      }
      if (answers && decide && filter->demand()) {
        ++demands;
        filter->decided(decide());
        moved = true;
      }
      if (answers && answer()) moved = true;
    }
    upstream_ended = filter->end_upstream();
    peer_ended = filter->end_peer();
  }

  [[nodiscard]] std::vector<HttpMessage> requests() const {
    std::vector<HttpMessage> out;
    HttpReader reader(upstream);
    while (auto message = reader.next()) out.push_back(std::move(*message));
    EXPECT_EQ(reader.rest(), "") << "bytes that are no request";
    return out;
  }
  [[nodiscard]] std::vector<HttpMessage> replies(std::string_view to = {}) const {
    std::vector<HttpMessage> out;
    HttpReader reader(peer);
    while (auto message = reader.next(to)) out.push_back(std::move(*message));
    EXPECT_EQ(reader.rest(), "") << "bytes that are no response";
    return out;
  }

 private:
  void note(const Result<void>& result) {
    if (!result) error = result.error();
  }
  bool answer() {
    HttpReader reader(upstream);
    std::size_t whole = 0;
    for (auto message = reader.next(); message && message->whole; message = reader.next()) ++whole;
    if (whole <= answered) return false;
    const std::string response = answered < responses.size() ? responses[answered] : std::string(ok_response);
    ++answered;
    note(filter->upstream_sent(view(response)));
    return true;
  }
};

inline std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a.example\r\n" + std::string(fields) + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body, std::string_view fields = "") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: a.example\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace seatls::proxy::testing
