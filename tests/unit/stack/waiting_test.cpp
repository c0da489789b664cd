// Handshakes that wait for a credential: nothing else stands still, time ends it, and a connection
// may be given up at any moment.
#include <openssl/async.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "fixture.h"

namespace seatls::openssl {
namespace {

using namespace std::chrono_literals;
using Want = Connection::Want;

// The four places where a handshake waits.
struct Place {
  const char* name;
  bool client_side;  // whose handshake waits
  bool evidence;     // for its own evidence, or for the verdict over the peer's
};
constexpr Place places[] = {{"server_evidence", false, true},
                            {"client_appraisal", true, false},
                            {"client_evidence", true, true},
                            {"server_appraisal", false, false}};

// Mutual holds both parties of a handshake in which both attest; one of the four doubles is late.
struct Mutual {
  explicit Mutual(Drive drive) {
    c.demands(Requirement::required).identity(fake::certified()).attests().driven(drive);
    s.demands(Requirement::required).attests().driven(drive);
  }
  void late(const Place& place, bool value) {
    Party& party = place.client_side ? c : s;
    (place.evidence ? party.attester->later : party.verifier->later) = value;
  }
  void release(const Place& place) {
    Party& party = place.client_side ? c : s;
    if (place.evidence) {
      party.attester->release();
    } else {
      party.verifier->release();
    }
  }
  bool waits_at(const Place& place, TlsPair& pair) {
    pair.run();
    return (place.client_side ? pair.client : pair.server)->step() == TlsEnd::Step::credential;
  }

  Party c = client(), s = server();
};

bool readable(int fd, int milliseconds = 0) {
  pollfd p{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&p, 1, milliseconds) == 1;
}

class Waiting : public testing::TestWithParam<std::tuple<Drive, Place>> {
 protected:
  const Drive drive = std::get<0>(GetParam());
  const Place place = std::get<1>(GetParam());
  // Jobs that the application drives start their work on another thread.
  void wait_until_asked(const Mutual& m) const {
    const Party& party = place.client_side ? m.c : m.s;
    while (place.evidence ? party.attester->count() == 0 : party.verifier->count() == 0)
      std::this_thread::yield();
  }
};
INSTANTIATE_TEST_SUITE_P(All, Waiting,
                         testing::Combine(testing::Values(Drive::connection, Drive::async),
                                          testing::ValuesIn(places)),
                         [](const auto& p) {
                           return std::string(std::get<1>(p.param).name) +
                                  (std::get<0>(p.param) == Drive::connection ? "_connection" : "_async");
                         });
