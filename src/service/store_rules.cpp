#include "service/store_rules.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls::service {
namespace {

constexpr std::array statuses{Session::Status::waiting, Session::Status::processing,
                              Session::Status::complete, Session::Status::failed};

Error misuse(std::string detail) { return {Code::misuse, std::move(detail), "store"}; }

Result<void> check_texts(std::initializer_list<std::string_view> texts) {
  if (std::all_of(texts.begin(), texts.end(), storable)) return {};
  return misuse("a text is not UTF-8, or holds a NUL");
}

}  // namespace

std::string_view name(Session::Status status) {
  switch (status) {
    case Session::Status::waiting: return "waiting";
    case Session::Status::processing: return "processing";
    case Session::Status::complete: return "complete";
    case Session::Status::failed: return "failed";
  }
  return "?";
}

std::optional<Session::Status> status_from_name(std::string_view text) {
  for (const auto status : statuses) {
    if (name(status) == text) return status;
  }
  return std::nullopt;
}

bool storable(std::string_view text) {
  return text.find('\0') == std::string_view::npos && base::is_utf8(view(text));
}

Result<void> check_opening(const Session& session) {
  if (session.id.empty()) return misuse("a session needs an id");
  if (session.status != Session::Status::waiting || !session.result.empty()) {
    return misuse("a session is opened waiting");
  }
  if (session.nonce.size() < 8 || session.nonce.size() > 64) {
    return misuse("the nonce has " + std::to_string(session.nonce.size()) + " bytes; it needs 8 to 64");
  }
  return check_texts({session.id, session.evidence_type});
}

Result<void> check_evidence(const Store::Evidence& evidence) { return check_texts({evidence.type}); }

Result<void> check_completion(const std::string& result, const Verdict& verdict) {
  SEATLS_CHECK(check_texts({result, verdict.scheme, verdict.key_id}));
  for (const auto* list : {&verdict.policies, &verdict.codes}) {
    for (const std::string& text : *list) SEATLS_CHECK(check_texts({text}));
  }
  return {};
}

Result<void> check_policy(const std::string& policy_name, const std::string& text) {
  if (policy_name.empty()) return misuse("a policy needs a name");
  return check_texts({policy_name, text});
}

Result<void> check_endorsement(const Endorsement& endorsement) {
  if (endorsement.digest.size() != 32) return misuse("an endorsement's digest is a SHA-256");
  return check_texts({endorsement.type});
}

Result<void> check_key(const PublishedKey& key) {
  if (key.id.empty()) return misuse("a key needs an id");
  return check_texts({key.id, key.jwk});
}

Error not_processing() { return misuse("the session is not being processed"); }
Error id_is_taken() { return misuse("the session's id is taken"); }

Bytes spent_form(ByteView nonce) { return crypto::digest(Hash::sha256, nonce); }

}  // namespace seatls::service
