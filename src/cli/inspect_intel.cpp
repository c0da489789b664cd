// Intel quotes: TDX and SGX, with the chain of the platform's key and its security versions.
#include "appraise/schemes/intel/pck.h"
#include "appraise/schemes/intel/quote.h"
#include "appraise/schemes/tdx/appraise.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "cli/inspect_nodes.h"
#include "cli/inspect_types.h"
#include "crypto/hash.h"

namespace seatls::cli {
namespace {

namespace intel = appraise::intel;

Node enclave_node(const intel::EnclaveReport& r) {
  return Node::object()
      .set("mr_enclave", base::to_hex(r.mr_enclave))
      .set("mr_signer", base::to_hex(r.mr_signer))
      .set("isv_prod_id", unsigned{r.isv_prod_id})
      .set("isv_svn", unsigned{r.isv_svn})
      .set("config_id", base::to_hex(r.config_id))
      .set("config_svn", unsigned{r.config_svn})
      .set("attributes", base::to_hex(r.attributes))
      .set("debug", r.debug())
      .set("misc_select", static_cast<std::int64_t>(r.misc_select))
      .set("cpu_svn", base::to_hex(r.cpu_svn))
      .set("report_data", base::to_hex(r.report_data));
}

Node pck_node(const intel::Pck& pck) {
  Node components = Node::array();
  for (const auto svn : pck.components) components.add(unsigned{svn});
  Node node;
  node.set("fmspc", base::to_hex(pck.fmspc))
      .set("ppid", base::to_hex(pck.ppid))
      .set("pce_id", base::to_hex(pck.pce_id))
      .set("pce_svn", unsigned{pck.pce_svn})
      .set("components", std::move(components))
      .set("cpu_svn", base::to_hex(pck.cpu_svn))
      .set("sgx_type", pck.sgx_type);
  if (pck.platform_instance_id) node.set("platform_instance_id", base::to_hex(*pck.platform_instance_id));
  if (pck.smt_enabled) node.set("smt", *pck.smt_enabled);
  return node;
}

// A chain that cannot be read is told as such: the quote around it still can be.
Node certification_node(const intel::Quote& q) {
  Node node;
  node.set("certification_type", unsigned{q.certification_type}).set("size", q.certification.size());
  if (q.certification_type != intel::pck_chain_pem) return node;
  const auto chain = intel::read_pck_chain(q.certification);
  if (!chain) return node.set("unreadable", chain.error().message());
  Node list = Node::array();
  for (const auto& c : *chain)
    list.add(Node::object()
                 .set("subject", c.subject())
                 .set("not_before", base::to_rfc3339(c.not_before()))
                 .set("not_after", base::to_rfc3339(c.not_after())));
  node.set("chain", std::move(list));
  if (const auto pck = intel::read_pck(chain->front()))
    node.set("platform", pck_node(*pck));
  else
    node.set("unreadable", pck.error().message());
  return node;
}

}  // namespace

Node td_report_node(const intel::TdReport& td) {
  Node node;
  node.set("body", intel::name(td.body)).set("mr_td", base::to_hex(td.mr_td));
  for (std::size_t i = 0; i < td.rtmr.size(); ++i)
    node.set("rtmr" + std::to_string(i), base::to_hex(td.rtmr[i]));
  node.set("report_data", base::to_hex(td.report_data))
      .set("td_attributes", base::to_hex(td.td_attributes))
      .set("td_attributes_say", appraise::tdx::attributes_of(td.td_attributes))
      .set("debug", td.debug())
      .set("xfam", base::to_hex(td.xfam))
      .set("mr_config_id", base::to_hex(td.mr_config_id))
      .set("mr_owner", base::to_hex(td.mr_owner))
      .set("mr_owner_config", base::to_hex(td.mr_owner_config))
      .set("mr_seam", base::to_hex(td.mr_seam))
      .set("mr_signer_seam", base::to_hex(td.mr_signer_seam))
      .set("seam_attributes", base::to_hex(td.seam_attributes))
      .set("tee_tcb_svn", base::to_hex(td.tee_tcb_svn));
  if (td.body != intel::TdBody::td_1_0)
    node.set("tee_tcb_svn2", base::to_hex(td.tee_tcb_svn2))
        .set("mr_service_td", base::to_hex(td.mr_service_td));
  if (td.migration)
    node.set("td_id", base::to_hex(td.migration->td_id))
        .set("init_service_td_hash", base::to_hex(td.migration->init_service_td_hash))
        .set("current_service_td_hash", base::to_hex(td.migration->current_service_td_hash));
  return node;
}

Result<Node> inspect_intel_quote(ByteView data) {
  SEATLS_TRY(const auto q, intel::parse_quote(data));
  Node node;
  node.set("type", "intel-quote")
      .set("size", data.size())
      .set("version", unsigned{q.version})
      .set("tee", intel::name(q.tee))
      .set("qe_vendor", q.qe_vendor == intel::intel_qe_vendor ? "Intel" : base::to_hex(q.qe_vendor))
      .set("padding", q.padding);
  if (const auto* td = q.td()) node.set("td_report", td_report_node(*td));
  if (const auto* enclave = q.enclave()) node.set("enclave_report", enclave_node(*enclave));
  node.set("attestation_key", "sha256:" + base::to_hex(crypto::digest(Hash::sha256, q.attestation_key)))
      .set("quoting_enclave", enclave_node(q.qe_report))
      .set("certification", certification_node(q));
  return node;
}

}  // namespace seatls::cli
