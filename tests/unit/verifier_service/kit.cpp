#include "kit.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "seatls/attesters.h"
#include "service/session_json.h"

namespace seatls::service {

codec::json::Value Answered::json() const {
  auto value = codec::json::parse(response.body);
  EXPECT_TRUE(value) << response.status << " " << response.body;
  return value ? *value : codec::json::Value();
}

std::string Answered::member(std::string_view name) const {
  const auto value = json();
  const auto* found = value.find(name);
  const auto text = found == nullptr ? Result<std::string_view>(Error{}) : found->as_text();
  return text ? std::string(*text) : "";
}

std::string Answered::header(std::string_view name) const {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

Machine::Machine()
    : key_(crypto::PrivateKey::generate(crypto::KeyType::p256).value()),
      tik_(key_.public_key().spki()),
      attestation_key_(crypto::PrivateKey::generate(crypto::KeyType::p256).value()) {}

Cmw Machine::evidence(ByteView binder, const std::string& swname) const {
  SoftwareAttesterOptions options;
  options.tiks.push_back(key_.to_pem().value());
  options.attestation_key = attestation_key_.to_pem().value();
  options.swname = swname;
  options.debug_disabled = true;
  const auto attester = make_software_attester(std::move(options)).value();
  std::optional<Cmw> out;
  attester->attest(
      {attester->schemes().front(), danger::binder_from_bytes(bytes(binder), Hash::sha256, tik_)},
      [&](Result<Cmw> made) {
        ASSERT_TRUE(made) << made.error().message();
        out = std::move(*made);
      });
  return out.value();
}

std::string Machine::tik_parameter() const { return "&tik=" + base::to_base64url(tik_.der()); }

std::string Machine::policy() const {
  return "id = \"machines\"\nschemes = [\"software\"]\n[software]\nak = \"\"\"" +
         attestation_key_.public_key().to_pem() +
         "\"\"\"\nswname = \"approved\"\n[danger]\nsoftware_evidence = true\n";
}

Kit::Kit(std::vector<Policy> policies, ApiOptions options) : store(open_store("memory:").value()) {
  options.administrators = {crypto::digest(Hash::sha256, view(admin_token))};
  options.version = "1";
  signer = make_signer(crypto::PrivateKey::generate(crypto::KeyType::p256).value()).value();
  LocalVerifierOptions local;
  local.clock = [this] { return now; };
  local.evidence_cache = std::make_shared<EvidenceCache>();
  auto judge =
      std::make_shared<Judge>(JudgeOptions{std::move(policies), {}, std::nullopt, std::move(local)}, store);
  api = std::make_unique<Api>(Parts{std::move(options), store, std::move(judge), signer,
                                    std::make_shared<Metrics>(), [this] { return now; }});
}

Result<std::shared_ptr<ResultSigner>> Kit::make_signer(crypto::PrivateKey key) const {
  return ResultSigner::make({.key = std::move(key),
                             .lifetime = std::chrono::seconds(600),
                             .issuer = "verifier.example",
                             .build = "1"},
                            store, now);
}

Answered Kit::ask(const std::string& method, const std::string& target, Bytes body, Fields headers) const {
  auto parsed = parse_target(target);
  Request request{method,
                  parsed ? parsed->path : target,
                  parsed ? parsed->query : Fields(),
                  std::move(headers),
                  std::move(body),
                  "192.0.2.1"};
  std::optional<Answered> out;
  api->handle(std::move(request), [&](Response response, Told told) {
    out = Answered{std::move(response), std::move(told)};
  });
  EXPECT_TRUE(out.has_value()) << target;
  if (out) answers_seen().insert({out->told.route, out->status()});
  return out.value_or(Answered{});
}

std::set<std::pair<std::string, unsigned>>& answers_seen() {
  static std::set<std::pair<std::string, unsigned>> seen;
  return seen;
}

Answered Kit::administer(const std::string& method, const std::string& target, Bytes body,
                         Fields headers) const {
  headers.emplace_back("authorization", "Bearer " + admin_token);
  return ask(method, target, std::move(body), std::move(headers));
}

void Kit::activate(const std::string& name, const std::string& text) const {
  const auto added = administer("POST", "/management/v1/policies/" + name, bytes(view(text)),
                                {{"content-type", "application/vnd.seatls.policy+toml"}});
  ASSERT_EQ(added.status(), 201u) << added.response.body;
  const auto version = added.json().find("version")->as_int().value();
  const auto active =
      administer("POST", "/management/v1/policies/" + name + "/" + std::to_string(version) + "/activate");
  ASSERT_EQ(active.status(), 200u) << active.response.body;
}

Kit::Opened Kit::open(const std::string& query) const {
  const auto opened = ask("POST", "/challenge-response/v1/newSession?nonceSize=32" + query);
  EXPECT_EQ(opened.status(), 201u) << opened.response.body;
  const auto nonce = read_nonce(opened.member("nonce"));
  const auto location = opened.header("Location");
  return {location.substr(location.find('/') + 1), nonce ? *nonce : Bytes()};
}

Answered Kit::submit(const std::string& id, const Cmw& evidence) const {
  return ask("POST", "/challenge-response/v1/session/" + id, encode_cmw(evidence).value(), cmw_cbor);
}

}  // namespace seatls::service
