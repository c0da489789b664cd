#include "preload/helper.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/environment.h"
#include "preload/remote.h"

namespace seatls::preload {
namespace {

using std::chrono::milliseconds;

const AttestationScheme scheme{EvidenceType(ContentFormat{263})};

class Echo final : public Attester {
 public:
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {scheme}; }
  void attest(EvidenceRequest request, Done done) override {
    done(Cmw(CmwRecord{ContentFormat{263}, bytes(request.binder.bytes()), 0}));
  }
};

class Never final : public Attester {
 public:
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {scheme}; }
  void attest(EvidenceRequest, Done done) override { kept_.push_back(std::move(done)); }

 private:
  std::vector<Done> kept_;
};

Endpoints server_with(std::shared_ptr<Attester> attester) {
  Endpoint endpoint;
  endpoint.config.role = Role::server;
  endpoint.config.attester = std::move(attester);
  endpoint.config.credential_timeout = milliseconds(200);
  Endpoints endpoints;
  endpoints.server = std::move(endpoint);
  return endpoints;
}

EvidenceRequest request() {
  return {scheme, danger::binder_from_bytes(Bytes(32, 3), Hash::sha256, Spki({1}))};
}

TEST(PreloadHelper, AnswersItsOwnProcesses) {
  const auto helper = Helper::start(server_with(std::make_shared<Echo>()), {}).value();
  EXPECT_FALSE(helper->asked());
  const auto answer = ask(helper->address(), AskSettings{}, milliseconds(5000));
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_TRUE(helper->asked());
  const auto& settings = std::get<Settings>(*answer);
  EXPECT_FALSE(settings.client);
  ASSERT_TRUE(settings.server && settings.server->attests);

  const Config config = config_of(helper->address(), Role::server, *settings.server);
  EXPECT_EQ(config.attester->schemes(), std::vector{scheme});
  std::optional<Result<Cmw>> made;
  config.attester->attest(request(), [&](Result<Cmw> c) { made.emplace(std::move(c)); });
  ASSERT_TRUE(made && made->ok());
  EXPECT_EQ((*made)->record()->value, Bytes(32, 3));
}

TEST(PreloadHelper, ARoleWithoutConfigurationAttestsNothing) {
  const auto helper = Helper::start(server_with(std::make_shared<Echo>()), {}).value();
  const auto answer = ask(helper->address(), AskAttest{Role::client, request()}, milliseconds(5000));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::misuse);
}

TEST(PreloadHelper, AnAttesterThatNeverAnswersTimesOut) {
  const auto helper = Helper::start(server_with(std::make_shared<Never>()), {}).value();
  const auto answer = ask(helper->address(), AskAttest{Role::server, request()}, milliseconds(60'000));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::timed_out);
}

TEST(PreloadHelper, TellsWhatItIsTold) {
  std::optional<Event> told;
  pid_t by = 0;
  {
    const auto helper =
        Helper::start(server_with(std::make_shared<Echo>()), [&](const Peer& process, const Event& e) {
          told = e;
          by = process.pid;
        }).value();
    Event event;
    event.address = "somewhere";
    ASSERT_TRUE(ask(helper->address(), Tell{event}, milliseconds(5000)).ok());
  }
  ASSERT_TRUE(told);
  EXPECT_EQ(told->address, "somewhere");
  EXPECT_EQ(by, getpid());
}

TEST(PreloadHelper, AnotherProcessIsNoHelper) {
  const auto helper = Helper::start(server_with(std::make_shared<Echo>()), {}).value();
  Address wrong = helper->address();
  wrong.pid += 1;
  const auto answer = ask(wrong, AskSettings{}, milliseconds(5000));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::attester_unavailable);
  wrong = helper->address();
  wrong.uid += 1;
  EXPECT_FALSE(ask(wrong, AskSettings{}, milliseconds(5000)).ok());
}

TEST(PreloadHelper, WithoutAHelperNothingIsAnswered) {
  Address gone;
  { gone = Helper::start(server_with(std::make_shared<Echo>()), {}).value()->address(); }
  const auto answer = ask(gone, AskSettings{}, milliseconds(5000));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::attester_unavailable);
}

TEST(PreloadHelper, DescentIsFollowed) {
  EXPECT_TRUE(descends(getpid(), getpid()));
  EXPECT_TRUE(descends(getpid(), getppid()));
  EXPECT_FALSE(descends(getppid(), getpid()));
  EXPECT_FALSE(descends(1, getpid()));
  EXPECT_FALSE(descends(0, getpid()));
}

TEST(PreloadAddress, IsReadAsItIsWritten) {
  const Address address{"name", 12, 34};
  const auto read = Address::parse(address.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->name, "name");
  EXPECT_EQ(read->pid, 12);
  EXPECT_EQ(read->uid, 34U);
  for (const char* wrong :
       {"", "name", "name:1", ":1:2", "name:x:2", "name:1:", "name:0:2", "name:-1:2", "n:1:2:3"})
    EXPECT_FALSE(Address::parse(wrong)) << wrong;
}

TEST(PreloadEnvironment, IsCompleted) {
  const Attested with{"LD_PRELOAD=ours", "SEATLS_EXEC_HELPER=there"};
  char a[] = "A=1", other[] = "LD_PRELOAD=theirs", similar[] = "LD_PRELOADED=x",
       helper[] = "SEATLS_EXEC_HELPER=";
  char* environment[] = {a, other, similar, helper, nullptr};
  std::vector<char*> into(length_of(environment) + 3);
  complete(environment, with, into.data());
  std::vector<std::string> got;
  for (char* e : into) {
    if (e == nullptr) break;
    got.emplace_back(e);
  }
  EXPECT_EQ(got, (std::vector<std::string>{"A=1", "LD_PRELOADED=x", "LD_PRELOAD=ours",
                                           "SEATLS_EXEC_HELPER=there"}));
  std::vector<char*> none(3);
  complete(nullptr, with, none.data());
  EXPECT_STREQ(none[0], "LD_PRELOAD=ours");
  EXPECT_EQ(none[2], nullptr);
}

}  // namespace
}  // namespace seatls::preload
