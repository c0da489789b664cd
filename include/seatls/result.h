// AttestationResult: what appraisal found, with every reason. Made by appraisal only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls {

using Time = std::chrono::sys_seconds;

// Tier orders trust as AR4SI does (draft-ietf-rats-ar4si, section 2.3).
enum class Tier : std::uint8_t { none = 0, affirming = 2, warning = 32, contraindicated = 96 };
[[nodiscard]] std::string_view name(Tier tier);
[[nodiscard]] std::optional<Tier> tier_from_name(std::string_view name);
[[nodiscard]] Tier tier_of(std::int8_t trust_claim);
// worse returns the tier to report when both apply: contraindicated, then warning, then none (an
// unanswered question), then affirming.
[[nodiscard]] Tier worse(Tier a, Tier b);

// The eight claims of an AR4SI vector, in the order of their CBOR keys.
enum class TrustClaim : std::uint8_t {
  instance_identity,
  configuration,
  executables,
  file_system,
  hardware,
  runtime_opaque,
  storage_opaque,
  sourced_data,
};
inline constexpr std::size_t trust_claim_count = 8;
[[nodiscard]] std::string_view name(TrustClaim claim);  // "instance-identity"

// TrustVector holds a value per claim; 0 is "nothing asserted" (AR4SI: the same as absent).
struct TrustVector {
  std::array<std::int8_t, trust_claim_count> value{};
  std::int8_t& operator[](TrustClaim c) { return value[static_cast<std::size_t>(c)]; }
  std::int8_t operator[](TrustClaim c) const { return value[static_cast<std::size_t>(c)]; }
  [[nodiscard]] Tier worst() const;  // none when no claim is asserted
  bool operator==(const TrustVector&) const = default;
};

// Reason is one thing that appraisal found wrong, or right but worth telling (see `fatal`).
struct Reason {
  Code code = Code::internal;
  std::string detail;
  std::string path;
  bool fatal = true;
  bool operator==(const Reason&) const = default;
};

enum class ConveyanceModel : std::uint8_t { background_check, passport };
enum class Freshness : std::uint8_t { binder, lifetime };  // of this connection, or a result's own
enum class KeyProvenance : std::uint8_t { none, measured, proven };
[[nodiscard]] std::string_view name(ConveyanceModel model);
[[nodiscard]] std::string_view name(KeyProvenance provenance);

namespace appraise {
class ResultMint;  // src/appraise: the maker of an AttestationResult
}
class AttestationResult;

// ResultSubmod is the judgement of one part of a compound. Its claims stand in the result's own, with the
// label before their names; so do its reasons.
struct ResultSubmod {
  std::string label;
  std::string scheme;
  Tier tier = Tier::none;
  TrustVector vector;
  bool operator==(const ResultSubmod&) const = default;
};

// ResultParts is what a result says; on its own it proves nothing.
struct ResultParts {
  Tier tier = Tier::none;
  TrustVector vector;
  std::vector<Reason> reasons;
  std::string scheme;  // "tpm2"
  ConveyanceModel model = ConveyanceModel::background_check;
  Freshness freshness = Freshness::binder;
  KeyProvenance key = KeyProvenance::none;
  std::vector<std::pair<std::string, std::string>> claims;  // dotted name, text; for people and policy
  std::vector<std::string> instance;                        // "ueid:01ab…", "ak:…": for a machine pin
  std::vector<std::string> dangers;                         // every weakening that was in force
  std::vector<std::string> policy_ids;                      // of every policy that had to accept it
  std::vector<ResultSubmod> submods;                        // of a compound: a judgement per part
  Bytes evidence_digest;                                    // SHA-256 of the credential
  Bytes binder;                                             // that it was compared with
  Time appraised_at{};
  std::optional<Time> valid_until;
  std::optional<Spki> kek;  // of the interactive passport (seatls/interactive_passport.h), if one is named
};

// policies_of returns the ids of a result's policies, with ", " between them.
[[nodiscard]] std::string policies_of(const ResultParts& result);

namespace danger {
// result_from_parts makes a result without any appraisal: for verifiers that an application brings
// itself, and for tests.
[[nodiscard]] AttestationResult result_from_parts(ResultParts parts);
}  // namespace danger

class AttestationResult {
 public:
  [[nodiscard]] const ResultParts& operator*() const { return parts_; }
  [[nodiscard]] const ResultParts* operator->() const { return &parts_; }
  [[nodiscard]] Tier tier() const { return parts_.tier; }
  // first_fatal returns the reason that decided, if the result is a refusal.
  [[nodiscard]] const Reason* first_fatal() const;

 private:
  friend class appraise::ResultMint;
  friend AttestationResult danger::result_from_parts(ResultParts);
  explicit AttestationResult(ResultParts parts) : parts_(std::move(parts)) {}
  ResultParts parts_;
};

}  // namespace seatls
