// Attestation tokens of Arm: CCA.
#include "appraise/schemes/cca/appraise.h"
#include "base/encoding.h"
#include "cli/inspect_types.h"

namespace seatls::cli {
namespace {

namespace cca = appraise::cca;

Node told(const std::vector<cca::Component>& components) {
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
      .set("lifecycle", std::string(cca::name_of(p.lifecycle)))
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

}  // namespace seatls::cli
