// VerifierService: what a verifier service answers, as a function from requests to answers. It accepts every
// piece of evidence; what it says besides, a test may change. Real sockets: serve() is a handler of
// fake::Web.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "fake/web.h"
#include "net/http.h"
#include "rats/ear.h"

namespace seatls::fake {

class VerifierService {
 public:
  static constexpr const char* session_type = "application/vnd.veraison.challenge-response-session+json";

  crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  std::function<void(rats::EarClaims&)> edit{};    // what it says, before it is signed
  std::function<std::string(std::string)> swap{};  // the signed token
  unsigned processing = 0;                         // answers of "processing" before the verdict
  std::chrono::seconds lifetime{600};
  bool names_evidence = true;
  std::function<std::int64_t()> clock = [] {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };

  struct Session {
    Bytes nonce;
    std::optional<crypto::PublicKey> tik;
    std::string status = "waiting", result;
    unsigned left = 0;
    std::string type;
    Bytes evidence;
  };

  net::HttpResponse answer(const net::HttpRequest& request) {
    std::string type;
    for (const auto& [name, value] : request.headers)
      if (name == "Content-Type") type = value;
    return answer(request.method, request.url.substr(request.url.find('/', 8)), request.body, type);
  }
  net::HttpResponse answer(const std::string& method, const std::string& target, const Bytes& body,
                           const std::string& type) {
    const std::scoped_lock lock(mutex_);
    const std::string root = "/challenge-response/v1/";
    if (!target.starts_with(root)) return status(404);
    const auto rest = target.substr(root.size());
    if (method == "POST" && rest.starts_with("newSession")) return open(rest);
    if (!rest.starts_with("session/")) return status(404);
    const auto found = sessions_.find(rest.substr(8));
    if (found == sessions_.end()) return status(404);
    auto& session = found->second;
    if (method == "POST") {
      if (session.status != "waiting") return status(400);
      session.evidence = body;
      session.type = type;
      session.status = "processing";
    } else if (method != "GET") {
      return status(405);
    }
    if (session.status == "processing" && session.left-- == 0) {
      session.status = "complete";
      session.result = appraise(session);
    }
    return told(session.status == "processing" ? 202 : 200, session);
  }

  [[nodiscard]] Web::Handler serve() {
    return [this](const Web::Request& request, const Web::Reply& reply) {
      const auto at = request.head.find("Content-Type: ");
      const auto type = at == std::string::npos
                            ? std::string()
                            : request.head.substr(at + 14, request.head.find('\r', at) - at - 14);
      reply(written(answer(request.method, request.target, request.body, type)));
    };
  }
  static std::string written(const net::HttpResponse& r) {
    std::string headers;
    for (const auto& [name, value] : r.headers)
      if (name != "content-type") headers += name + ": " + value + "\r\n";
    return Web::response(r.status, r.header("content-type"), text(r.body), headers);
  }

  [[nodiscard]] std::size_t sessions() const {
    const std::scoped_lock lock(mutex_);
    return sessions_.size();
  }
  [[nodiscard]] Session last() const {
    const std::scoped_lock lock(mutex_);
    return sessions_.at(std::to_string(sessions_.size()));
  }

  static net::HttpResponse status(unsigned code, net::HttpHeaders headers = {},
                                  const std::string& body = "") {
    net::HttpResponse r;
    r.status = code;
    r.headers = std::move(headers);
    r.body = bytes(std::string_view(body));
    return r;
  }

 private:
  static std::string parameter(const std::string& query, const std::string& name) {
    for (const char* before : {"?", "&"})
      if (const auto at = query.find(before + name + "="); at != std::string::npos) {
        const auto start = at + name.size() + 2;
        return query.substr(start, query.find('&', start) - start);
      }
    return "";
  }

  net::HttpResponse open(const std::string& query) {
    Session session;
    session.left = processing;
    const auto nonce = parameter(query, "nonce");
    session.nonce = nonce.empty() ? crypto::random_bytes(32) : base::from_base64url(nonce).value();
    for (const auto& [id, other] : sessions_)
      if (other.nonce == session.nonce)
        return status(409, {{"content-type", "application/problem+json"}},
                      R"({"type":"about:blank","title":"Conflict","detail":"the nonce was used before"})");
    if (const auto tik = parameter(query, "tik"); !tik.empty())
      session.tik = crypto::PublicKey::from_spki(base::from_base64url(tik).value()).value();
    const auto id = std::to_string(sessions_.size() + 1);
    auto response = told(201, sessions_[id] = std::move(session));
    response.headers.emplace_back("location", "session/" + id);
    return response;
  }

  static net::HttpResponse told(unsigned code, const Session& s) {
    using codec::json::Value;
    codec::json::Object object;
    object.emplace_back("status", Value(s.status));
    object.emplace_back("nonce", Value(base::to_base64url(s.nonce)));
    object.emplace_back("expiry", Value("2026-11-21T12:00:00.123456789Z"));
    object.emplace_back("accept", Value(codec::json::Array{Value("application/vnd.example")}));
    if (!s.result.empty()) object.emplace_back("result", Value(s.result));
    return status(code, {{"content-type", session_type}},
                  codec::json::write(Value(std::move(object))).value());
  }

  [[nodiscard]] std::string appraise(const Session& session) const {
    const auto now = clock();
    rats::EarClaims c;
    c.profile = rats::ear_profile::veraison_2023;
    c.iat = now;
    c.exp = now + lifetime.count();
    c.developer = "fake service";
    c.build = "1";
    c.nonces = {bytes(std::string_view(base::to_base64url(session.nonce)))};
    if (names_evidence) c.evidence_digest = crypto::digest(Hash::sha256, session.evidence);
    rats::EarAppraisal a;
    a.submod = "evidence";
    a.status = Tier::affirming;
    a.vector.emplace();
    (*a.vector)[TrustClaim::hardware] = 2;
    if (session.tik) a.cnf = rats::Confirmation{*session.tik, std::nullopt, false};
    c.submods.push_back(std::move(a));
    if (edit) edit(c);
    auto token = rats::sign_ear_jwt(c, key, rats::EarSpelling::veraison_2023).value();
    return swap ? swap(std::move(token)) : token;
  }

  mutable std::mutex mutex_;
  std::map<std::string, Session> sessions_;
};

}  // namespace seatls::fake
