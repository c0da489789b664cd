// How the values that messages hold are written and read.
#pragma once

#include "codec/cbor.h"
#include "preload/messages.h"

namespace seatls::preload {

[[nodiscard]] codec::cbor::Value to_value(const AttestationScheme& scheme);
[[nodiscard]] codec::cbor::Value to_value(const std::vector<AttestationScheme>& schemes);
[[nodiscard]] codec::cbor::Value to_value(const std::vector<std::string>& texts);
[[nodiscard]] codec::cbor::Value to_value(const Binder& binder);
[[nodiscard]] codec::cbor::Value to_value(const Error& error);
[[nodiscard]] codec::cbor::Value to_value(const AttestationResult& result);
[[nodiscard]] codec::cbor::Value to_value(const Settings& settings);
[[nodiscard]] codec::cbor::Value to_value(const Event& event);
[[nodiscard]] Result<codec::cbor::Value> to_value(const Cmw& cmw);

[[nodiscard]] Result<AttestationScheme> read_scheme(const codec::cbor::Value& value);
[[nodiscard]] Result<std::vector<AttestationScheme>> read_schemes(const codec::cbor::Value& value);
// read_binder makes the binder that a connection of the program derived, for the helper's attester or
// verifier.
[[nodiscard]] Result<Binder> read_binder(const codec::cbor::Value& value);
// read_error returns the error that was written, or why it cannot be read.
[[nodiscard]] Error read_error(const codec::cbor::Value& value);
[[nodiscard]] Result<AttestationResult> read_result(const codec::cbor::Value& value);
[[nodiscard]] Result<Settings> read_settings(const codec::cbor::Value& value);
[[nodiscard]] Result<Event> read_event(const codec::cbor::Value& value);
[[nodiscard]] Result<Cmw> read_cmw(const codec::cbor::Value& value);

}  // namespace seatls::preload
