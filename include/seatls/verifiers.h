// Factories of the verifiers that come with seatls, and the same appraisal for files.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "seatls/cmw.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/policy.h"
#include "seatls/result.h"
#include "seatls/scheme.h"
#include "seatls/verifier.h"

namespace seatls {

// EvidenceCache remembers the digests of evidence that was verified, so that the very same evidence is
// never accepted twice. Bounded; the oldest are forgotten first. Safe to use from many threads.
class EvidenceCache {
 public:
  explicit EvidenceCache(std::size_t capacity = 65'536);
  ~EvidenceCache();
  EvidenceCache(const EvidenceCache&) = delete;
  EvidenceCache& operator=(const EvidenceCache&) = delete;

  // of_process is the cache that all verifiers of this process share unless told otherwise.
  [[nodiscard]] static const std::shared_ptr<EvidenceCache>& of_process();

  // admit remembers `digest` and returns true, or returns false when it is known already.
  [[nodiscard]] bool admit(ByteView digest);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct LocalVerifierOptions {
  std::function<Time()> clock;  // default: the system's
  SchemeTable table = SchemeTable::defaults();
  std::shared_ptr<EvidenceCache> evidence_cache = EvidenceCache::of_process();
};

// make_local_verifier appraises in this process, and answers before `appraise` returns: the work is
// bounded by the limits on sizes and counts. Errors: configuration, with everything that
// validate(policy) finds.
[[nodiscard]] Result<std::shared_ptr<Verifier>> make_local_verifier(Policy policy,
                                                                    LocalVerifierOptions options = {});
// The same for several policies: what one of them refuses is refused, and no result is better than the worst
// of them. Schemes are those that all accept, in the first one's order; there must be one.
[[nodiscard]] Result<std::shared_ptr<Verifier>> make_local_verifier(std::vector<Policy> policies,
                                                                    LocalVerifierOptions options = {});

// OfflineCredential is a credential apart from any connection.
struct OfflineCredential {
  Bytes bytes;                      // a CMW, or raw evidence or a raw result
  std::optional<std::string> type;  // scheme name or media type of raw bytes; default: detected
  // 32 or 48 bytes; 1 to 64 where evidence was made for no connection, over a nonce. Results have none.
  std::optional<Bytes> binder;
  std::optional<Spki> tik;              // without it no key is compared, and the result says so
  std::optional<std::string> verifier;  // whose result it must be; default: any that the policy trusts
  Time at{};                            // the moment to judge at
};

// appraise_offline judges a file. A judgement made apart from a connection proves nothing about any:
// the result carries a danger that says so. Errors: decode, and misuse when the binder is missing.
[[nodiscard]] Result<AttestationResult> appraise_offline(const Policy& policy,
                                                         const OfflineCredential& credential,
                                                         const SchemeTable& table = SchemeTable::defaults());
[[nodiscard]] Result<AttestationResult> appraise_offline(std::span<const Policy> policies,
                                                         const OfflineCredential& credential,
                                                         const SchemeTable& table = SchemeTable::defaults());

// explain tells a result to people: verdict, every reason with its place and remedy, dangers, claims.
[[nodiscard]] std::string explain(const AttestationResult& result);

// EarOptions say how a result is written down as an EAR (EAT Attestation Result).
struct EarOptions {
  std::string verifier_developer = "seatls";
  std::string verifier_build = "dev";
  std::optional<Spki> tik;  // becomes `cnf`
  std::optional<std::string> audience;
  std::optional<std::chrono::seconds> lifetime;  // default: no `exp`
  std::string signing_key_pem;                   // empty: unsigned claims as JSON
};

// to_ear returns the result as JSON claims, or as a JWT when a signing key is given (P-256: ES256,
// P-384: ES384, Ed25519: EdDSA). Errors: configuration for a key of another kind.
[[nodiscard]] Result<std::string> to_ear(const AttestationResult& result, const EarOptions& options);

}  // namespace seatls
