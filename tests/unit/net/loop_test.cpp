// Many exchanges at a time, on one thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>

#include "fake/web.h"
#include "net/http.h"

namespace seatls::net {
namespace {

using fake::Web;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

const HttpLimits limits{.timeout = std::chrono::seconds(60), .largest = 1000};

std::string ok(const std::string& body) { return Web::response(200, "text/plain", body); }

// Held keeps every request until the test answers it.
struct Held {
  std::mutex mutex;
  std::condition_variable more;
  std::vector<std::pair<Web::Request, Web::Reply>> all;
  [[nodiscard]] Web::Handler handler() {
    return [this](const Web::Request& request, const Web::Reply& reply) {
      const std::scoped_lock lock(mutex);
      all.emplace_back(request, reply);
      more.notify_all();
    };
  }
  void wait_for(std::size_t n) {
    std::unique_lock lock(mutex);
    more.wait(lock, [&] { return all.size() >= n; });
  }
};

std::future<Result<HttpResponse>> send(HttpLoop& loop, HttpRequest request, HttpLimits l = limits) {
  auto promise = std::make_shared<std::promise<Result<HttpResponse>>>();
  auto future = promise->get_future();
  loop.send(std::move(request), l, [promise](auto r) { promise->set_value(std::move(r)); });
  return future;
}

TEST(HttpLoop, ARequestArrivesAsItIs) {
  Held held;
  const Web web(held.handler());
  const auto loop = make_http_loop({}).value();
  auto answer = send(*loop, {.method = "POST",
                             .url = web.url("/x?y=1"),
                             .headers = {{"Content-Type", "application/cmw+cbor"}},
                             .body = Bytes(100'000, 0)});
  held.wait_for(1);
  const auto& [request, reply] = held.all.front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/x?y=1");
  EXPECT_EQ(request.body, Bytes(100'000, 0));
  EXPECT_THAT(request.head, HasSubstr("Content-Type: application/cmw+cbor\r\n"));
  EXPECT_THAT(request.head, ::testing::Not(HasSubstr("Expect:")));
  reply(Web::response(201, "text/plain", "made", "Location: session/1\r\n"));
  const auto got = answer.get();
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->status, 201U);
  EXPECT_EQ(got->header("location"), "session/1");
  EXPECT_EQ(text(got->body), "made");

  auto gone = send(*loop, {.method = "DELETE", .url = web.url("/x")});
  held.wait_for(2);
  EXPECT_EQ(held.all.back().first.method, "DELETE");
  held.all.back().second("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(gone.get()->status, 204U);
}

TEST(HttpLoop, AllAreAskedBeforeOneIsAnsweredAndConnectionsAreKept) {
  constexpr std::size_t many = 200;
  Held held;
  const Web web(held.handler());
  const auto loop = make_http_loop({}).value();
  for (int round = 0; round < 2; ++round) {
    std::vector<std::future<Result<HttpResponse>>> answers;
    for (std::size_t i = 0; i < many; ++i)
      answers.push_back(send(*loop, {.url = web.url("/" + std::to_string(i))}));
    held.wait_for(many);
    for (const auto& [request, reply] : held.all) reply(ok(request.target));
    for (std::size_t i = 0; i < many; ++i) EXPECT_EQ(text(answers[i].get()->body), "/" + std::to_string(i));
    held.all.clear();
  }
  EXPECT_EQ(web.accepted(), many) << "the second round used the connections of the first";
}

TEST(HttpLoop, OneThatHangsKeepsNobody) {
  Held held;
  const Web web([&](const Web::Request& request, const Web::Reply& reply) {
    request.target == "/slow" ? held.handler()(request, reply) : reply(ok("quick"));
  });
  const auto loop = make_http_loop({}).value();
  auto slow = send(*loop, {.url = web.url("/slow")}, {.timeout = milliseconds(300), .largest = 10});
  held.wait_for(1);
  EXPECT_EQ(text(send(*loop, {.url = web.url("/quick")}).get()->body), "quick");
  EXPECT_EQ(slow.get().error().code, Code::timed_out);
}

TEST(HttpLoop, WhatGoesWrongIsTold) {
  const Web web([](const Web::Request& request, const Web::Reply& reply) {
    if (request.target == "/closes") return reply("");
    reply(request.target == "/large" ? ok(std::string(1001, 'x')) : "SSH-2.0-OpenSSH_9.2\r\n");
  });
  const auto loop = make_http_loop({}).value();
  EXPECT_EQ(send(*loop, {.url = web.url("/large")}).get().error().code, Code::limit_exceeded);
  EXPECT_EQ(send(*loop, {.url = web.url("/closes")}).get().error().code, Code::network);
  EXPECT_EQ(send(*loop, {.url = web.url("/other")}).get().error().code, Code::network);
  EXPECT_EQ(send(*loop, {.url = "http://127.0.0.1:1/"}).get().error().code, Code::network);
  EXPECT_EQ(send(*loop, {.method = "PATCH", .url = web.url("/")}).get().error().code, Code::misuse);
  EXPECT_EQ(send(*loop, {.url = web.url("/"), .headers = {{"X", "a\r\nY: b"}}}).get().error().code,
            Code::misuse);
}

TEST(HttpLoop, AlarmsRingInTheirOrder) {
  const auto loop = make_http_loop({}).value();
  std::promise<void> rung;
  std::vector<int> order;
  const auto now = loop->now();
  loop->wake(now + milliseconds(40), [&](const Result<void>&) {
    order.push_back(2);
    rung.set_value();
  });
  loop->wake(now + milliseconds(20), [&](const Result<void>& r) { order.push_back(r ? 1 : -1); });
  rung.get_future().get();
  EXPECT_THAT(order, ::testing::ElementsAre(1, 2));
}

TEST(HttpLoop, ItsEndAnswersEverything) {
  Held held;
  const Web web(held.handler());
  auto loop = make_http_loop({}).value();
  auto asked = send(*loop, {.url = web.url("/")});
  std::promise<Result<void>> alarm;
  loop->wake(loop->now() + std::chrono::hours(1), [&](auto r) { alarm.set_value(std::move(r)); });
  held.wait_for(1);
  loop.reset();
  EXPECT_EQ(asked.get().error().code, Code::closed);
  EXPECT_EQ(alarm.get_future().get().error().code, Code::closed);
}

TEST(HttpLoop, ItMayEndOnItsOwnThread) {
  const Web web([](const Web::Request&, const Web::Reply& reply) { reply(ok("")); });
  auto loop = make_http_loop({}).value();
  HttpLoop& l = *loop;
  std::promise<void> ended;
  std::promise<Result<void>> alarm;
  l.wake(l.now() + std::chrono::hours(1), [&](auto r) { alarm.set_value(std::move(r)); });
  l.send({.url = web.url("/")}, limits, [&, last = std::move(loop)](const auto&) mutable {
    last.reset();
    ended.set_value();
  });
  ended.get_future().get();
  EXPECT_EQ(alarm.get_future().get().error().code, Code::closed);
}

}  // namespace
}  // namespace seatls::net
