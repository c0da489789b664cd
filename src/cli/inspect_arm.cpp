// Attestation tokens of Arm: CCA and PSA.
#include "appraise/schemes/arm/judge.h"
#include "appraise/schemes/cca/parse.h"
#include "appraise/schemes/psa/parse.h"
#include "base/encoding.h"
#include "cli/inspect_types.h"

namespace seatls::cli {
namespace {

namespace arm = appraise::arm;
namespace cca = appraise::cca;

Node told(const std::vector<arm::Component>& components) {
  Node list = Node::array();
  for (const auto& c : components) {
    Node row = Node::object();
    if (!c.type.empty()) row.set("type", c.type);
    if (!c.version.empty()) row.set("version", c.version);
    list.add(row.set("measurement", base::to_hex(c.value)).set("signer_id", base::to_hex(c.signer_id)));
  }
  return list;
}

Node told(const cca::Platform& p) {
  return Node::object()
      .set("profile", p.profile)
      .set("instance_id", base::to_hex(p.instance_id))
      .set("implementation_id", base::to_hex(p.implementation_id))
      .set("lifecycle", std::string(arm::name_of(p.lifecycle)))
      .set("config", base::to_hex(p.config))
      .set("components", told(p.components))
      .set("challenge", base::to_hex(p.challenge));
}

Node told(const cca::Realm& r) {
  Node registers = Node::array();
  for (const auto& value : r.extensible_measurements) registers.add(base::to_hex(value));
  return Node::object()
      .set("profile", r.profile.empty() ? Node() : Node(r.profile))
      .set("challenge", base::to_hex(r.challenge))
      .set("initial_measurement", base::to_hex(r.initial_measurement))
      .set("extensible_measurements", std::move(registers))
      .set("personalization", base::to_hex(r.personalization))
      .set("public_key", std::string(crypto::name(r.key.type())));
}

}  // namespace

Result<Node> inspect_cca_token(ByteView data) {
  SEATLS_TRY(const auto token, cca::parse(Cmw(CmwRecord{MediaType{"any/any"}, bytes(data), 0})));
  return Node::object()
      .set("type", "cca-token")
      .set("size", data.size())
      .set("platform", told(token->platform))
      .set("realm", told(token->realm));
}

Result<Node> inspect_psa_token(ByteView data) {
  SEATLS_TRY(const auto token, appraise::psa::parse(Cmw(CmwRecord{MediaType{"any/any"}, bytes(data), 0})));
  const auto& t = *token;
  const auto or_null = [](std::string value) { return value.empty() ? Node() : Node(std::move(value)); };
  return Node::object()
      .set("type", "psa-token")
      .set("size", data.size())
      .set("profile", t.profile)
      .set("nonce", base::to_hex(t.nonce))
      .set("instance_id", base::to_hex(t.instance_id))
      .set("implementation_id", base::to_hex(t.implementation_id))
      .set("client_id", std::int64_t{t.client_id})
      .set("lifecycle", std::string(arm::name_of(t.lifecycle)))
      .set("boot_seed", or_null(base::to_hex(t.boot_seed)))
      .set("certification_reference", or_null(t.certification_reference))
      .set("verification_service", or_null(t.verification_service))
      .set("components", told(t.components));
}

}  // namespace seatls::cli
