// CMW, certificates, and the bodies of the remoteAttestation extension.
#include <algorithm>

#include "base/clock.h"
#include "base/encoding.h"
#include "cli/inspect_types.h"
#include "codec/tls.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "seatls/cmw.h"
#include "wire/remote_attestation.h"

namespace seatls::cli {
namespace {

constexpr CmwLimits file_limits{.size = 1U << 20U, .depth = 8, .entries = 64};

std::string_view form_name(CmwForm form) {
  switch (form) {
    case CmwForm::json: return "json";
    case CmwForm::cbor: return "cbor";
    case CmwForm::cbor_tag: return "cbor-tag";
  }
  return "";
}

Node indicator_node(std::uint32_t bits) {
  Node list = Node::array();
  const std::pair<std::uint32_t, const char*> names[] = {
      {cmw_indicator::reference_values, "reference-values"},
      {cmw_indicator::endorsements, "endorsements"},
      {cmw_indicator::evidence, "evidence"},
      {cmw_indicator::attestation_results, "attestation-results"},
      {cmw_indicator::appraisal_policy, "appraisal-policy"}};
  for (const auto& [bit, text] : names)
    if ((bits & bit) != 0) list.add(text);
  return list;
}

Node record_node(const CmwRecord& record, unsigned depth) {
  Node node;
  if (const auto* format = std::get_if<ContentFormat>(&record.type))
    node.set("content_format", unsigned{format->id});
  else
    node.set("media_type", std::get<MediaType>(record.type).name);
  const auto scheme = SchemeTable::defaults().name_of(record.type);
  node.set("scheme", scheme ? Node(*scheme) : Node());
  node.set("indicator", indicator_node(record.indicator)).set("size", record.value.size());
  if (auto inner = inspect_bytes(record.value, {}, depth + 1))
    node.set("content", std::move(*inner));
  else
    node.set(
        "content",
        Node::object()
            .set("type", "unknown")
            .set("start",
                 base::to_hex(ByteView(record.value).first(std::min<std::size_t>(32, record.value.size())))));
  return node;
}

Node cmw_node(const Cmw& cmw, unsigned depth) {
  if (const auto* record = cmw.record()) return Node::object().set("record", record_node(*record, depth));
  const auto& collection = *cmw.collection();
  Node entries = Node::array();
  for (const auto& [label, entry] : collection.entries) {
    Node node;
    if (const auto* number = std::get_if<std::int64_t>(&label))
      node.set("label", *number);
    else
      node.set("label", std::get<std::string>(label));
    const Node content = cmw_node(entry, depth + 1);
    for (const auto& [key, value] : *content.members()) node.set(key, value);
    entries.add(std::move(node));
  }
  Node node;
  node.set("cmwc_t", collection.type.empty() ? Node() : Node(collection.type))
      .set("entries", std::move(entries));
  return Node::object().set("collection", std::move(node));
}

Node certificate_node(const crypto::Certificate& c) {
  Node node;
  node.set("subject", c.subject())
      .set("not_before", base::to_rfc3339(c.not_before()))
      .set("not_after", base::to_rfc3339(c.not_after()))
      .set("pin", "sha256:" + base::to_hex(crypto::digest(Hash::sha256, c.spki().der())));
  if (const auto key = c.public_key()) node.set("key", crypto::name(key->type())).set("bits", key->bits());
  return node;
}

Node schemes_node(const std::vector<AttestationScheme>& schemes) {
  Node list = Node::array();
  for (const auto& s : schemes) {
    Node node;
    node.set("mechanism", s.is_result() ? "result" : "evidence").set("what", describe(s));
    if (const auto* type = std::get_if<EvidenceType>(&s.argument))
      if (const auto known = SchemeTable::defaults().name_of(*type)) node.set("scheme", *known);
    list.add(std::move(node));
  }
  return list;
}

}  // namespace

Result<Node> inspect_cmw(ByteView data, unsigned depth) {
  SEATLS_TRY(const auto cmw, parse_cmw(data, file_limits));
  Node node;
  node.set("type", "cmw").set("form", form_name(cmw.form())).set("size", data.size());
  const Node content = cmw_node(cmw, depth);
  for (const auto& [key, value] : *content.members()) node.set(key, value);
  return node;
}

Result<Node> inspect_certificates(ByteView data) {
  std::vector<crypto::Certificate> chain;
  if (auto one = crypto::Certificate::from_der(data)) {
    chain.push_back(std::move(*one));
  } else {
    // Quotes hold certificates as PEM among other bytes. A file of them is text, and nothing else.
    const auto is_text = [](std::uint8_t b) { return b >= 0x20 || b == '\n' || b == '\r' || b == '\t'; };
    if (!std::ranges::all_of(data, is_text)) return Error{Code::malformed, "it is no text", ""};
    SEATLS_TRY(chain, crypto::parse_pem_certificates(text(data)));
    if (chain.empty()) return Error{Code::malformed, "there is no certificate in it", ""};
  }
  Node list = Node::array();
  for (const auto& c : chain) list.add(certificate_node(c));
  return Node::object().set("type", "certificate").set("certificates", std::move(list));
}

Result<Node> inspect_client_hello_body(ByteView data) {
  SEATLS_TRY(const auto offer, codec::decode<wire::ClientOffer>(data));
  return Node::object()
      .set("type", "remoteAttestation in ClientHello")
      .set("server_attester_schemes", schemes_node(offer.server_attester_schemes))
      .set("client_attester_schemes", schemes_node(offer.client_attester_schemes));
}

Result<Node> inspect_encrypted_extensions_body(ByteView data) {
  SEATLS_TRY(const auto choice, codec::decode<wire::ServerChoice>(data));
  return Node::object()
      .set("type", "remoteAttestation in EncryptedExtensions")
      .set("chosen_server_scheme", describe(choice.chosen_server_scheme));
}

Result<Node> inspect_certificate_request_body(ByteView data) {
  SEATLS_TRY(const auto choice, codec::decode<wire::ClientChoice>(data));
  return Node::object()
      .set("type", "remoteAttestation in CertificateRequest")
      .set("chosen_client_scheme", describe(choice.chosen_client_scheme));
}

Result<Node> inspect_certificate_body(ByteView data, unsigned depth) {
  SEATLS_TRY(const auto credential, codec::decode<wire::CertificateCredential>(data));
  Node node;
  node.set("type", "remoteAttestation in Certificate").set("size", credential.cmw_payload.size());
  auto cmw = inspect_cmw(credential.cmw_payload, depth + 1);
  if (!cmw) return std::move(cmw).error().in("cmw_payload");
  return std::move(node.set("cmw_payload", std::move(*cmw)));
}

}  // namespace seatls::cli
