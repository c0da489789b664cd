// CoRIM: who signed what about which environment. Nothing is verified.
#include "base/clock.h"
#include "base/encoding.h"
#include "cli/inspect_types.h"
#include "codec/cbor.h"
#include "rats/corim.h"

namespace seatls::cli {
namespace {

namespace cbor = codec::cbor;
namespace comid = rats::comid;

Node diagnosed(const comid::Encoded& encoded) {
  const auto value = cbor::parse(encoded);
  return value ? Node(cbor::diagnose(*value, 256)) : Node(base::to_hex(encoded));
}

template <class T>
void set_if(Node& node, const char* name, const std::optional<T>& value) {
  if (!value) return;
  if constexpr (std::is_same_v<T, comid::Encoded>)
    node.set(name, diagnosed(*value));
  else
    node.set(name, Node(*value));
}

Node environment_node(const comid::Environment& e) {
  Node node = Node::object();
  if (e.of_class) {
    Node of_class = Node::object();
    set_if(of_class, "id", e.of_class->id);
    set_if(of_class, "vendor", e.of_class->vendor);
    set_if(of_class, "model", e.of_class->model);
    set_if(of_class, "layer", e.of_class->layer);
    set_if(of_class, "index", e.of_class->index);
    node.set("class", std::move(of_class));
  }
  set_if(node, "instance", e.instance);
  set_if(node, "group", e.group);
  return node;
}

Node digests_node(const comid::Digests& digests) {
  Node list = Node::array();
  for (const auto& d : digests) {
    const auto* number = std::get_if<std::int64_t>(&d.alg);
    list.add(Node::object()
                 .set("alg", number != nullptr ? Node(*number) : Node(std::get<std::string>(d.alg)))
                 .set("value", base::to_hex(d.value)));
  }
  return list;
}

Node values_node(const comid::Values& v) {
  Node node = Node::object();
  set_if(node, "version", v.version);
  if (v.svn) node.set(v.svn->minimum ? "min_svn" : "svn", std::to_string(v.svn->value));
  if (v.digests) node.set("digests", digests_node(*v.digests));
  for (const auto& [flag, value] : v.flags) node.set("flag_" + std::to_string(flag), value);
  if (v.raw_value) {
    node.set("raw_value", base::to_hex(v.raw_value->value));
    if (v.raw_value->mask) node.set("raw_value_mask", base::to_hex(*v.raw_value->mask));
  }
  if (!v.cryptokeys.empty()) {
    Node keys = Node::array();
    for (const auto& key : v.cryptokeys) keys.add(diagnosed(key));
    node.set("cryptokeys", std::move(keys));
  }
  for (const auto& [id, digests] : v.integrity_registers) {
    const auto* number = std::get_if<std::uint64_t>(&id);
    node.set("register_" + (number != nullptr ? std::to_string(*number) : std::get<std::string>(id)),
             digests_node(digests));
  }
  if (v.int_range) {
    const auto bound = [](const std::optional<std::int64_t>& b) { return b ? Node(*b) : Node(); };
    node.set("int_range", Node::array().add(bound(v.int_range->least)).add(bound(v.int_range->most)));
  }
  for (const auto& [code, value] : v.equal) node.set("value_" + std::to_string(code), diagnosed(value));
  for (const auto& [code, value] : v.extensions)
    node.set("extension_" + std::to_string(code), cbor::diagnose(value, 256));
  return node;
}

Node triples_node(const std::vector<comid::Triple>& triples) {
  Node list = Node::array();
  for (const auto& triple : triples) {
    Node measurements = Node::array();
    for (const auto& m : triple.measurements) {
      Node node = Node::object();
      if (m.key) node.set("key", cbor::diagnose(*m.key));
      measurements.add(node.set("values", values_node(m.values)));
    }
    list.add(Node::object()
                 .set("environment", environment_node(triple.environment))
                 .set("measurements", std::move(measurements)));
  }
  return list;
}

Node keys_node(const std::vector<comid::KeyTriple>& triples) {
  Node list = Node::array();
  for (const auto& triple : triples) {
    Node keys = Node::array();
    for (const auto& key : triple.keys) keys.add(cbor::diagnose(key, 1024));
    list.add(
        Node::object().set("environment", environment_node(triple.environment)).set("keys", std::move(keys)));
  }
  return list;
}

Node comid_node(const comid::Comid& c) {
  Node node = Node::object().set("tag_id", c.tag_id).set("tag_version", std::to_string(c.tag_version));
  if (!c.reference.empty()) node.set("reference_values", triples_node(c.reference));
  if (!c.endorsed.empty()) node.set("endorsed_values", triples_node(c.endorsed));
  if (!c.identity_keys.empty()) node.set("identity_keys", keys_node(c.identity_keys));
  if (!c.attest_keys.empty()) node.set("attestation_keys", keys_node(c.attest_keys));
  if (!c.unread.empty()) {
    Node kinds = Node::array();
    for (const auto kind : c.unread) kinds.add(kind);
    node.set("triples_not_used", std::move(kinds));
  }
  return node;
}

}  // namespace

Result<Node> inspect_corim(ByteView data) {
  SEATLS_TRY(const auto parsed, rats::parse_corim(data));
  const rats::Corim& corim = parsed.unverified();
  Node tags = Node::array();
  for (const auto& c : corim.comids) tags.add(comid_node(c));
  const auto moment = [](const std::optional<Time>& t) { return t ? Node(base::to_rfc3339(*t)) : Node(); };
  return Node::object()
      .set("type", "corim")
      .set("size", data.size())
      .set("signed", parsed.is_signed())
      .set("signer", parsed.signer() ? Node(*parsed.signer()) : Node())
      .set("id", corim.id)
      .set("profile", corim.profile ? Node(*corim.profile) : Node())
      .set("not_before", moment(corim.not_before))
      .set("not_after", moment(corim.not_after))
      .set("comids", std::move(tags))
      .set("other_tags", corim.other_tags);
}

}  // namespace seatls::cli
