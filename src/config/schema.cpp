#include "config/schema.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace seatls::config {
namespace {

constexpr std::array rows = {
    KeySpec{"endpoint", "role", Kind::text, "server|client"},
    KeySpec{"endpoint", "listen"},
    KeySpec{"endpoint", "connect"},
    KeySpec{"endpoint", "certificate"},
    KeySpec{"endpoint", "key"},
    KeySpec{"endpoint", "ca"},
    KeySpec{
        "endpoint", "suites", Kind::texts,
        "TLS_AES_128_GCM_SHA256|TLS_AES_256_GCM_SHA384|TLS_CHACHA20_POLY1305_SHA256|TLS_AES_128_CCM_SHA256"},
    KeySpec{"endpoint", "framing", Kind::text, "auto|seatls/1|none"},
    KeySpec{"endpoint", "extension_type", Kind::number},
    KeySpec{"endpoint", "credential_timeout"},

    KeySpec{"attest", "attester"},
    KeySpec{"attest", "tcti"},
    KeySpec{"attest", "pcrs", Kind::numbers},
    KeySpec{"attest", "pcr_bank", Kind::text, "sha1|sha256|sha384|sha512"},
    KeySpec{"attest", "ak"},
    KeySpec{"attest", "ak_certificate"},
    KeySpec{"attest", "ek_certificate"},
    KeySpec{"attest", "event_log"},
    KeySpec{"attest", "owner_password"},
    KeySpec{"attest", "endorsement_password"},
    KeySpec{"attest", "key"},
    KeySpec{"attest", "swname"},
    KeySpec{"attest", "swversion"},
    KeySpec{"attest", "measure", Kind::texts},
    KeySpec{"attest", "ueid"},
    KeySpec{"attest", "debug_disabled", Kind::flag},
    KeySpec{"attest", "result"},
    KeySpec{"attest", "verifier"},
    KeySpec{"attest", "url", Kind::names},
    KeySpec{"attest", "verifier_key", Kind::names},
    KeySpec{"attest", "ca"},
    KeySpec{"attest", "cache"},
    KeySpec{"attest", "kek"},
    KeySpec{"attest", "path"},
    KeySpec{"attest", "privlevel", Kind::number},
    KeySpec{"attest", "platform"},
    KeySpec{"attest", "measurement"},
    KeySpec{"attest", "parts", Kind::tables},

    KeySpec{"require", "attestation", Kind::text, "required|optional|off"},
    KeySpec{"require", "identity", Kind::text, "pki+attested|attested-key|pki"},
    KeySpec{"require", "accept", Kind::texts},
    KeySpec{"require", "name"},
    KeySpec{"require", "pin", Kind::texts},
    KeySpec{"require", "key", Kind::text, "proven|measured"},
    KeySpec{"require", "timing", Kind::text, "intra|post|hybrid"},
    KeySpec{"require", "model", Kind::text, "background-check|passport"},
    KeySpec{"require", "schemes", Kind::texts},
    KeySpec{"require", "policy", Kind::names},
    KeySpec{"require", "reattest"},
    KeySpec{"require", "on_failure", Kind::text, "close|restrict"},

    KeySpec{"post", "profile"},
    KeySpec{"post", "label"},
    KeySpec{"post", "extension_type", Kind::number},
    KeySpec{"post", "body", Kind::text, "json|cbor"},
    KeySpec{"post", "name_schemes", Kind::flag},
    KeySpec{"post", "jitter", Kind::number},
    KeySpec{"post", "answer_within"},
    KeySpec{"post", "attempts", Kind::number},
    KeySpec{"post", "back_off"},
    KeySpec{"post", "may_change", Kind::texts},

    KeySpec{"verifier", "url", Kind::names},
    KeySpec{"verifier", "name"},
    KeySpec{"verifier", "key", Kind::names},
    KeySpec{"verifier", "audience"},
    KeySpec{"verifier", "max_age"},
    KeySpec{"verifier", "ca"},
    KeySpec{"verifier", "timeout"},
    KeySpec{"verifier", "budget"},
    KeySpec{"verifier", "retries", Kind::number},
    KeySpec{"verifier", "outstanding", Kind::number},

    KeySpec{"collateral", "cache"},
    KeySpec{"collateral", "offline", Kind::flag},
    KeySpec{"collateral", "pcs"},
    KeySpec{"collateral", "kds"},
    KeySpec{"collateral", "intel_root_crl"},
    KeySpec{"collateral", "ca"},
    KeySpec{"collateral", "timeout"},
    KeySpec{"collateral", "retries", Kind::number},
    KeySpec{"collateral", "budget"},
    KeySpec{"collateral", "refresh"},

    KeySpec{"service", "store"},
    KeySpec{"service", "policy", Kind::names},
    KeySpec{"service", "corim_keys", Kind::names},
    KeySpec{"service", "signing_key"},
    KeySpec{"service", "tcti"},
    KeySpec{"service", "owner_password"},
    KeySpec{"service", "issuer"},
    KeySpec{"service", "results", Kind::text, "veraison-2023|ietf-03"},
    KeySpec{"service", "result_lifetime"},
    KeySpec{"service", "session_lifetime"},
    KeySpec{"service", "retain_evidence", Kind::flag},
    KeySpec{"service", "administrators"},
    KeySpec{"service", "operations"},
    KeySpec{"service", "requests_per_second", Kind::number},
    KeySpec{"service", "sessions", Kind::number},
    KeySpec{"service", "connections", Kind::number},
    KeySpec{"service", "connections_of_client", Kind::number},
    KeySpec{"service", "workers", Kind::number},
    KeySpec{"service", "largest_body", Kind::number},
    KeySpec{"service", "sandbox", Kind::text, "available|required"},

    KeySpec{"proxy", "operations"},
    KeySpec{"proxy", "threads", Kind::number},
    KeySpec{"proxy", "connections", Kind::number},
    KeySpec{"proxy", "connections_of_client", Kind::number},
    KeySpec{"proxy", "connections_per_second", Kind::number},
    KeySpec{"proxy", "handshake"},
    KeySpec{"proxy", "connect"},
    KeySpec{"proxy", "idle"},
    KeySpec{"proxy", "drain"},
    KeySpec{"proxy", "watch"},
    KeySpec{"proxy", "tickets", Kind::flag},
    KeySpec{"proxy", "sandbox", Kind::text, "available|required"},
    KeySpec{"proxy", "readable", Kind::names},
    KeySpec{"proxy", "listener", Kind::rows},
    KeySpec{"proxy.listener", "listen"},
    KeySpec{"proxy.listener", "to"},
    KeySpec{"proxy.listener", "mode", Kind::text, "tcp|http|socks5|connect"},
    KeySpec{"proxy.listener", "sni", Kind::names},
    KeySpec{"proxy.listener", "allow", Kind::texts},
    KeySpec{"proxy.listener", "proxy_protocol", Kind::flag},
    KeySpec{"proxy.listener", "config"},
    KeySpec{"proxy.listener", "otherwise", Kind::text, "deny|forward"},
    KeySpec{"proxy.listener", "forwarded", Kind::text, "replace|append|remove"},
    KeySpec{"proxy.listener", "verdict_claims", Kind::texts},
    KeySpec{"proxy.listener", "verdict_key"},
    KeySpec{"proxy.listener", "verdict_issuer"},
    KeySpec{"proxy.listener", "route", Kind::rows},
    KeySpec{"proxy.listener.route", "path"},
    KeySpec{"proxy.listener.route", "methods", Kind::texts},
    KeySpec{"proxy.listener.route", "deny", Kind::flag},
    KeySpec{"proxy.listener.route", "restricted", Kind::flag},
    KeySpec{"proxy.listener.route", "max_age"},
    KeySpec{"proxy.listener.route", "claims", Kind::texts},

    KeySpec{"exec", "log"},
    KeySpec{"exec", "other_config"},
    KeySpec{"exec", "other_role", Kind::text, "refused|danger-plain"},
    KeySpec{"exec", "loads_openssl_later", Kind::flag},

    KeySpec{"experimental", "interactive_passport", Kind::flag},

    KeySpec{"danger", "allow_unproven_tik", Kind::flag},
    KeySpec{"danger", "allow_unbound_result", Kind::flag},
    KeySpec{"danger", "allow_binder_without_key", Kind::flag},
    KeySpec{"danger", "collateral_over_http", Kind::flag},
    KeySpec{"danger", "verifier_over_http", Kind::flag},
    KeySpec{"danger", "software_evidence", Kind::flag},
    KeySpec{"danger", "allow_unnamed_evidence", Kind::flag},
    KeySpec{"danger", "plain_beyond_host", Kind::flag},
    KeySpec{"danger", "no_sandbox", Kind::flag},
};

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

std::span<const KeySpec> schema() { return rows; }

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = (word.size() + 1) / 3 + 1;
  for (const auto& c : candidates) {
    if (const auto d = distance(word, c); d < least) {
      least = d;
      best = c;
    }
  }
  return best;
}

}  // namespace seatls::config
