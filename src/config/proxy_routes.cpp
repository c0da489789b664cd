#include "config/proxy_routes.h"

#include <algorithm>
#include <array>

#include "config/draft.h"
#include "config/text.h"
#include "rats/key_format.h"

namespace seatls::config {
namespace {

using namespace std::chrono_literals;

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// why_no_path says why no request could have this path, or nothing.
std::string why_no_path(std::string_view path) {
  if (!path.starts_with('/')) return "a path begins with a slash";
  if (path.find_first_of("?#;\\%") != std::string_view::npos)
    return "a path is written without percent-encoding, parameters and query";
  if (path.find('*') != std::string_view::npos) return "a star may only stand for all that follows a slash";
  const std::string whole = std::string(path) + "/";
  for (const std::string_view odd : {"/./", "/../"})
    if (whole.find(odd) != std::string::npos) return "such a path is refused in every request";
  if (path.find("//") != std::string_view::npos) return "such a path is refused in every request";
  return {};
}

// Route reads one [[proxy.listener.route]].
class Route {
 public:
  Route(Draft& draft, std::string name, const LoadedConfig& endpoint)
      : d_(draft), name_(std::move(name)), endpoint_(endpoint) {}

  HttpRoute read() {
    read_path();
    read_methods();
    out_.deny = d_.file.flag(key("deny"));
    out_.restricted = d_.file.flag(key("restricted"));
    if (out_.restricted && endpoint_.channel.plan.on_failure != reattest::OnFailure::restrict)
      wrong("restricted", "a connection is never restricted here: a failed re-attestation ends it",
            "write on_failure = \"restrict\" below [require]");
    read_demand();
    if (out_.deny)
      for (const std::string_view k : {"max_age", "claims", "restricted"})
        if (d_.file.mentioned(key(k)))
          wrong(k, "the route is closed to everybody", "leave out this key, or deny = true");
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string key(std::string_view k) const { return name_ + "." + std::string(k); }
  void wrong(std::string_view k, std::string what, std::string remedy) {
    d_.wrong(key(k), std::move(what), std::move(remedy));
  }

  void read_path() {
    if (!d_.file.has(key("path"))) {
      if (!d_.file.mentioned(key("path")))
        wrong("path", "it is not said which requests are meant",
              "write path = \"/v1/transfer\", or \"/v1/*\" with all below");
      return;
    }
    std::string path = d_.file.text(key("path"));
    if (path.ends_with("/*")) {
      out_.below = true;
      path.resize(path.size() - (path.size() > 2 ? 2 : 1));
    }
    if (const auto why = why_no_path(path); !why.empty())
      wrong("path", why, "write it as \"/v1/transfer\", or \"/v1/*\" with all below");
    out_.path = std::move(path);
  }

  void read_methods() {
    out_.methods = d_.file.texts(key("methods"));
    if (out_.methods.empty() && d_.file.has(key("methods")))
      wrong("methods", "no method is left", "name at least one, or leave the key out for any");
    for (const auto& method : out_.methods) {
      if (!is_token(method))
        wrong("methods", "\"" + method + "\" is no method", "write methods = [\"GET\", \"POST\"]");
      if (method == "CONNECT" || method == "TRACE" || method == "TRACK")
        wrong("methods", method + " never passes the proxy", "leave it out");
    }
  }

  void read_demand() {
    if (const auto age = d_.duration(key("max_age"), {0s, 24h, "0s to 24h"},
                                     "\"0s\" asks the peer anew for every request"))
      out_.max_age = *age;
    for (const auto& claim : d_.file.texts(key("claims"))) {
      const auto equals = claim.find('=');
      if (equals == std::string::npos || equals == 0)
        wrong("claims", "\"" + claim + "\" is no claim",
              "write claims = [\"name=value\"]; `seatls connect` shows them");
      else
        out_.claims.emplace_back(claim.substr(0, equals), claim.substr(equals + 1));
    }
    const std::string_view first = d_.file.mentioned(key("max_age")) ? "max_age" : "claims";
    if (!out_.demands()) return;
    if (!endpoint_.config.require)
      wrong(first, "nothing is demanded of the peer, so nothing can be asked of it",
            "write [require], with timing = \"hybrid\" or \"post\"");
    else if (out_.max_age && !endpoint_.demands_channel())
      wrong("max_age", "with timing \"intra\" the peer is attested once, in the handshake",
            "write timing = \"hybrid\" or \"post\" below [require]");
  }

  Draft& d_;
  const std::string name_;
  const LoadedConfig& endpoint_;
  HttpRoute out_;
};

// covers tells whether each request that fits `later` fits `earlier`, which stands in front of it.
bool covers(const HttpRoute& earlier, const HttpRoute& later) {
  const auto base = earlier.path == "/" ? std::string("/") : earlier.path + "/";
  const bool path = (earlier.path == later.path && (earlier.below || !later.below)) ||
                    (earlier.below && later.path.starts_with(base));
  const bool methods = earlier.methods.empty() ||
                       (!later.methods.empty() && std::ranges::all_of(later.methods, [&](const auto& m) {
                         return std::ranges::find(earlier.methods, m) != earlier.methods.end();
                       }));
  return path && methods;
}

void read_routes(Draft& d, const std::string& listener, const LoadedConfig& endpoint, HttpRules& rules) {
  const std::string list = listener + ".route";
  for (std::size_t i = 0; i < d.file.rows(list); ++i) {
    const std::string name = list + "[" + std::to_string(i) + "]";
    auto route = Route(d, name, endpoint).read();
    const auto before =
        std::ranges::find_if(rules.routes, [&](const auto& earlier) { return covers(earlier, route); });
    if (before != rules.routes.end() && !route.path.empty() && !before->path.empty())
      d.wrong(name + ".path",
              "no request gets here: all take the route " + before->text() + " in front of it",
              "put the narrower route first");
    rules.routes.push_back(std::move(route));
  }
}

void read_verdict(Draft& d, const std::string& listener, HttpRules& rules) {
  const auto key = [&](std::string_view k) { return listener + "." + std::string(k); };
  rules.verdict_claims = d.file.texts(key("verdict_claims"));
  for (const auto& name : rules.verdict_claims)
    if (const auto star = name.find('*');
        name.empty() || (star != std::string::npos && (star + 1 != name.size() || !name.ends_with(".*"))))
      d.wrong(key("verdict_claims"), "\"" + name + "\" names no claims",
              "write a claim's name, or \"tpm2.*\" for all that begin so");
  rules.verdict_issuer = d.file.has(key("verdict_issuer")) ? d.file.text(key("verdict_issuer")) : "seatls";
  if (!d.file.has(key("verdict_key"))) {
    if (d.file.has(key("verdict_issuer")))
      d.wrong(key("verdict_issuer"), "nothing is signed here",
              "write verdict_key = \"verdict.key\", or leave it out");
    return;
  }
  const auto pem = d.content(key("verdict_key"));
  if (!pem) return;
  auto made = [&]() -> Result<std::shared_ptr<const VerdictKey>> {
    SEATLS_TRY(auto secret, crypto::PrivateKey::from_pem(*pem));
    return VerdictKey::make(std::move(secret));
  }();
  if (!made)
    return d.wrong_file(key("verdict_key"), made.error(),
                        "name a PEM file of a private key: P-256, P-384 or Ed25519");
  rules.verdict_key = std::move(*made);
}

}  // namespace

Result<std::shared_ptr<const VerdictKey>> VerdictKey::make(crypto::PrivateKey key) {
  SEATLS_TRY(auto id, rats::jwk_thumbprint(key.public_key()));
  return std::make_shared<const VerdictKey>(VerdictKey{rats::JwsKey(std::move(key)), std::move(id)});
}

std::string HttpRoute::text() const {
  std::string out;
  for (const auto& method : methods) out += (out.empty() ? "" : "|") + method;
  if (!out.empty()) out += " ";
  return out + path + (below ? (path == "/" ? "*" : "/*") : "");
}

HttpRules read_http_rules(Draft& d, const std::string& listener, const LoadedConfig& endpoint) {
  HttpRules rules;
  rules.forward_others = d.file.text(listener + ".otherwise") == "forward";
  if (const auto how = d.file.text(listener + ".forwarded"); !how.empty())
    rules.forwarded = how == "append"   ? ForwardedHeaders::append
                      : how == "remove" ? ForwardedHeaders::remove
                                        : ForwardedHeaders::replace;
  read_routes(d, listener, endpoint, rules);
  read_verdict(d, listener, rules);
  if (rules.routes.empty() && !rules.forward_others && !d.file.mentioned(listener + ".route") &&
      !d.file.mentioned(listener + ".otherwise"))
    d.wrong(listener + ".route", "no request may pass: there is no route",
            "write [[proxy.listener.route]] with a path, or otherwise = \"forward\"");
  return rules;
}

void refuse_http_keys(Draft& d, const std::string& listener) {
  constexpr std::array<std::string_view, 6> keys{"route",          "otherwise",   "forwarded",
                                                 "verdict_claims", "verdict_key", "verdict_issuer"};
  for (const auto k : keys)
    if (const auto key = listener + "." + std::string(k); d.file.mentioned(key))
      d.wrong(key, "only mode \"http\" knows requests", "write mode = \"http\", or leave it out");
}

}  // namespace seatls::config
