// The verdict on the peer, as it is told to the application: fields of a head that the peer cannot make.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "config/proxy_routes.h"
#include "proxy/filter.h"
#include "seatls/error.h"

namespace seatls::proxy {

// VerdictFacts is what is kept of a PeerVerdict, as that may not be.
struct VerdictFacts {
  std::string verdict = "none";  // of a peer that is not attested, or not any more
  bool restricted = false;
  std::string failure;  // the code of what went wrong, if it is restricted
  std::string scheme, model, key, attested_at, valid_until, identity;
  reattest::Claims claims;  // those that the configuration tells on
};
[[nodiscard]] VerdictFacts facts_of(const PeerVerdict& verdict, const config::HttpRules& rules);

// fields_of writes the fields as lines.
[[nodiscard]] std::string fields_of(const VerdictFacts& facts);

// signed_field is the line Seatls-Token: a JWS (RFC 7515) that says the same of one request, for a minute.
// Errors: crypto.
struct TokenRequest {
  std::string_view method, target, host;
};
[[nodiscard]] Result<std::string> signed_field(const VerdictFacts& facts, const config::HttpRules& rules,
                                               const TokenRequest& request, Time now);

}  // namespace seatls::proxy
