// [attest] attester = "passport": an attestation result in place of evidence, from a file or from a verifier
// that is asked for one again and again.
#include "config/draft.h"
#include "seatls/passport.h"

namespace seatls::config {
namespace {

// What a handshake that comes at once would miss.
constexpr std::chrono::seconds patience_at_the_start{3};

// A JWT may end with the line break that an editor put there; a CWT is bytes.
Bytes trimmed(std::string token) {
  if (token.starts_with("ey"))
    while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  return bytes(std::string_view(token));
}

}  // namespace

std::shared_ptr<Attester> read_passport(const AttestTable& t) {
  PassportHolderOptions options;
  options.verifier = t.text("verifier");
  for (const char* key : {"verifier_key", "ca", "cache", "parts"})
    if (t.has(key) || (std::string_view(key) == "parts" && !t.d.file.tables(t.key(key)).empty()))
      t.wrong(key, "no verifier is asked for results",
              "write url = \"https://verifier.example:8443\", or leave it out");
  if (options.verifier.empty())
    t.wrong("verifier", "nothing says whose result it is",
            "write the name that the verifier's results are negotiated by: verifier = \"verifier.example\"");
  if (!t.has("result")) {
    if (!t.mentioned("result"))
      t.wrong("result", "the result is missing",
              "write result = \"server.ear\", an EAR that the verifier made; or url, to have one fetched");
    return nullptr;
  }
  const auto token = t.content("result");
  if (!token || options.verifier.empty()) return nullptr;
  options.result = trimmed(*token);
  options.danger_unbound_result = t.d.file.flag("danger.allow_unbound_result");
  auto made = make_passport_holder(std::move(options));
  if (!made) return t.wrong_file("attester", made.error(), "look at attest.verifier and attest.result");
  return std::move(*made);
}

std::shared_ptr<Attester> read_renewing_passport(const AttestTable& t, std::shared_ptr<Attester> evidence) {
  RenewingPassportOptions o;
  o.attester = std::move(evidence);
  o.identity = t.text("verifier");
  o.wait_for_first = patience_at_the_start;
  o.danger_plain_http = t.d.file.flag("danger.verifier_over_http");
  o.danger_unnamed_evidence = t.d.file.flag("danger.allow_unnamed_evidence");
  if (o.danger_plain_http) t.d.add_danger("verifier_over_http");
  if (o.danger_unnamed_evidence) t.d.add_danger("allow_unnamed_evidence");
  if (t.has("result"))
    t.wrong("result", "the verifier at attest.url is asked for results",
            "write cache = \"server.ear\" to keep them");
  if (o.identity.empty())
    t.wrong("verifier", "nothing says whose results they are",
            "write the name that the verifier's results are negotiated by: verifier = \"verifier.example\"");
  o.urls = t.d.file.texts(t.key("url"));
  for (const auto& url : o.urls) t.d.check_url(t.key("url"), url, o.danger_plain_http, "verifier_over_http");
  o.keys = read_pinned_keys(t.d, t.key("verifier_key"), "verifier_key");
  o.ca_pem = read_ca(t.d, t.key("ca"));
  if (t.has("cache")) o.cache = t.d.resolve(t.text("cache")).string();
  if (!t.d.mistakes.empty() || o.attester == nullptr || !t.d.spki) return nullptr;
  o.tik = *t.d.spki;
  auto made = make_renewing_passport(std::move(o));
  if (!made)
    return t.wrong("url", made.error().detail,
                   "mend what is named; docs/usage/remote-verifier.md tells all of it");
  return std::move(*made);
}

}  // namespace seatls::config
