// Settings and events.
#include "preload/fields.h"
#include "preload/values.h"

namespace seatls::preload {

namespace cbor = codec::cbor;

namespace {

cbor::Value number(std::uint64_t value) { return cbor::integer(static_cast<std::int64_t>(value)); }

// Timing is intra: there is no other here.
cbor::Value require_value(const Require& require) {
  cbor::Array accept;
  for (const Tier tier : require.accept) accept.push_back(number(static_cast<std::uint64_t>(tier)));
  return cbor::array({number(static_cast<std::uint64_t>(require.attestation)),
                      number(static_cast<std::uint64_t>(require.identity)), cbor::array(std::move(accept))});
}

cbor::Value role_value(const RoleSettings& s) {
  return cbor::array({number(s.extension_type),
                      number(static_cast<std::uint64_t>(s.credential_timeout.count())),
                      cbor::boolean(s.attests), number(s.longest_binder),
                      s.require ? require_value(*s.require) : cbor::Value(), to_value(s.appraises),
                      cbor::text(s.name), to_value(s.suites), to_value(s.dangers)});
}

Result<Require> read_require(const cbor::Value& value) {
  Fields f(value, "what is required");
  Require require;
  require.attestation = f.one_of<Requirement>([](Requirement r) { return r <= Requirement::off; });
  require.identity = f.one_of<IdentityRule>([](IdentityRule r) { return r <= IdentityRule::pki; });
  require.accept.clear();
  for (const auto& item : f.items()) {
    const auto tier = item.as_uint();
    if (!tier || (*tier != static_cast<std::uint64_t>(Tier::affirming) &&
                  *tier != static_cast<std::uint64_t>(Tier::warning)))
      return Error{Code::malformed, "a tier that nobody may accept", {}};
    require.accept.push_back(static_cast<Tier>(*tier));
  }
  SEATLS_CHECK(f.done());
  return require;
}

Result<RoleSettings> read_role(const cbor::Value& value) {
  Fields f(value, "settings of a role");
  RoleSettings s;
  s.extension_type = static_cast<std::uint16_t>(f.number(0xffff));
  s.credential_timeout = std::chrono::milliseconds(f.number(3'600'000));
  s.attests = f.flag();
  s.longest_binder = f.number(64);
  if (!f.null()) {
    SEATLS_TRY(s.require, read_require(f.item()));
  }
  SEATLS_TRY(s.appraises, read_schemes(f.item()));
  s.name = f.text();
  s.suites = f.texts();
  s.dangers = f.texts();
  SEATLS_CHECK(f.done());
  return s;
}

}  // namespace

cbor::Value to_value(const Settings& settings) {
  return cbor::array({settings.client ? role_value(*settings.client) : cbor::Value(),
                      settings.server ? role_value(*settings.server) : cbor::Value(),
                      cbor::boolean(settings.danger_other_plain)});
}

Result<Settings> read_settings(const cbor::Value& value) {
  Fields f(value, "the settings");
  Settings settings;
  if (!f.null()) {
    SEATLS_TRY(settings.client, read_role(f.item()));
  }
  if (!f.null()) {
    SEATLS_TRY(settings.server, read_role(f.item()));
  }
  settings.danger_other_plain = f.flag();
  SEATLS_CHECK(f.done());
  return settings;
}

cbor::Value to_value(const Event& e) {
  cbor::Array claims;
  for (const auto& [claim, text] : e.claims)
    claims.push_back(cbor::array({cbor::text(claim), cbor::text(text)}));
  return cbor::array({number(static_cast<std::uint64_t>(e.role)), cbor::text(e.address),
                      e.refused ? to_value(*e.refused) : cbor::Value(), cbor::boolean(e.attested),
                      cbor::text(e.verdict), cbor::text(e.scheme), cbor::text(e.policy),
                      cbor::array(std::move(claims)), cbor::boolean(e.pki_verified), cbor::text(e.peer_name),
                      cbor::text(e.self_scheme), cbor::text(e.suite), to_value(e.dangers)});
}

Result<Event> read_event(const cbor::Value& value) {
  Fields f(value, "an event");
  Event e;
  e.role = f.one_of<Role>([](Role r) { return r == Role::client || r == Role::server; });
  e.address = f.text();
  if (!f.null()) e.refused = read_error(f.item());
  e.attested = f.flag();
  e.verdict = f.text();
  e.scheme = f.text();
  e.policy = f.text();
  for (const auto& item : f.items()) {
    Fields c(item, "a claim");
    std::string claim = c.text();
    e.claims.emplace_back(std::move(claim), c.text());
    SEATLS_CHECK(c.done());
  }
  e.pki_verified = f.flag();
  e.peer_name = f.text();
  e.self_scheme = f.text();
  e.suite = f.text();
  e.dangers = f.texts();
  SEATLS_CHECK(f.done());
  return e;
}

}  // namespace seatls::preload
