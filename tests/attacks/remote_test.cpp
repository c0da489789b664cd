// A verifier elsewhere: rows C01 to C03, F05 to F07 and F13 of the attack catalogue, with real handshakes and
// a service behind real sockets.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <thread>

#include "attacks/kit.h"
#include "fake/verifier_service.h"
#include "seatls/remote_verifier.h"

namespace seatls::attacks {
namespace {

constexpr int kAccessDenied = 49;
using std::chrono::milliseconds;

class AttackRemote : public testing::Test {
 protected:
  [[nodiscard]] RemoteVerifierOptions options(const fake::Web& web) const {
    RemoteVerifierOptions o;
    o.services = {{"verifier.test", web.url()}};
    o.schemes = {"software"};
    o.result.verifiers = {{"verifier.test", {service.key.public_key().spki()}}};
    o.result.max_age = std::chrono::minutes(5);
    o.danger.software_evidence = true;
    return o;
  }
  [[nodiscard]] static fake::TlsSetup asks(RemoteVerifierOptions o) {
    return client(make_remote_verifier(std::move(o)).value());
  }
  void refused(Code code) {
    const fake::Web web(service.serve());
    fake::TlsPair pair(asks(options(web)), server(s.identity, s.attester));
    expect_refused(pair, Role::client, code, kAccessDenied);
  }
  // unavailable: whatever the service does instead of its work refuses the peer.
  void unavailable(const fake::Web::Handler& instead, milliseconds budget = std::chrono::seconds(8)) {
    const fake::Web web(instead);
    auto o = options(web);
    o.budget = budget;
    o.timeout = std::min(o.timeout, budget);
    fake::TlsPair pair(asks(std::move(o)), server(s.identity, s.attester));
    expect_refused(pair, Role::client, Code::verifier_unavailable, kAccessDenied);
  }

