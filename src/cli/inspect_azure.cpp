// Evidence of Azure's confidential VMs, in every form, and its parts alone.
#include "appraise/schemes/azure/forms.h"
#include "appraise/schemes/azure/hcl_report.h"
#include "base/encoding.h"
#include "cli/inspect_nodes.h"
#include "cli/inspect_types.h"
#include "crypto/hash.h"

namespace seatls::cli {
namespace {

namespace azure = appraise::azure;
namespace tpm = appraise::tpm;

// A part that cannot be read is told as such: the others still can be.
Node part(Result<Node> node) {
  if (node) return std::move(*node);
  return Node::object().set("unreadable", node.error().message());
}

Node key_node(const crypto::PublicKey& key) {
  return Node::object()
      .set("key", crypto::name(key.type()))
      .set("bits", key.bits())
      .set("pin", "sha256:" + base::to_hex(crypto::digest(Hash::sha256, key.spki().der())));
}

Node variable_data_node(const azure::VariableData& data, Hash hash) {
  Node configuration = Node::object();
  for (const auto& [member, value] : data.configuration) configuration.set(member, value);
  Node node;
  node.set("size", data.raw.size())
      .set("hash", std::string(name(hash)) + ":" + base::to_hex(crypto::digest(hash, data.raw)))
      .set("ak", key_node(data.ak))
      .set("vm_configuration", std::move(configuration))
      .set("user_data", data.user_data ? Node(base::to_hex(*data.user_data)) : Node());
  return node;
}

Node attest_part(const tpm::Attest& attest) {
  const auto node = inspect_tpm2_attest(attest.raw);
  const auto* inner = node ? node->find(attest.quote() != nullptr ? "quote" : "certify") : nullptr;
  return inner == nullptr ? Node() : *inner;
}

Node signature_part(const tpm::Signature& s) {
  return Node::object().set("scheme", tpm::name(s.scheme.scheme)).set("hash", name(s.scheme.hash));
}

Node certified_node(const tpm::Certified& c) {
  return Node::object()
      .set("certify", attest_part(c.certify))
      .set("certify_signature", signature_part(c.certify_signature))
      .set("tik", part(inspect_tpm2_public(c.tik.raw)));
}

}  // namespace

Result<Node> inspect_azure_hcl_report(ByteView data) {
  SEATLS_TRY(const auto report, azure::parse_hcl_report(data));
  Node node;
  node.set("type", "azure-hcl-report")
      .set("size", data.size())
      .set("version", report.version)
      .set("request_type", report.request_type)
      .set("tee", report.td() != nullptr ? "tdx" : "sev-snp")
      .set("variable_data", variable_data_node(report.variable, report.hash))
      .set("hardware_report", report.td() != nullptr ? td_report_node(*report.td())
                                                     : part(inspect_snp_report(report.hardware_raw)));
  return node;
}

Result<Node> inspect_azure_vtpm_quote(ByteView data) {
  SEATLS_TRY(const auto quote, azure::parse_vtpm_quote(data));
  SEATLS_TRY(const auto attest, tpm::parse_attest(quote.message));
  Node pcrs = Node::array();
  for (const auto& value : quote.pcrs) pcrs.add(base::to_hex(value));
  Node node;
  node.set("type", "azure-vtpm-quote")
      .set("size", data.size())
      .set("quote", attest_part(attest))
      .set("signature", base::to_hex(quote.signature))
      .set("pcrs", std::move(pcrs));
  return node;
}

Result<Node> inspect_azure_evidence(ByteView data) {
  SEATLS_TRY(const auto parts, azure::unpack(data));
  Node node;
  node.set("type", "azure-evidence")
      .set("size", data.size())
      .set("form", azure::name(parts.form))
      .set("hcl_report", part(inspect_azure_hcl_report(parts.hcl_report)));
  if (!parts.td_quote.empty()) node.set("td_quote", part(inspect_intel_quote(parts.td_quote)));
  if (!parts.certificates.empty()) {
    Node subjects = Node::array();
    for (const auto& certificate : parts.certificates) subjects.add(certificate.subject());
    node.set("certificates", std::move(subjects));
  }
  if (parts.ak_certificate_key) node.set("ak_certificate_key", key_node(*parts.ak_certificate_key));
  node.set("quote", attest_part(parts.quoted.quote))
      .set("quote_signature", signature_part(parts.quoted.quote_signature))
      .set("pcrs", pcrs_node(parts.quoted.pcrs))
      .set("event_log", parts.quoted.event_log ? event_log_node(*parts.quoted.event_log) : Node())
      .set("certified", parts.certified ? certified_node(*parts.certified) : Node());
  return node;
}

}  // namespace seatls::cli
