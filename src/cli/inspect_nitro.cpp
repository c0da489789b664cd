// Attestation documents of AWS Nitro enclaves.
#include "appraise/schemes/nitro/parse.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "cli/inspect_types.h"

namespace seatls::cli {

Result<Node> inspect_nitro_document(ByteView data) {
  constexpr const char* media_type = "application/vnd.seatls.nitro-document";
  SEATLS_TRY(const auto parsed, appraise::nitro::parse(Cmw(CmwRecord{MediaType{media_type}, bytes(data)})));
  const auto& d = *parsed;
  Node pcrs = Node::object(), bundle = Node::array();
  for (const auto& [index, value] : d.pcrs) pcrs.set(std::to_string(index), base::to_hex(value));
  for (const auto& c : d.cabundle) bundle.add(c.subject());
  const auto or_null = [](const Bytes& value) { return value.empty() ? Node() : Node(base::to_hex(value)); };
  Node node;
  node.set("type", "nitro-document")
      .set("size", data.size())
      .set("module_id", d.module_id)
      .set("timestamp", base::to_rfc3339(d.timestamp))
      .set("debug", d.in_debug_mode())
      .set("pcrs", std::move(pcrs))
      .set("nonce", or_null(d.nonce))
      .set("user_data", or_null(d.user_data))
      .set("public_key", or_null(d.public_key))
      .set("certificate", Node::object()
                              .set("subject", d.certificate.subject())
                              .set("not_before", base::to_rfc3339(d.certificate.not_before()))
                              .set("not_after", base::to_rfc3339(d.certificate.not_after())))
      .set("cabundle", std::move(bundle));
  return node;
}

}  // namespace seatls::cli
