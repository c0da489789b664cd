#include "bench/verifier.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "base/encoding.h"
#include "bench/place.h"
#include "bench/replica.h"
#include "crypto/hash.h"
#include "net/http.h"
#include "seatls/verifiers.h"

namespace seatls::bench {
namespace {

using Steady = std::chrono::steady_clock;

// Machine makes evidence for whoever gives a nonce.
struct Machine : SoftwareMachine {
  Spki tik;

  static Result<Machine> make() {
    SEATLS_TRY(const auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
    SEATLS_TRY(const auto attestation_key, crypto::PrivateKey::generate(crypto::KeyType::p256));
    SEATLS_TRY(auto made, software_machine(key, attestation_key));
    return Machine{std::move(made), key.public_key().spki()};
  }

  [[nodiscard]] Result<Cmw> evidence(const Bytes& nonce) const {
    Result<Cmw> made = Error{Code::attester_unavailable, "no evidence came", "bench"};
    attester->attest({attester->schemes().front(), danger::binder_from_bytes(nonce, Hash::sha256, tik)},
                     [&](Result<Cmw> done) { made = std::move(done); });
    return made;
  }
};

struct Piece {
  Bytes nonce;
  Cmw evidence;
  Bytes encoded;
};

Result<std::vector<Piece>> pieces(const Machine& machine, std::size_t count) {
  std::vector<Piece> out;
  for (std::size_t i = 0; i < count; ++i) {
    Bytes nonce = crypto::random_bytes(32);
    SEATLS_TRY(auto evidence, machine.evidence(nonce));
    SEATLS_TRY(auto encoded, encode_cmw(evidence));
    out.push_back({std::move(nonce), std::move(evidence), std::move(encoded)});
  }
  return out;
}

double per_second(std::size_t count, Steady::duration took) {
  return static_cast<double>(count) / std::chrono::duration<double>(took).count();
}

Result<double> in_process(const Machine& machine, std::size_t count) {
  SEATLS_TRY(const auto work, pieces(machine, count));
  LocalVerifierOptions options;
  options.evidence_cache = std::make_shared<EvidenceCache>(count);
  SEATLS_TRY(const auto verifier, make_local_verifier(machine.policy, options));
  std::size_t accepted = 0;
  const auto begun = Steady::now();
  for (const auto& piece : work)
    verifier->appraise(
        {verifier->schemes().front(), piece.evidence,
         danger::binder_from_bytes(piece.nonce, Hash::sha256, machine.tik),
         crypto::digest(Hash::sha256, piece.encoded)},
        [&](Result<AttestationResult> r) { accepted += r && r->tier() == Tier::warning ? 1 : 0; });
  const auto took = Steady::now() - begun;
  if (accepted != count) return Error{Code::internal, "evidence was refused", "bench"};
  return per_second(count, took);
}

// Conversations has so many pieces of evidence judged, some at a time, in turn by each replica.
class Conversations {
 public:
  Conversations(net::HttpLoop& loop, const std::vector<std::unique_ptr<Replica>>& replicas,
                const std::vector<Piece>& work)
      : loop_(loop), replicas_(replicas), work_(work) {}

  Result<void> run(unsigned outstanding) {
    for (unsigned i = 0; i < outstanding; ++i) next();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return finished_ == work_.size() || failed_; });
    if (failed_) return *failed_;
    return {};
  }

 private:
  static constexpr net::HttpLimits limits{.timeout = std::chrono::seconds(30), .largest = 1 << 20};