  Machine s;
  fake::VerifierService service;
};

TEST_F(AttackRemote, HonestTwinIsJudgedElsewhere) {
  const fake::Web web(service.serve());
  fake::TlsPair pair(asks(options(web)), server(s.identity, s.attester));
  expect_attested(pair);
  const auto report = pair.client->report();
  ASSERT_TRUE(report && report->peer);
  const auto& result = *report->peer->result();
  EXPECT_EQ(result.model, ConveyanceModel::background_check);
  EXPECT_EQ(result.freshness, Freshness::binder);
  EXPECT_EQ(result.binder, service.last().nonce);
  EXPECT_EQ(web.accepted(), 1U);
}

TEST_F(AttackRemote, C01AVerdictThatHasEnded) {
  service.edit = [](auto& c) { c.exp = c.iat - 3600; };
  refused(Code::result_expired);
}

TEST_F(AttackRemote, C02AVerdictThatNamesNoKeyIsOfOneConnectionAlone) {
  service.edit = [](auto& c) { c.submods[0].cnf.reset(); };
  std::vector<std::string> made;
  service.swap = [&](std::string token) {
    made.push_back(std::move(token));
    return made.front();
  };
  const fake::Web web(service.serve());
  const auto party = asks(options(web));
  fake::TlsPair first(party, server(s.identity, s.attester));
  expect_attested(first);  // its binder commits to the key
  const Machine other;
  fake::TlsPair second(party, server(other.identity, other.attester));
  expect_refused(second, Role::client, Code::binder_mismatch, kAccessDenied);
}

TEST_F(AttackRemote, C03AVerdictAboutAnotherKey) {
  const Machine other;
  service.edit = [&](auto& c) { c.submods[0].cnf->key = other.identity.key.public_key(); };
  refused(Code::tik_mismatch);
}

TEST_F(AttackRemote, F05TheVerdictOfAnotherSession) {
  // Two connections of one relying party; the service answers each with the other's verdict, as one does that
  // mixes up what it works on at the same time.
  std::vector<std::string> made;
  service.swap = [&](std::string token) {
    made.push_back(std::move(token));
    return made.front();
  };
  const fake::Web web(service.serve());
  const auto party = asks(options(web));
  fake::TlsPair first(party, server(s.identity, s.attester));
  expect_attested(first);
  fake::TlsPair second(party, server(s.identity, s.attester));
  expect_refused(second, Role::client, Code::binder_mismatch, kAccessDenied);
}

TEST_F(AttackRemote, F05TheVerdictOnOtherEvidence) {
  service.edit = [](auto& c) { c.evidence_digest = Bytes(32, 1); };
  refused(Code::evidence_inconsistent);
}

TEST_F(AttackRemote, F05AVerdictThatDoesNotSayOnWhat) {
  service.names_evidence = false;
  refused(Code::evidence_missing);
}

TEST_F(AttackRemote, F06AVerdictByAnotherKey) {
  const auto pinned = service.key;
  const fake::Web web(service.serve());
  auto o = options(web);
  service.key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  fake::TlsPair pair(asks(std::move(o)), server(s.identity, s.attester));
  expect_refused(pair, Role::client, Code::signature_invalid, kAccessDenied);
}

TEST_F(AttackRemote, F06AnotherVerifierThatIsTrustedToo) {
  const auto other = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  const fake::Web web(service.serve());
  auto o = options(web);
  o.result.verifiers.push_back({"other.test", {other.public_key().spki()}});
  service.key = other;
  fake::TlsPair pair(asks(std::move(o)), server(s.identity, s.attester));
  expect_refused(pair, Role::client, Code::unknown_verifier, kAccessDenied);
}

TEST_F(AttackRemote, F07AVerifierThatComparesNothing) {
  // The evidence is of another connection. The service would say that all is well, for this very binder: it
  // is not asked.
  const Cmw recorded = record_evidence(s);
  const fake::Web web(service.serve());
  fake::TlsPair pair(asks(options(web)),
                     server(s.identity, std::make_shared<Teller>([&](const auto&) { return recorded; })));
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
  EXPECT_EQ(service.sessions(), 0U);
}

TEST_F(AttackRemote, F07EvidenceThatNamesAnotherKey) {
  const Machine other;
  const fake::Web web(service.serve());
  fake::TlsPair pair(asks(options(web)),
                     server(s.identity, std::make_shared<Teller>([&](const auto& request) {
                              return cwt(other.claims(request.binder), s.attestation_key);
                            })));
  expect_refused(pair, Role::client, Code::tik_mismatch, kAccessDenied);
  EXPECT_EQ(service.sessions(), 0U);
}

TEST_F(AttackRemote, F13AServiceThatNeverAnswers) {
  unavailable([](const auto&, const auto&) {}, milliseconds(300));
}

TEST_F(AttackRemote, F13AServiceThatHangsWithTheEvidence) {
  unavailable(
      [this](const fake::Web::Request& request, const fake::Web::Reply& reply) {
        if (request.target.find("newSession") != std::string::npos) service.serve()(request, reply);
      },
      milliseconds(500));
}

TEST_F(AttackRemote, F13AServiceThatIsNotThere) {
  std::optional<RemoteVerifierOptions> o;
  {
    const fake::Web gone([](const auto&, const auto&) {});
    o = options(gone);
  }
  fake::TlsPair pair(asks(*o), server(s.identity, s.attester));
  expect_refused(pair, Role::client, Code::verifier_unavailable, kAccessDenied);
}

TEST_F(AttackRemote, F13AServiceThatDoesSomethingElse) {
  using fake::Web;
  const std::string endless(3U << 20U, 'x');
  for (const std::string& answer :
       {std::string(), std::string("SSH-2.0-OpenSSH_9.2\r\n"), Web::response(500, "", ""),
        Web::response(429, "", "", "Retry-After: 3600\r\n"),
        Web::response(503, "", "", "Retry-After: 3600\r\n"), Web::response(200, "text/html", "<html>"),
        Web::response(201, fake::VerifierService::session_type, "{}", "Location: session/1\r\n"),
        Web::response(201, fake::VerifierService::session_type, endless, "Location: session/1\r\n"),
        Web::response(302, "", "", "Location: http://127.0.0.1:1/\r\n")})
    unavailable([&](const auto&, const Web::Reply& reply) { reply(answer); });
}

TEST_F(AttackRemote, F13ASessionThatLeadsToAnotherServer) {
  unsigned asked = 0;
  const fake::Web elsewhere([&](const auto&, const fake::Web::Reply& reply) {
    ++asked;
    reply("");
  });
  unavailable([&](const fake::Web::Request& request, const fake::Web::Reply& reply) {
    service.serve()(request, [&](std::string answer) {
      const auto at = answer.find("location: session/");
      reply(at == std::string::npos ? answer : answer.replace(at, 10, "location: " + elsewhere.url("/")));
    });
  });
  EXPECT_EQ(asked, 0U);
}

// Holding answers what opens sessions, and keeps every piece of evidence until it is released.
class Holding {
 public:
  explicit Holding(fake::VerifierService& service) : serve_(service.serve()) {}
  [[nodiscard]] fake::Web::Handler handler() {
    return [this](const fake::Web::Request& request, const fake::Web::Reply& reply) {
      if (request.target.find("newSession") != std::string::npos) return serve_(request, reply);
      const std::scoped_lock lock(mutex_);
      held_.emplace_back(request, reply);
      more_.notify_all();
    };
  }
  void wait_for(std::size_t n) {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [&] { return held_.size() >= n; });
  }
  void release() {
    const std::scoped_lock lock(mutex_);
    for (const auto& [request, reply] : std::exchange(held_, {})) serve_(request, reply);
  }

