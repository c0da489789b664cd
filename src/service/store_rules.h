// What every store holds to alike.
#pragma once

#include <optional>
#include <string_view>

#include "service/store.h"

namespace seatls::service {

// storable tells whether every database takes this as text: UTF-8 without a NUL.
[[nodiscard]] bool storable(std::string_view text);

// Errors: misuse.
[[nodiscard]] Result<void> check_opening(const Session& session);
[[nodiscard]] Result<void> check_evidence(const Store::Evidence& evidence);
[[nodiscard]] Result<void> check_completion(const std::string& result, const Verdict& verdict);
[[nodiscard]] Result<void> check_policy(const std::string& name, const std::string& text);
[[nodiscard]] Result<void> check_endorsement(const Endorsement& endorsement);
[[nodiscard]] Result<void> check_key(const PublishedKey& key);
[[nodiscard]] Error not_processing();  // misuse
[[nodiscard]] Error id_is_taken();     // misuse

// A spent nonce is remembered as its SHA-256: short, and of no use to who reads the table.
[[nodiscard]] Bytes spent_form(ByteView nonce);

[[nodiscard]] std::optional<Session::Status> status_from_name(std::string_view name);

[[nodiscard]] inline std::int64_t seconds(Time t) { return t.time_since_epoch().count(); }
[[nodiscard]] inline Time time_of(std::int64_t since_epoch) {
  return Time(std::chrono::seconds(since_epoch));
}

}  // namespace seatls::service
