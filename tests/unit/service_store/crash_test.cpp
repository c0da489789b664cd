// kill -9 of whoever writes, and of the database: what was acknowledged is there, and nothing happened twice.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>
#include <set>
#include <sstream>

#include "fixture.h"
#include "support/postgres.h"

namespace seatls::service {
namespace {

// Writer is a child process that writes until it is killed, and what it said.
class Writer {
 public:
  Writer(const std::string& address, const std::string& name, unsigned first, unsigned threads) {
    const char* program = getenv("SEATLS_STORE_WRITER");
    const std::string beside =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "service_store_writer";
    const std::string path = program != nullptr ? program : beside;
    const std::string from = std::to_string(first), count = std::to_string(threads);
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      dup2(pipe_ends[1], 1);
      execl(path.c_str(), path.c_str(), address.c_str(), name.c_str(), from.c_str(), count.c_str(), nullptr);
      _exit(127);
    }
    close(pipe_ends[1]);
    reader_ = std::thread([this, end = pipe_ends[0]] {
      char buffer[4096];
      for (ssize_t got = 0; (got = read(end, buffer, sizeof buffer)) > 0;) {
        said_.append(buffer, static_cast<std::size_t>(got));
        ready_ = true;
      }
      close(end);
    });
  }
  ~Writer() { (void)kill(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  [[nodiscard]] bool ready() const { return ready_; }
  // kill ends it at once and returns its lines.
  std::vector<std::string> kill() {
    if (reader_.joinable()) {
      ::kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      reader_.join();
    }
    std::vector<std::string> lines;
    std::istringstream text(said_);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }

 private:
  pid_t pid_ = -1;
  std::atomic<bool> ready_ = false;
  std::string said_;
  std::thread reader_;
};

class StoreCrashTest : public DurableStoreTest {
 protected:
  // common_sessions are those that all writers claim.
  void open_common_sessions(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      Session s = session_of(i);
      s.id = "common-" + std::to_string(i);
      ASSERT_EQ(open(s), Store::Opened::opened);
    }
  }
  void note(const std::vector<std::string>& lines) {
    lines_.insert(lines_.end(), lines.begin(), lines.end());
  }
  void check_acknowledged();
  void check_line(const std::string& what, const std::string& number, const std::string& rest);

  std::vector<std::string> lines_;
  std::set<std::string> shared_, taken_;
  std::map<std::string, unsigned> seen_;
};
INSTANTIATE_TEST_SUITE_P(Each, StoreCrashTest, ::testing::Values(Kind::sqlite, Kind::postgres), kind_name);

void StoreCrashTest::check_line(const std::string& what, const std::string& number, const std::string& rest) {
  ++seen_[what];
  const auto status = [&] {
    const auto found = find("own-" + number);
    return found ? std::string(name(found->status)) : std::string("nothing");
  };
  if (what == "opened") {
    Session again = session_of(0);
    again.id = "again-" + number;
    again.nonce = bytes("nonce of " + number);
    EXPECT_EQ(open(again), Store::Opened::nonce_spent) << number;
    EXPECT_NE(status(), "nothing") << number;
  } else if (what == "claimed") {
    EXPECT_THAT(status(), ::testing::AnyOf("processing", "complete")) << number;
    EXPECT_EQ(claim("own-" + number), Store::Claim::Outcome::spent) << number;
  } else if (what == "completed") {
    const auto found = find("own-" + number);
    ASSERT_TRUE(found.has_value()) << number;
    EXPECT_EQ(found->result, "result of " + number);
  } else if (what == "shared") {
    EXPECT_TRUE(shared_.insert(number).second) << "a nonce was opened twice: " << number;
  } else if (what == "taken") {
    EXPECT_TRUE(taken_.insert(number).second) << "a session was claimed twice: " << number;
    EXPECT_EQ(find("common-" + number)->status, Session::Status::processing) << number;
  } else if (what == "wrong") {
    ADD_FAILURE() << "a wrong report: " << number << " " << rest;
  }
}

void StoreCrashTest::check_acknowledged() {
  const auto policies = store().policies().value();
  for (unsigned i = 0; i < policies.size(); ++i) ASSERT_EQ(policies[i].version, i + 1);
  EXPECT_EQ(revision(), policies.size());
  std::set<std::string> texts;
  for (const auto& policy : policies)
    EXPECT_TRUE(texts.insert(policy.text).second) << "a version was added twice";
  for (const std::string& line : lines_) {
    std::istringstream words(line);
    std::string what, number, rest;
    words >> what >> number >> rest;
    if (what == "policy") {
      ++seen_[what];
      const auto version = std::stoul(number);
      ASSERT_LE(version, policies.size());
      EXPECT_EQ(policies[version - 1].text, rest);
    } else {
      check_line(what, number, rest);
    }
  }
  // A verdict for each completed session, acknowledged or not.
  const auto complete = database_.execute("SELECT count(*) FROM session WHERE status = 'complete'");
  EXPECT_EQ(database_.execute("SELECT count(*) FROM verdict"), complete);
  EXPECT_EQ(database_.execute("SELECT sum(sessions) FROM tally"),
            database_.execute("SELECT count(*) FROM session"));
  EXPECT_EQ(database_.execute("SELECT sum(nonces) FROM tally"),
            database_.execute("SELECT count(*) FROM spent_nonce"));
  for (const std::string what : {"opened", "claimed", "completed", "shared", "taken", "policy"}) {
    EXPECT_GT(seen_[what], 0U) << what;
    RecordProperty(what, static_cast<int>(seen_[what]));
  }
}

TEST_P(StoreCrashTest, WritersThatAreKilledLoseNothingThatWasAcknowledged) {
  ASSERT_NO_FATAL_FAILURE(open_common_sessions(60));
  std::minstd_rand random(4711);
  for (unsigned round = 0; round < 4; ++round) {
    // Both begin where the last ones began too, so that they meet what those left.
    Writer a(database_.address(), "a" + std::to_string(round), round * 5, 2);
    Writer b(database_.address(), "b" + std::to_string(round), round * 5, 2);
    ASSERT_TRUE(soon([&] { return a.ready() && b.ready(); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(150 + random() % 400));
    note(a.kill());
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
    note(b.kill());
  }
  check_acknowledged();
}

// SQLite lives in the process that writes; PostgreSQL can be killed by itself.
class ServerCrashTest : public StoreCrashTest {};
INSTANTIATE_TEST_SUITE_P(Each, ServerCrashTest, ::testing::Values(Kind::postgres), kind_name);

TEST_P(ServerCrashTest, ADatabaseThatIsKilledLosesNothingThatWasAcknowledged) {
  ASSERT_NO_FATAL_FAILURE(open_common_sessions(60));
  std::string why;
  auto* server = testing::PostgresServer::shared(why);
  Writer a(database_.address(), "a", 0, 3);
  Writer b(database_.address(), "b", 0, 3);
  ASSERT_TRUE(soon([&] { return a.ready() && b.ready(); }));
  std::minstd_rand random(4711);
  for (unsigned round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200 + random() % 400));
    server->kill();
    ASSERT_TRUE(server->start());
  }
  std::this_thread::sleep_for(500ms);
  note(a.kill());
  note(b.kill());
  check_acknowledged();
}

}  // namespace
}  // namespace seatls::service
