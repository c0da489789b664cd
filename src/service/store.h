// Store: what a verifier service must not forget, and what its replicas share. There is one for a process,
// one for a machine, and one for a fleet (open_store); all pass the same tests.
//
// Every call is one transaction: what it returned is kept, whatever is killed after that; what it did not
// return from may or may not have happened. All calls block, and are safe from many threads. Errors: io,
// telling what the database said (never a nonce, evidence or a result).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/result.h"

namespace seatls::service {

// Session is one challenge and what became of it. Whoever knows the id may read it: it is a random UUID.
struct Session {
  enum class Status : std::uint8_t { waiting, processing, complete, failed };

  std::string id;
  Bytes nonce;               // 8 to 64 bytes
  std::optional<Bytes> tik;  // DER SubjectPublicKeyInfo that the result is to be about
  bool binds_tik = false;    // the evidence is made over nonce and key (Decision 17), not the nonce alone
  Time expires{};
  Status status = Status::waiting;
  std::string evidence_type;  // media type; empty while it waits
  Bytes evidence_digest;      // SHA-256 of the body that was submitted
  Bytes evidence;             // empty unless evidence is retained
  std::string result;         // compact JWS of the EAR; empty unless complete
  bool operator==(const Session&) const = default;
};
[[nodiscard]] std::string_view name(Session::Status status);  // "waiting"

// Verdict is one line of the audit log: hashes and codes, nothing of a peer's own.
struct Verdict {
  Time at{};
  Bytes session_digest;   // SHA-256 of the session's id
  Bytes evidence_digest;  // SHA-256
  std::string scheme;
  Tier tier = Tier::none;
  std::vector<std::string> policies;  // "default@3"
  std::vector<std::string> codes;     // of the reasons that refused
  std::string key_id;                 // of the key that signed
  bool operator==(const Verdict&) const = default;
};

// PolicyVersion never changes: what is to be judged otherwise is another version.
struct PolicyVersion {
  std::string name;
  unsigned version = 0;  // 1 and on, without gaps
  std::string text;      // TOML
  Time added{};
  bool active = false;
  bool operator==(const PolicyVersion&) const = default;
};

// Endorsement is a CoRIM that was submitted.
struct Endorsement {
  Bytes digest;      // SHA-256 of the document: its name
  std::string type;  // media type
  Bytes document;
  Time added{};
  bool active = true;
  bool operator==(const Endorsement&) const = default;
};

// PublishedKey is a key that results were, or will be, signed with.
struct PublishedKey {
  std::string id;   // JWK thumbprint (RFC 7638)
  std::string jwk;  // public, JSON
  Time until{};     // the end of the last result that it signs
  bool operator==(const PublishedKey&) const = default;
};

struct StoreLimits {
  std::size_t sessions = 10'000;             // open at once
  std::chrono::seconds spent{24 * 60 * 60};  // for so long a nonce is known to be spent, after its session
  std::size_t nonces = 5'000'000;            // remembered at once
};

class Store {
 public:
  virtual ~Store() = default;

  // open_session keeps a session that waits and spends its nonce. A nonce is good for one session, whichever
  // replica it is opened at: that holds for as long as StoreLimits::spent says. `full` is the answer at
  // either limit: no nonce is forgotten to make room. Errors: misuse for a session that does not wait, or
  // whose id is taken.
  enum class Opened : std::uint8_t { opened, nonce_spent, full };
  [[nodiscard]] virtual Result<Opened> open_session(const Session& session, Time now) = 0;

  // find_session returns nothing for a session that is unknown or has expired.
  [[nodiscard]] virtual Result<std::optional<Session>> find_session(const std::string& id, Time now) = 0;

  // claim_session makes a waiting session a processing one, for one caller alone. The claim carries
  // the revision of policies and endorsements at that moment.
  struct Evidence {
    std::string type;
    Bytes digest;
    Bytes retained;  // empty: it is not kept
  };
  struct Claim {
    enum class Outcome : std::uint8_t { claimed, unknown, spent } outcome = Outcome::unknown;
    std::optional<Session> session;  // as it is now, if claimed
    std::uint64_t revision = 0;
  };
  [[nodiscard]] virtual Result<Claim> claim_session(const std::string& id, const Evidence& evidence,
                                                    Time now) = 0;

