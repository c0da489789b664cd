// A request to the verifier service, as whoever reaches its port may send it: one answer, of a status that
// docs/verifier-api.yaml knows, which can be read; and nothing of what was sent goes to the log.
#include <array>
#include <memory>
#include <set>
#include <string>

#include "base/encoding.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "fuzz/fuzz.h"
#include "service/api.h"

namespace {

using namespace seatls;
using namespace seatls::service;

// The nonce, the keys and the time are those of tests/vectors/software: evidence from there is good here.
constexpr auto* nonce_hex = "d86712ab9748779b613d89188008f8deafc6d83c312e07744d417cdc2fe98d77";
constexpr auto* tik_hex =
    "3059301306072a8648ce3d020106082a8648ce3d0301070342000495e3476b96a9454d467d26bf88c13fd78e4100d7f5b4bfe1a7"
    "3c1a"
    "3004d85e134676645ea10f7550a88dcbf9f340e0ec4043f9d4c830228e9bfd92a132b7bcca";
constexpr std::string_view policy_text = R"(id = "vector"
schemes = ["software"]
[software]
ak = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEM3IhR+KxrHUbzaVjC5eZwzI6XYXf
6QIYO85GQOUq4SUD11ZqiJrmtkvOvV50xhRYzpzSemQOT8ffZ8us+17r9A==
-----END PUBLIC KEY-----
"""
swname = ["echo", "proxy"]
[danger]
software_evidence = true
)";
constexpr std::string_view signer_pem = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIMQvuL3mh5cczKcfZrXJ7Vr67QieFxQMJ8SPny1dOL1q
-----END PRIVATE KEY-----
)";
constexpr auto* waiting_id = "00000000-0000-4000-8000-000000000001";
constexpr auto* token = "token";
const Time now = Time(std::chrono::seconds(1'795'255'200));  // 2026-11-21T10:00:00Z

// World is a service with one session that waits, and one policy.
struct World {
  std::shared_ptr<Store> store = open_store("memory:").value();
  std::unique_ptr<Api> api;

  World() {
    static const Policy policy = Judge::check_policy(std::string(policy_text), "vector").value();
    LocalVerifierOptions local;
    local.clock = [] { return now; };
    local.evidence_cache = std::make_shared<EvidenceCache>();
    ApiOptions options;
    options.administrators = {crypto::digest(Hash::sha256, view(token))};
    options.largest_evidence = 1 << 16;
    auto signer = ResultSigner::make(
                      {.key = crypto::PrivateKey::from_pem(signer_pem).value(), .issuer = "v", .build = "1"},
                      store, now)
                      .value();
    auto judge = std::make_shared<Judge>(JudgeOptions{{policy}, {}, std::nullopt, std::move(local)}, store);
    api = std::make_unique<Api>(Parts{std::move(options), store, std::move(judge), std::move(signer),
                                      std::make_shared<Metrics>(), [] { return now; }});
    Session session;
    session.id = waiting_id;
    session.nonce = base::from_hex(nonce_hex).value();
    session.tik = base::from_hex(tik_hex).value();
    session.expires = now + std::chrono::seconds(150);
    fuzz::demand(store->open_session(session, now).value() == Store::Opened::opened);
  }
};

std::string_view line_of(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

// METHOD TARGET, lines of headers in lower case, an empty line, the body.
std::optional<Request> read_request(std::string_view in) {
  const auto first = line_of(in);
  const auto space = first.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  auto target = parse_target(first.substr(space + 1));
  if (!target) return std::nullopt;  // the server's own answer
  Request request{std::string(first.substr(0, space)),
                  std::move(target->path),
                  std::move(target->query),
                  {},
                  {},
                  "192.0.2.1"};
  for (auto line = line_of(in); !line.empty() && request.headers.size() < 16; line = line_of(in)) {
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) return std::nullopt;
    request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  request.body = bytes(view(in));
  return request;
}

// shared_with finds where the body holds a piece of the note.
constexpr std::size_t piece = 20;
std::optional<std::size_t> shared_with(std::string_view body, std::string_view note) {
  for (std::size_t i = 0; i + piece <= note.size(); ++i)
    if (const auto at = body.find(note.substr(i, piece)); at != std::string_view::npos) return at;
  return std::nullopt;
}

// check returns where the body has what the log has, too.
std::optional<std::size_t> check(const Request& request, const Response& response, const Told& told) {
  static const std::set<unsigned> known = {200, 201, 204, 400, 401, 404, 405, 406, 409, 413, 415, 422, 503};
  fuzz::demand(known.contains(response.status));
  fuzz::demand((response.status == 204) == response.type.empty());
  if (response.type.find("json") != std::string::npos) {
    const auto body = codec::json::parse(response.body);
    fuzz::demand(body.ok() && body->object() != nullptr);
  }
  if (response.status >= 400) fuzz::demand(response.type == "application/problem+json");
  for (const auto& [name, value] : response.headers)
    fuzz::demand((name + value).find_first_of("\r\n") == std::string::npos);

  // The log: a pattern, a hash, and words of ours. Administrators' documents may be quoted to them.
  const bool administered = response.status != 401 && request.header("authorization").size() > 0;
  const auto nonce = base::from_hex(nonce_hex).value();
  for (const auto& secret : {std::string(nonce_hex), base::to_base64url(nonce), std::string(waiting_id),
                             std::string(tik_hex), text(nonce)})
    fuzz::demand((told.route + told.session + told.note).find(secret) == std::string::npos);
  fuzz::demand(told.session.empty() || (told.session.size() == 16 && base::from_hex(told.session).ok()));
  return administered ? std::nullopt : shared_with(text(request.body), told.note);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto request = read_request(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!request) return 0;
  const World world;
  std::optional<std::size_t> shared;
  // Twice: what happened once has to bear being asked for again.
  for (int i = 0; i < 2; ++i) {
    int answers = 0;
    world.api->handle(*request, [&](const Response& response, const Told& told) {
      ++answers;
      shared = check(*request, response, told);
      const bool good = response.status == 200 && response.body.find("\"result\"") != std::string::npos;
      fuzz::demand(!good || request->path.ends_with(waiting_id));
    });
    fuzz::demand(answers == 1);
  }
  // The words may be ours, and the body may know them. Those of the body change with it.
  if (shared) {
    Request other = *request;
    other.body[*shared + piece / 2] ^= 1;
    const auto changed = text(other.body).substr(*shared, piece);
    World().api->handle(other, [&](const Response&, const Told& told) {
      fuzz::demand(told.note.find(changed) == std::string::npos);
    });
  }
  fuzz::demand(world.store->open_sessions(now).value() <= 3);
  return 0;
}
