// What the library puts in the place of an attester and a verifier: the helper's. Each question is a
// connection of its own, made and ended on the thread that asks. So there is no thread, lock or descriptor
// here that a fork could break.
#pragma once

#include <memory>

#include "preload/messages.h"
#include "preload/socket.h"
#include "seatls/config.h"

namespace seatls::preload {

// ask puts one question. Errors: attester_unavailable when there is no helper; timed_out; the helper's own.
[[nodiscard]] Result<Answer> ask(const Address& helper, const Question& question,
                                 std::chrono::milliseconds limit);

// config_of is the configuration of a role, with the helper behind its attester and its verifier.
[[nodiscard]] Config config_of(const Address& helper, Role role, const RoleSettings& settings);
// settings_of is what the helper tells of a configuration.
[[nodiscard]] RoleSettings settings_of(const Config& config);

}  // namespace seatls::preload