 private:
  const fake::Web::Handler serve_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::pair<fake::Web::Request, fake::Web::Reply>> held_;
};

bool enough_descriptors(rlim_t needed) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return true;
  limit.rlim_cur = needed;
  return limit.rlim_max >= needed && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

TEST_F(AttackRemote, F13FiveHundredWaitAndNobodyWaitsForAnother) {
  constexpr std::size_t many = 500;
  if (!enough_descriptors(6 * many + 200))
    GTEST_SKIP() << "not enough file descriptors: raise the hard limit of ulimit -n";
  Holding holding(service);
  const fake::Web web(holding.handler());
  auto o = options(web);
  o.budget = o.timeout = std::chrono::minutes(10);
  auto calls = asks(std::move(o));
  auto answers = server(s.identity, s.attester);
  for (auto* setup : {&calls, &answers}) setup->config->credential_timeout = std::chrono::minutes(20);
  const auto client_context = fake::make_context(Role::client, calls);
  const auto server_context = fake::make_context(Role::server, answers);
  std::vector<std::unique_ptr<fake::TlsEnd>> ends;
  for (std::size_t i = 0; i < many; ++i) {
    std::array<int, 2> fds{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    ends.push_back(std::make_unique<fake::TlsEnd>(Role::client, client_context.get(), fds[0], calls));
    ends.push_back(std::make_unique<fake::TlsEnd>(Role::server, server_context.get(), fds[1], answers));
  }
  const auto turn = [&] {
    for (auto& end : ends)
      if (!end->done()) end->step();
  };
  const auto done = [&] {
    return static_cast<std::size_t>(std::ranges::count_if(ends, [](const auto& e) { return e->done(); }));
  };
  for (int i = 0; i < 4; ++i) turn();
  holding.wait_for(many);  // all of them are outstanding before the first is answered
  turn();
  EXPECT_EQ(done(), 0U);

  // While they wait, a connection that asks nobody is served by the same thread.
  fake::TlsPair other(client(verifier_for(policy_for({&s}))), server(s.identity, s.attester));
  expect_attested(other);

  holding.release();
  while (done() < 2 * many &&
         std::ranges::none_of(ends, [](const auto& e) { return e->error().has_value(); })) {
    turn();
    std::this_thread::yield();
  }
  EXPECT_EQ(done(), 2 * many);
}

}  // namespace
}  // namespace seatls::attacks
