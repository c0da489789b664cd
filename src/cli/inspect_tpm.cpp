// TPM 2.0 structures, and evidence that is made of them.
#include "appraise/schemes/tpm/parse.h"
#include "base/encoding.h"
#include "cli/inspect_nodes.h"
#include "cli/inspect_types.h"
#include "crypto/hash.h"

namespace seatls::cli {
namespace {

namespace tpm = appraise::tpm;

constexpr const char* tpm2_media_type = "application/vnd.seatls.tpm2+cbor";

Node selection_node(const std::vector<tpm::PcrSelection>& selection) {
  Node list = Node::array();
  for (const auto& s : selection) {
    Node pcrs = Node::array();
    for (const auto index : s.pcrs) pcrs.add(index);
    list.add(Node::object().set("hash", name(s.bank)).set("pcrs", std::move(pcrs)));
  }
  return list;
}

Node attest_node(const tpm::Attest& attest) {
  Node node;
  node.set("type", attest.quote() != nullptr ? "0x8018" : "0x8017")
      .set("qualified_signer", base::to_hex(attest.qualified_signer))
      .set("extra_data", base::to_hex(attest.extra_data))
      .set("clock", static_cast<std::int64_t>(attest.clock))
      .set("reset_count", attest.reset_count)
      .set("restart_count", attest.restart_count)
      .set("safe", attest.safe)
      .set("firmware_version", hex_number(attest.firmware_version));
  if (const auto* quote = attest.quote())
    node.set("pcr_selection", selection_node(quote->selection))
        .set("pcr_digest", base::to_hex(quote->pcr_digest));
  if (const auto* certify = attest.certify())
    node.set("name", base::to_hex(certify->name))
        .set("qualified_name", base::to_hex(certify->qualified_name));
  return node;
}

Node attributes_node(tpm::ObjectAttributes attributes) {
  using A = tpm::ObjectAttributes;
  Node list = Node::array();
  const std::pair<std::uint32_t, const char*> names[] = {{A::fixed_tpm, "fixedTPM"},
                                                         {A::fixed_parent, "fixedParent"},
                                                         {A::sensitive_data_origin, "sensitiveDataOrigin"},
                                                         {A::restricted, "restricted"},
                                                         {A::decrypt, "decrypt"},
                                                         {A::sign, "sign"}};
  for (const auto& [bit, text] : names)
    if (attributes.has(bit)) list.add(text);
  return list;
}

Node public_node(const tpm::Public& key) {
  Node node;
  node.set("key", crypto::name(key.key.type()))
      .set("bits", key.key.bits())
      .set("pin", "sha256:" + base::to_hex(crypto::digest(Hash::sha256, key.key.spki().der())))
      .set("name", "name:" + base::to_hex(key.name()))
      .set("name_hash", name(key.name_alg))
      .set("attributes", attributes_node(key.attributes))
      .set("scheme", key.scheme ? Node(std::string(tpm::name(key.scheme->scheme)) + " with " +
                                       std::string(name(key.scheme->hash)))
                                : Node());
  if (!key.auth_policy.empty()) node.set("auth_policy", base::to_hex(key.auth_policy));
  return node;
}

Node signature_node(const tpm::Signature& s) {
  return Node::object().set("scheme", tpm::name(s.scheme.scheme)).set("hash", name(s.scheme.hash));
}

Node chain_node(const std::vector<crypto::Certificate>& chain) {
  Node list = Node::array();
  for (const auto& c : chain) list.add(c.subject());
  return list;
}

}  // namespace

Node pcrs_node(const std::vector<tpm::PcrValue>& pcrs) {
  Node node = Node::object();
  for (const Hash bank : {Hash::sha1, Hash::sha256, Hash::sha384, Hash::sha512}) {
    Node values = Node::object();
    for (const auto& p : pcrs)
      if (p.bank == bank) values.set(std::to_string(p.pcr), base::to_hex(p.value));
    if (!values.members()->empty()) node.set(std::string(name(bank)), std::move(values));
  }
  return node;
}

Node event_log_node(const tee::EventLog& log) {
  Node banks = Node::object();
  for (const Hash bank : {Hash::sha1, Hash::sha256, Hash::sha384, Hash::sha512}) {
    const auto values = tee::replay(log, bank);
    if (values.empty()) continue;
    Node pcrs = Node::object();
    for (const auto& [index, value] : values) pcrs.set(std::to_string(index), base::to_hex(value));
    banks.set(std::string(name(bank)), std::move(pcrs));
  }
  return Node::object()
      .set("kind", "crypto-agile")
      .set("events", log.events.size())
      .set("pcrs", std::move(banks));
}

Result<Node> inspect_tpm2_attest(ByteView data) {
  SEATLS_TRY(const auto attest, tpm::parse_attest(data));
  Node node;
  node.set("type", "tpm2-attest").set("size", data.size());
  node.set(attest.quote() != nullptr ? "quote" : "certify", attest_node(attest));
  return node;
}

Result<Node> inspect_tpm2_public(ByteView data) {
  SEATLS_TRY(const auto key, tpm::parse_public(data));
  return Node::object().set("type", "tpm2-public").set("size", data.size()).set("public", public_node(key));
}

Result<Node> inspect_event_log(ByteView data) {
  SEATLS_TRY(const auto log, tee::parse_event_log(data));
  return Node::object().set("type", "event-log").set("size", data.size()).set("replay", event_log_node(log));
}

Result<Node> inspect_tpm2_evidence(ByteView data) {
  SEATLS_TRY(const auto parsed, tpm::parse(Cmw(CmwRecord{MediaType{tpm2_media_type}, bytes(data)})));
  const auto& e = *parsed;
  Node node;
  node.set("type", "tpm2-evidence")
      .set("size", data.size())
      .set("quote", attest_node(e.quote))
      .set("quote_signature", signature_node(e.quote_signature))
      .set("pcrs", pcrs_node(e.pcrs))
      .set("certify", attest_node(e.certify))
      .set("certify_signature", signature_node(e.certify_signature))
      .set("tik", public_node(e.tik))
      .set("ak", public_node(e.ak))
      .set("ak_chain", chain_node(e.ak_chain))
      .set("ek_chain", chain_node(e.ek_chain))
      .set("event_log", e.event_log ? event_log_node(*e.event_log) : Node());
  return node;
}

}  // namespace seatls::cli
