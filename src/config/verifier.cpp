// [verifier]: whose results are accepted, and where that verifier is asked to judge peers' evidence.
#include <algorithm>
#include <array>

#include "config/draft.h"
#include "config/text.h"
#include "crypto/signature.h"
#include "crypto/x509.h"
#include "rats/key_format.h"
#include "seatls/remote_verifier.h"

namespace seatls::config {
namespace {

using namespace std::chrono_literals;

// keys_of_jwks reads a JWK, or a set of them as verifiers publish it.
Result<std::vector<Spki>> keys_of_jwks(std::string_view text) {
  SEATLS_TRY(const auto json, codec::json::parse(text));
  std::vector<Spki> keys;
  const auto* set = json.find("keys");
  if (set == nullptr) {
    SEATLS_TRY(const auto key, rats::from_jwk(json));
    keys.push_back(key.spki());
  } else if (set->array() != nullptr) {
    for (const auto& entry : *set->array()) {
      SEATLS_TRY(const auto key, rats::from_jwk(entry));
      keys.push_back(key.spki());
    }
  }
  if (keys.empty()) return Error{Code::malformed, "the set holds no key", "keys"};
  return keys;
}

Result<std::vector<Spki>> keys_of(const std::string& text) {
  if (text.find_first_not_of(" \t\r\n") != std::string::npos &&
      text[text.find_first_not_of(" \t\r\n")] == '{')
    return keys_of_jwks(text);
  if (const auto key = crypto::PublicKey::from_pem(text)) return std::vector{key->spki()};
  if (const auto chain = crypto::parse_pem_certificates(text); chain && !chain->empty())
    return std::vector{chain->front().spki()};
  return Error{Code::malformed, "there is neither a public key nor a certificate in the file", ""};
}

// What else the file says belongs to a judgement that is made here.
void refuse_own_judgement(Draft& d) {
  if (d.file.mentioned("require.policy"))
    d.wrong("require.policy",
            "evidence is judged by the verifier at verifier.url, by its own policy: this one would not be "
            "applied",
            "leave it out, and give the policy to the verifier; or leave verifier.url out, and judge here");
  if (d.file.has("require.pin"))
    d.wrong("require.pin", "a verifier's result does not tell which instance it is about",
            "pin instances in the verifier's own policy");
  if (d.file.has_table("collateral"))
    d.wrong("collateral", "the verifier at verifier.url fetches what it needs itself",
            "leave the section out");
  if (d.file.text("require.model") == "passport")
    d.wrong("require.model", "\"passport\" takes results alone, and nobody is asked at verifier.url",
            "leave verifier.url out, or write schemes = [\"tpm2\", \"result\"] to take both");
}

void read_times(Draft& d, RemoteVerifierOptions& o) {
  if (const auto time = d.duration("verifier.timeout", {100ms, 60s, "100ms to 60s"}, "the default is \"3s\""))
    o.timeout = *time;
  if (const auto time = d.duration("verifier.budget", {100ms, 600s, "100ms to 10m"}, "the default is \"8s\""))
    o.budget = *time;
  if (o.budget < o.timeout && !d.file.has("verifier.timeout")) o.timeout = o.budget;
  if (o.budget < o.timeout)
    d.wrong("verifier.timeout", "one attempt may take longer than verifier.budget allows for all of them",
            "write a budget that is longer than the timeout");
  if (const auto all = d.out.config.credential_timeout; o.budget >= all)
    d.wrong(d.file.has("verifier.budget") ? "verifier.budget" : "endpoint.credential_timeout",
            "the handshake ends after " + std::to_string(all.count()) + " ms, before the verifier's " +
                std::to_string(o.budget.count()) + " ms are over",
            "write a budget below endpoint.credential_timeout");
  if (const auto retries = d.number("verifier.retries", 0, 10, "the default is 1"))
    o.retries = static_cast<unsigned>(*retries);
  if (const auto most = d.number("verifier.outstanding", 1, 100'000, "the default is 512"))
    o.outstanding = static_cast<std::size_t>(*most);
}

void read_services(Draft& d, RemoteVerifierOptions& o, const std::string& identity) {
  o.danger_plain_http = d.file.flag("danger.verifier_over_http");
  for (const auto& url : d.file.texts("verifier.url")) {
    o.services.push_back({identity, url});
    d.check_url("verifier.url", url, o.danger_plain_http, "verifier_over_http");
  }
  if (d.file.texts("verifier.url").empty())
    d.wrong("verifier.url", "no address is named", "write url = \"https://verifier.example:8443\"");
}

void read_schemes(Draft& d, RemoteVerifierOptions& o) {
  o.schemes = d.file.texts("require.schemes");
  if (d.file.text("require.model") == "background-check") std::erase(o.schemes, "result");
  if (!d.file.mentioned("require.schemes"))
    d.wrong("verifier.url", "nothing says which evidence peers are asked for",
            "write schemes = [\"tpm2\"], or whatever the verifier appraises, below [require]");
}

void read_dangers(Draft& d, RemoteVerifierOptions& o) {
  struct Row {
    std::string_view key;
    bool* flag;
  };
  const std::array rows = {Row{"danger.allow_unproven_tik", &o.danger.allow_unproven_tik},
                           Row{"danger.allow_unbound_result", &o.danger.allow_unbound_result},
                           Row{"danger.software_evidence", &o.danger.software_evidence},
                           Row{"danger.allow_unnamed_evidence", &o.danger_unnamed_evidence},
                           Row{"danger.verifier_over_http", &o.danger_plain_http}};
  for (const auto& row : rows) {
    *row.flag = d.file.flag(row.key);
    if (*row.flag) d.add_danger(std::string(row.key.substr(row.key.find('.') + 1)));
  }
}

}  // namespace

std::vector<Spki> read_pinned_keys(Draft& d, std::string_view key, std::string_view of) {
  std::vector<Spki> keys;
  const auto files = d.file.texts(key);
  if (files.empty() && (!d.file.mentioned(key) || d.file.has(key)))
    d.wrong(key, "the key that signs the verifier's results is missing",
            "write " + std::string(of) + " = \"verifier.pem\", a public key, a certificate or a JWK");
  for (const auto& file : files) {
    const auto text = read_text_file(d.resolve(file));
    if (!text) {
      d.wrong_file(key, text.error(), "name a file beside this one, or write its whole path");
      continue;
    }
    auto read = keys_of(*text);
    if (read)
      keys.insert(keys.end(), read->begin(), read->end());
    else
      d.wrong(key, read.error().detail, "give a PEM public key (seatls key show --public KEY) or a JWK");
  }
  return keys;
}

std::string read_ca(Draft& d, std::string_view key) {
  if (!d.file.has(key)) return "";
  auto pem = d.content(key);
  if (!pem) return "";
  if (crypto::parse_pem_certificates(*pem)) return std::move(*pem);
  d.wrong(key, "there is no certificate in the file", "name the PEM file of who vouches for the server");
  return "";
}

std::optional<TrustedVerifier> read_trusted_verifier(Draft& d) {
  TrustedVerifier trusted{d.file.text("verifier.name"), {}};
  if (trusted.identity.empty())
    d.wrong("verifier.name", "the verifier has no name",
            "write the name that its results are negotiated by: name = \"verifier.example\"");
  trusted.keys = read_pinned_keys(d, "verifier.key", "key");
  if (trusted.keys.empty() || trusted.identity.empty()) return std::nullopt;
  return trusted;
}

void read_result_rules(Draft& d, ResultPolicy& result) {
  if (d.file.has("verifier.audience")) result.audience = d.file.text("verifier.audience");
  if (!d.file.has("verifier.max_age")) return;
  const auto age = parse_duration(d.file.text("verifier.max_age"));
  if (!age)
    d.wrong("verifier.max_age", "this is no duration", age.error().detail);
  else
    result.max_age = std::chrono::duration_cast<std::chrono::seconds>(*age);
}

std::shared_ptr<Verifier> read_remote_verifier(Draft& d) {
  refuse_own_judgement(d);
  RemoteVerifierOptions o;
  const auto trusted = read_trusted_verifier(d);
  o.result.max_age = 5min;  // verdicts are made on demand
  read_result_rules(d, o.result);
  read_dangers(d, o);
  read_services(d, o, trusted ? trusted->identity : "");
  read_schemes(d, o);
  read_times(d, o);
  if (const auto key = d.file.text("require.key"); !key.empty())
    o.key = key == "proven" ? KeyProvenance::proven : KeyProvenance::measured;
  o.ca_pem = read_ca(d, "verifier.ca");
  if (!d.mistakes.empty() || !trusted) return nullptr;
  o.result.verifiers = {*trusted};
  auto made = make_remote_verifier(std::move(o));
  if (made) return std::move(*made);
  d.wrong("verifier.url", made.error().detail,
          "mend what is named; docs/usage/remote-verifier.md tells all of it");
  return nullptr;
}

}  // namespace seatls::config
