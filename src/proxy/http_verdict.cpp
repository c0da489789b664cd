#include "proxy/http_verdict.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "proxy/http_message.h"
#include "rats/jws.h"

namespace seatls::proxy {
namespace {

namespace json = codec::json;

// Application servers take 8 KiB of a head, and not much more.
constexpr std::size_t most_claims = 4096;
constexpr std::int64_t token_seconds = 60;

// encoded is percent-encoding: claims come from evidence, and may hold anything.
std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~:/").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      out += "%" + base::to_hex(view(std::string_view(&c, 1)));
  }
  return out;
}

bool is_told(const config::HttpRules& rules, std::string_view claim) {
  return std::ranges::any_of(rules.verdict_claims, [&](std::string_view name) {
    if (name.ends_with(".*")) return claim.starts_with(name.substr(0, name.size() - 1));
    return claim == name;
  });
}

std::string claims_text(const reattest::Claims& claims) {
  std::string out;
  for (const auto& [name, value] : claims)
    out += (out.empty() ? "" : "&") + encoded(name) + "=" + encoded(value);
  return out;
}

// Row is what the fields and the token say alike. A certificate or evidence may hold anything: in either it
// is one text that needs no more quoting.
struct Row {
  std::string_view field;
  const char* member;
  std::string value;  // empty: left out
};

std::array<Row, 6> rows_of(const VerdictFacts& facts) {
  return {{{"Seatls-Model", "model", facts.model},
           {"Seatls-Key", "key", facts.key},
           {"Seatls-Attested-At", "attested_at", facts.attested_at},
           {"Seatls-Valid-Until", "valid_until", facts.valid_until},
           {"Seatls-Identity", "identity", encoded(facts.identity)},
           {"Seatls-Claims", "claims", claims_text(facts.claims)}}};
}

const AttestedPeer* attested(const PeerVerdict& v) {
  if (v.channel != nullptr && v.channel->latest) return &*v.channel->latest;
  return v.session != nullptr && v.session->peer ? &*v.session->peer : nullptr;
}

}  // namespace

VerdictFacts facts_of(const PeerVerdict& v, const config::HttpRules& rules) {
  VerdictFacts out;
  const bool trusted = v.channel == nullptr || v.channel->standing == reattest::Standing::trusted;
  out.restricted = v.restricted || !trusted;
  if (out.restricted) {
    const bool known = v.channel != nullptr && v.channel->last_failure;
    out.failure = known ? std::string(name(v.channel->last_failure->code)) : "";
    return out;
  }
  if (v.session != nullptr && v.session->pki_verified) out.identity = v.session->peer_name;
  const auto* peer = attested(v);
  if (peer == nullptr) return out;
  const ResultParts& result = *peer->result();
  out.verdict = std::string(name(result.tier));
  out.scheme = result.scheme;
  out.model = std::string(name(result.model));
  out.key = std::string(name(result.key));
  out.attested_at = base::to_rfc3339(result.appraised_at);
  if (result.valid_until) out.valid_until = base::to_rfc3339(*result.valid_until);
  for (const auto& claim : result.claims)
    if (is_told(rules, claim.first)) out.claims.push_back(claim);
  // All or none: an application that misses a claim must not take it for another's.
  if (claims_text(out.claims).size() > most_claims) out.claims.clear();
  return out;
}

std::string fields_of(const VerdictFacts& facts) {
  std::string out;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) append_field(out, name, value);
  };
  add("Seatls-Verdict", facts.verdict);
  if (facts.restricted) add("Seatls-Restricted", facts.failure.empty() ? "unattested" : facts.failure);
  add("Seatls-Scheme", encoded(facts.scheme));
  for (const auto& row : rows_of(facts)) add(row.field, row.value);
  return out;
}

Result<std::string> signed_field(const VerdictFacts& facts, const config::HttpRules& rules,
                                 const TokenRequest& request, Time now) {
  json::Object about{{"verdict", json::Value(facts.verdict)}, {"restricted", json::Value(facts.restricted)}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) about.emplace_back(name, json::Value(value));
  };
  add("failure", facts.failure);
  add("scheme", facts.scheme);
  for (const auto& row : rows_of(facts)) add(row.member, row.value);
  const std::int64_t issued = now.time_since_epoch().count();
  json::Object payload{{"iss", json::Value(rules.verdict_issuer)},
                       {"iat", json::Value(issued)},
                       {"exp", json::Value(issued + token_seconds)},
                       {"jti", json::Value(base::to_hex(crypto::random_bytes(12)))},
                       {"htm", json::Value(std::string(request.method))},
                       {"host", json::Value(std::string(request.host))},
                       {"target", json::Value(std::string(request.target))},
                       {"seatls", json::Value(std::move(about))}};
  SEATLS_TRY(const auto text, json::write(json::Value(std::move(payload))));
  SEATLS_TRY(const auto token, rats::sign_jws(view(text), rules.verdict_key->key,
                                              {{"typ", json::Value("seatls-verdict+jwt")},
                                               {"kid", json::Value(rules.verdict_key->id)}}));
  std::string out;
  append_field(out, "Seatls-Token", token);
  return out;
}

}  // namespace seatls::proxy