  // complete_session gives a processing session its result, and adds the verdict to the audit log, both or
  // neither. fail_session ends it without a result. Errors: misuse for a session that is not processing.
  [[nodiscard]] virtual Result<void> complete_session(const std::string& id, const std::string& result,
                                                      const Verdict& verdict) = 0;
  [[nodiscard]] virtual Result<void> fail_session(const std::string& id) = 0;
  // delete_session tells whether there was one that had not expired. Its nonce stays spent.
  [[nodiscard]] virtual Result<bool> delete_session(const std::string& id, Time now) = 0;
  // sweep forgets expired sessions, and nonces that were spent long ago; it returns how many sessions.
  [[nodiscard]] virtual Result<std::size_t> sweep(Time now) = 0;
  [[nodiscard]] virtual Result<std::size_t> open_sessions(Time now) = 0;

  // The audit log, newest first.
  [[nodiscard]] virtual Result<std::vector<Verdict>> verdicts(std::size_t most) = 0;

  // add_policy appends a version, inactive, and returns its number. Text that is the newest version's already
  // makes no other version.
  [[nodiscard]] virtual Result<unsigned> add_policy(const std::string& name, const std::string& text,
                                                    Time now) = 0;
  // activate_policy makes this version the one that judges, and writes that down. Version 0: none of them
  // does any more. It returns false where there is no such version.
  [[nodiscard]] virtual Result<bool> activate_policy(const std::string& name, unsigned version, Time now) = 0;
  // roll_back_policy undoes the last activation that was not undone: the version active that was before the
  // one that is. It returns which (0: none of them is), or nothing where nothing was before.
  [[nodiscard]] virtual Result<std::optional<unsigned>> roll_back_policy(const std::string& name,
                                                                         Time now) = 0;
  // policies returns every version by name and number.
  [[nodiscard]] virtual Result<std::vector<PolicyVersion>> policies() = 0;

  // add_endorsement keeps a document, active or not as it says; one that is known becomes active again.
  [[nodiscard]] virtual Result<void> add_endorsement(const Endorsement& endorsement) = 0;
  [[nodiscard]] virtual Result<bool> activate_endorsement(ByteView digest, bool active) = 0;
  [[nodiscard]] virtual Result<std::vector<Endorsement>> endorsements() = 0;  // in the order they were added

  // What judges now, and its revision: it grows with every change of policies and endorsements, and with
  // nothing else (what is so already is no change).
  struct Judging {
    std::uint64_t revision = 0;
    std::vector<PolicyVersion> policies;    // the active ones, by name
    std::vector<Endorsement> endorsements;  // the active ones, in the order they were added
  };
  [[nodiscard]] virtual Result<Judging> judging() = 0;

  // publish_key makes a key known, or known for longer: `until` never goes back.
  [[nodiscard]] virtual Result<void> publish_key(const PublishedKey& key) = 0;
  // keys returns those that results which have not ended may be signed with, oldest first.
  [[nodiscard]] virtual Result<std::vector<PublishedKey>> keys(Time now) = 0;

  // watch has `changed` called, from a thread of the store's, soon after policies or endorsements were
  // changed by anyone. It may be called without cause, and one call may stand for several changes. It must
  // not own the store, and is not called once the store is gone.
  virtual void watch(std::function<void()> changed) = 0;

  // check tells whether the store can be reached, and written.
  [[nodiscard]] virtual Result<void> check() = 0;
  [[nodiscard]] virtual std::string description()
      const = 0;  // for people: "SQLite /var/lib/seatls/verifier.db"
};

// open_store opens "memory:", "sqlite:FILE" (made where it is missing) or "postgresql://…" (a libpq URI; the
// database exists), and brings its tables up to date. Errors: configuration for another address, or
// for tables that a newer seatls made; io.
[[nodiscard]] Result<std::shared_ptr<Store>> open_store(const std::string& address, StoreLimits limits = {});

}  // namespace seatls::service
