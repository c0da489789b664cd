// Reports of NVIDIA's GPUs and switches, and the manifests that they are held against.
#include "appraise/schemes/nvidia/rim.h"
#include "appraise/schemes/nvidia/verify.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "cli/inspect_types.h"
#include "crypto/hash.h"

namespace seatls::cli {
namespace {

namespace nvidia = appraise::nvidia;

void set_chain(Node& node, const std::vector<crypto::Certificate>& chain) {
  if (chain.empty()) return;
  Time from = chain.front().not_before(), to = chain.front().not_after();
  for (const auto& c : chain) {
    from = std::max(from, c.not_before());
    to = std::min(to, c.not_after());
  }
  Node names = Node::array();
  for (const auto& c : chain) names.add(c.subject());
  node.set("leaf", chain.front().subject())
      .set("root_sha256", base::to_hex(crypto::digest(Hash::sha256, chain.back().der())))
      .set("chain_valid_from", base::to_rfc3339(from))
      .set("chain_valid_to", base::to_rfc3339(to))
      .set("chain", std::move(names));
}

Node device_node(const nvidia::Device& d) {
  const auto& r = d.report;
  const std::string chip = nvidia::chip_of(d);
  Node measurements = Node::object(), opaque = Node::object();
  for (const auto& [index, m] : r.measurements)
    measurements.set(std::to_string(index), base::to_hex(m.value));
  for (const auto& [type, value] : r.opaque) opaque.set(std::to_string(type), base::to_hex(value));
  const auto or_null = [](const std::string& value) { return value.empty() ? Node() : Node(value); };
  Node node;
  node.set("arch", d.architecture.empty() ? or_null(nvidia::architecture_of(chip)) : Node(d.architecture))
      .set("chip", or_null(chip))
      .set("spdm_version", "0x11")
      .set("request_code", "0xe0")
      .set("nonce", base::to_hex(r.nonce))
      .set("nonce_matches", d.nonce.empty() ? Node() : Node(d.nonce == r.nonce))
      .set("driver_version", or_null(r.driver_version()))
      .set("vbios_version", or_null(r.vbios_version()))
      .set("measurements", std::move(measurements))
      .set("opaque", std::move(opaque))
      .set("signature", base::to_hex(r.signature));
  set_chain(node, d.chain);
  return node;
}

}  // namespace

Result<Node> inspect_nvidia_evidence(ByteView data) {
  constexpr const char* media_type = "application/vnd.seatls.nvidia-evidence+json";
  SEATLS_TRY(const auto parsed, nvidia::parse(Cmw(CmwRecord{MediaType{media_type}, bytes(data)})));
  Node devices = Node::array();
  for (const auto& d : parsed->devices) devices.add(device_node(d));
  return Node::object()
      .set("type", "nvidia-evidence")
      .set("size", data.size())
      .set("devices", std::move(devices));
}

Result<Node> inspect_nvidia_rim(ByteView data) {
  SEATLS_TRY(const auto parsed, NvidiaRim::parse(text(data)));
  const auto& rim = parsed.impl();
  Node measurements = Node::object();
  for (const auto& [index, values] : rim.active) {
    Node list = Node::array();
    for (const auto& value : values) list.add(base::to_hex(value));
    measurements.set(std::to_string(index), std::move(list));
  }
  Node node;
  node.set("type", "nvidia-rim")
      .set("size", data.size())
      .set("product", rim.product)
      .set("version", rim.version)
      .set("tag_id", rim.tag_id)
      .set("measurements", std::move(measurements));
  set_chain(node, rim.chain);
  return node;
}

}  // namespace seatls::cli
