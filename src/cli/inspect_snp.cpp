// Attestation reports of AMD SEV-SNP, and the certificates that come with them.
#include "appraise/schemes/snp/appraise.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "cli/inspect_types.h"

namespace seatls::cli {
namespace {

namespace snp = appraise::snp;

constexpr const char* snp_media_type = "application/vnd.amd.sev-snp.attestation-report";

// A level is told in bytes, and by component where the product is known.
Node tcb_node(const snp::RawTcb& raw, std::optional<SnpProduct> product) {
  Node node;
  node.set("raw", base::to_hex(raw));
  if (!product) return node;
  if (const auto tcb = snp::read_tcb(raw, *product))
    node.set("says", to_text(*tcb));
  else
    node.set("says", "not a level of " + std::string(name(*product)));
  return node;
}

std::string text_of(const snp::FirmwareVersion& v) {
  return std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.build);
}

Node report_node(const snp::Report& r, std::optional<SnpProduct> product) {
  Node node;
  node.set("version", r.version)
      .set("product", product ? Node(name(*product)) : Node())
      .set("measurement", base::to_hex(r.measurement))
      .set("report_data", base::to_hex(r.report_data))
      .set("host_data", base::to_hex(r.host_data))
      .set("vmpl", r.vmpl)
      .set("guest_svn", r.guest_svn)
      .set("policy",
           Node::object()
               .set("raw", hex_number(r.policy))
               .set("says", snp::names_of(r.policy, snp::guest_policy_bits()))
               .set("abi", std::to_string((r.policy >> 8U) & 0xFF) + "." + std::to_string(r.policy & 0xFF)))
      .set("platform_info", Node::object()
                                .set("raw", hex_number(r.platform_info))
                                .set("says", snp::names_of(r.platform_info, snp::platform_bits())))
      .set("family_id", base::to_hex(r.family_id))
      .set("image_id", base::to_hex(r.image_id))
      .set("id_key_digest", base::to_hex(r.id_key_digest))
      .set("author_key_digest", base::to_hex(r.author_key_digest))
      .set("report_id", base::to_hex(r.report_id))
      .set("chip_id", base::to_hex(r.chip_id))
      .set("reported_tcb", tcb_node(r.reported_tcb, product))
      .set("committed_tcb", tcb_node(r.committed_tcb, product))
      .set("current_tcb", tcb_node(r.current_tcb, product))
      .set("launch_tcb", tcb_node(r.launch_tcb, product))
      .set("current_firmware", text_of(r.current))
      .set("committed_firmware", text_of(r.committed))
      .set("signing_key", snp::name(r.signing_key))
      .set("signature_algo", r.signature_algo);
  if (r.cpuid)
    node.set("cpuid", Node::object()
                          .set("family", unsigned{r.cpuid->family})
                          .set("model", unsigned{r.cpuid->model})
                          .set("stepping", unsigned{r.cpuid->stepping}));
  if (r.launch_mit_vector) node.set("launch_mit_vector", hex_number(*r.launch_mit_vector));
  if (r.current_mit_vector) node.set("current_mit_vector", hex_number(*r.current_mit_vector));
  return node;
}

Node vek_node(const snp::Vek& vek) {
  Node node;
  node.set("kind", snp::name(vek.kind))
      .set("issuer", vek.certificate.issuer_common_name())
      .set("product", name(vek.product))
      .set("tcb", to_text(vek.tcb))
      .set("not_before", base::to_rfc3339(vek.certificate.not_before()))
      .set("not_after", base::to_rfc3339(vek.certificate.not_after()));
  if (!vek.hwid.empty()) node.set("hwid", base::to_hex(vek.hwid));
  if (!vek.csp_id.empty()) node.set("csp_id", vek.csp_id);
  return node;
}

}  // namespace

Result<Node> inspect_snp_report(ByteView data) {
  SEATLS_TRY(const auto parsed, snp::parse(Cmw(CmwRecord{MediaType{snp_media_type}, bytes(data)})));
  const auto claims = snp::claims_of(*parsed);
  Node node;
  node.set("type", "sev-snp-report").set("size", data.size());
  node.set("report", report_node(parsed->report, claims.product));
  Node keys = Node::array(), issuers = Node::array();
  for (const auto& vek : parsed->veks) keys.add(vek_node(vek));
  for (const auto& issuer : parsed->issuers) issuers.add(issuer.subject());
  node.set("keys", std::move(keys)).set("issuers", std::move(issuers));
  return node;
}

}  // namespace seatls::cli