  void next() {
    const std::size_t i = begun_++;
    if (i >= work_.size()) return;
    const std::string base = replicas_[i % replicas_.size()]->url() + "/challenge-response/v1/";
    loop_.send({.method = "POST", .url = base + "newSession?nonce=" + base::to_base64url(work_[i].nonce)},
               limits, [this, i, base](Result<net::HttpResponse> opened) {
                 if (!opened || opened->status != 201) return fail(opened);
                 submit(i, base + opened->header("location"));
               });
  }
  void submit(std::size_t i, const std::string& url) {
    loop_.send({.method = "POST",
                .url = url,
                .headers = {{"Content-Type", "application/cmw+cbor"}},
                .body = work_[i].encoded},
               limits, [this](Result<net::HttpResponse> judged) {
                 if (!judged || judged->status != 200) return fail(judged);
                 const bool last = ++finished_ == work_.size();
                 if (!last) return next();
                 const std::scoped_lock lock(mutex_);
                 done_.notify_all();
               });
  }
  void fail(const Result<net::HttpResponse>& answer) {
    const std::scoped_lock lock(mutex_);
    failed_ =
        answer ? Error{Code::network, "HTTP " + std::to_string(answer->status), "bench"} : answer.error();
    done_.notify_all();
  }

  net::HttpLoop& loop_;
  const std::vector<std::unique_ptr<Replica>>& replicas_;
  const std::vector<Piece>& work_;
  std::atomic<std::size_t> begun_ = 0, finished_ = 0;
  std::mutex mutex_;
  std::condition_variable done_;
  std::optional<Error> failed_;
};

// Case is a number of replicas on one store.
struct Case {
  std::string name;
  std::string store;
  unsigned replicas;
};

Result<double> over_http(const Machine& machine, const Identity& identity, const std::string& ca_pem,
                         const Case& c, const VerifierOptions& options) {
  SEATLS_TRY(const auto work, pieces(machine, options.appraisals));
  std::vector<std::unique_ptr<Replica>> replicas;
  for (unsigned i = 0; i < c.replicas; ++i) {
    SEATLS_TRY(auto replica, Replica::start({.policy = machine.policy, .store = c.store}, identity));
    replicas.push_back(std::move(replica));
  }
  SEATLS_TRY(const auto loop, net::make_http_loop({.ca_pem = ca_pem}));
  // The first ones open the connections.
  SEATLS_TRY(const auto warm, pieces(machine, 2UL * options.outstanding));
  SEATLS_CHECK(Conversations(*loop, replicas, warm).run(options.outstanding));
  Conversations conversations(*loop, replicas, work);
  const auto begun = Steady::now();
  SEATLS_CHECK(conversations.run(options.outstanding));
  return per_second(work.size(), Steady::now() - begun);
}

}  // namespace

Result<Report> verifier(const VerifierOptions& options) {
  SEATLS_TRY(const auto machine, Machine::make());
  SEATLS_TRY(const auto authority, Authority::make());
  SEATLS_TRY(const auto identity, authority.certify("localhost"));
  SEATLS_TRY(const Folder folder, Folder::make());
  const auto sqlite = "sqlite:" + (folder.path() / "verifier.db").string();
  std::vector<Case> cases = {{"memory, 1 replica", "memory:", 1},
                             {"SQLite, 1 replica", sqlite, 1},
                             {"SQLite, 2 replicas", sqlite, 2}};
  if (!options.postgresql.empty()) {
    cases.push_back({"PostgreSQL, 1 replica", options.postgresql, 1});
    cases.push_back({"PostgreSQL, 2 replicas", options.postgresql, 2});
  }
  Report report;
  report.cases.push_back({"in process", "appraisals/s", {}});
  for (const auto& c : cases) report.cases.push_back({c.name, "appraisals/s", {}});
  for (unsigned round = 0; round < options.rounds; ++round) {
    SEATLS_TRY(const double alone, in_process(machine, options.appraisals));
    report.cases.front().samples.push_back(alone);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      auto measured = over_http(machine, identity, authority.certificate_pem(), cases[i], options);
      if (!measured) return std::move(measured).error().in(cases[i].name);
      report.cases[i + 1].samples.push_back(*measured);
    }
  }
  const double alone = report.cases.front().median();
  for (std::size_t i = 0; i < cases.size(); ++i)
    report.ratios.emplace_back(cases[i].name + " to in process", report.cases[i + 1].median() / alone);
  report.notes.emplace_back(
      "clients, services and stores share this machine; an appraisal is two requests over TLS");
  if (options.postgresql.empty())
    report.notes.emplace_back("PostgreSQL: SKIPPED, --postgresql names no database");
  return report;
}

}  // namespace seatls::bench
