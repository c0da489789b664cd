// A process that writes to a store until it is killed, and says on standard output what was acknowledged.
//
//   writer ADDRESS WRITER FIRST THREADS
//
// Each thread takes numbers from FIRST on. With each it opens a session with a nonce of its own and one with
// a nonce that all writers use, claims and completes its own, claims one that all writers claim, and adds a
// version of a policy. Lines: "opened N", "shared N", "claimed N", "taken N", "completed N", "policy V N",
// "wrong …".
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "service/store.h"

using namespace seatls;
using service::Store;

namespace {

const Time now{std::chrono::seconds(1'800'000'000)};

// A line is one write, so that it is there wholly or not at all.
void say(const std::string& line) {
  const std::string whole = line + "\n";
  if (write(1, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size())) _exit(3);
}

service::Session session_of(const std::string& id, const std::string& nonce) {
  service::Session s;
  s.id = id;
  s.nonce = bytes("nonce of " + nonce);
  s.expires = now + std::chrono::seconds(150);
  return s;
}

// What only this writer does succeeds, or is not answered: anything else is a wrong report.
void own_session(Store& store, const std::string& own) {
  const std::string id = "own-" + own;
  const auto opened = store.open_session(session_of(id, own), now);
  if (!opened) return;
  if (*opened != Store::Opened::opened) return say("wrong opening " + own);
  say("opened " + own);
  const auto claimed = store.claim_session(id, {"type", Bytes(32, 1), {}}, now);
  if (!claimed) return;
  if (claimed->outcome != Store::Claim::Outcome::claimed) return say("wrong claim " + own);
  say("claimed " + own);
  const auto completed = store.complete_session(id, "result of " + own, {});
  if (completed) return say("completed " + own);
  if (completed.error().code != Code::io) say("wrong completion " + own);
}

void write_on(Store& store, const std::string& writer, std::atomic<unsigned>& next) {
  while (true) {
    const std::string number = std::to_string(next++);
    const std::string own = writer + "." + number;
    own_session(store, own);
    const auto shared = store.open_session(session_of("shared-" + own, "all, number " + number), now);
    if (shared && *shared == Store::Opened::opened) say("shared " + number);
    const auto taken = store.claim_session("common-" + number, {"type", Bytes(32, 2), {}}, now);
    if (taken && taken->outcome == Store::Claim::Outcome::claimed) say("taken " + number);
    const auto version = store.add_policy("default", own, now);
    if (version) say("policy " + std::to_string(*version) + " " + own);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  auto store = service::open_store(argv[1], {.sessions = 10'000'000});
  if (!store) {
    std::cerr << store.error().message() << "\n";
    return 1;
  }
  say("ready");
  std::atomic<unsigned> next = static_cast<unsigned>(std::stoul(argv[3]));
  std::vector<std::thread> threads;
  for (unsigned long i = 0; i < std::stoul(argv[4]); ++i) {
    threads.emplace_back([&] { write_on(**store, argv[2], next); });
  }
  for (std::thread& thread : threads) thread.join();
}
