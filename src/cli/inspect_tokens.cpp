// EAT and EAR, signed or not, in CBOR and in JSON.
#include <array>

#include "base/encoding.h"
#include "cli/inspect_types.h"
#include "codec/cbor.h"
#include "codec/cose.h"
#include "codec/jose.h"
#include "codec/json.h"
#include "rats/ear.h"
#include "rats/key_format.h"

namespace seatls::cli {
namespace {

namespace cbor = codec::cbor;
namespace json = codec::json;

constexpr cbor::Limits file_limits{.depth = 16, .items = 65'536};

// The claims of CWT, EAT (RFC 9711), AR4SI and EAR, and those of PSA tokens, by their CBOR keys.
constexpr std::array<std::pair<std::int64_t, std::string_view>, 52> claim_names = {{
    {1, "iss"},
    {2, "sub"},
    {3, "aud"},
    {4, "exp"},
    {5, "nbf"},
    {6, "iat"},
    {7, "cti"},
    {8, "cnf"},
    {10, "eat_nonce"},
    {256, "ueid"},
    {257, "sueids"},
    {258, "oemid"},
    {259, "hwmodel"},
    {260, "hwversion"},
    {261, "uptime"},
    {262, "oemboot"},
    {263, "dbgstat"},
    {264, "location"},
    {265, "eat_profile"},
    {266, "submods"},
    {267, "bootcount"},
    {268, "bootseed"},
    {269, "dloas"},
    {270, "swname"},
    {271, "swversion"},
    {272, "manifests"},
    {273, "measurements"},
    {274, "measres"},
    {275, "intuse"},
    {299, "cmw"},
    {1000, "ear_status"},
    {1001, "ear_trustworthiness_vector"},
    {1002, "ear_raw_evidence"},
    {1003, "ear_appraisal_policy_ids"},
    {1004, "ear_verifier_id"},
    {2394, "psa-client-id"},
    {2395, "psa-security-lifecycle"},
    {2396, "psa-implementation-id"},
    {2397, "psa-boot-seed"},
    {2398, "psa-certification-reference"},
    {2399, "psa-software-components"},
    {2400, "psa-verification-service-indicator"},
    {rats::kek_claim_number, rats::kek_claim},
    {-75000, "psa-profile"},
    {-75001, "psa-client-id"},
    {-75002, "psa-security-lifecycle"},
    {-75003, "psa-implementation-id"},
    {-75004, "psa-boot-seed"},
    {-75006, "psa-software-components"},
    {-75008, "psa-nonce"},
    {-75009, "psa-instance-id"},
    {-75010, "psa-verification-service-indicator"},
}};

std::string claim_name(const cbor::Value& key) {
  if (const auto* text = std::get_if<std::string>(&key.data())) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&key.data())) {
    for (const auto& [known, name] : claim_names)
      if (known == *number) return std::string(name);
    return std::to_string(*number);
  }
  return cbor::diagnose(key);
}

Node to_node(const cbor::Value& value, bool claims) {
  struct Visitor {
    bool claims;
    Node operator()(std::int64_t v) const { return v; }
    Node operator()(std::uint64_t v) const { return std::to_string(v); }
    Node operator()(const cbor::Negative& v) const { return cbor::diagnose(cbor::Value(v)); }
    Node operator()(const Bytes& v) const { return base::to_hex(v); }
    Node operator()(const std::string& v) const { return v; }
    Node operator()(const cbor::Array& v) const {
      Node list = Node::array();
      for (const auto& e : v) list.add(to_node(e, claims));
      return list;
    }
    Node operator()(const cbor::Map& v) const {
      Node object = Node::object();
      for (const auto& [key, member] : v) {
        const auto name = claims ? claim_name(key) : cbor::diagnose(key);
        // Inside of a submodule stand claims again; inside of other claims the numbers mean other things.
        object.set(name, to_node(member, claims && (name == "submods" || member.map() == nullptr)));
      }
      return object;
    }
    Node operator()(const std::shared_ptr<const cbor::Tag>& v) const {
      return Node::object().set("tag", std::to_string(v->number)).set("content", to_node(v->content, claims));
    }
    Node operator()(bool v) const { return v; }
    Node operator()(cbor::Null) const { return {}; }
    Node operator()(cbor::Undefined) const { return {}; }
    Node operator()(cbor::Simple v) const { return "simple(" + std::to_string(v.value) + ")"; }
    Node operator()(double v) const { return v; }
  };
  return std::visit(Visitor{claims}, value.data());
}

// submods_node names the claims of each submodule, whose own names are texts.
Node claims_node(const cbor::Value& map) {
  Node object = Node::object();
  for (const auto& [key, member] : *map.map()) {
    const auto name = claim_name(key);
    if (name == "submods" && member.map() != nullptr) {
      Node submods = Node::object();
      for (const auto& [submod, claims] : *member.map())
        submods.set(claim_name(submod),
                    claims.map() != nullptr ? claims_node(claims) : to_node(claims, true));
      object.set(name, std::move(submods));
    } else {
      object.set(name, to_node(member, false));
    }
  }
  return object;
}

Node to_node(const json::Value& value) {
  struct Visitor {
    Node operator()(json::Null) const { return {}; }
    Node operator()(bool v) const { return v; }
    Node operator()(std::int64_t v) const { return v; }
    Node operator()(std::uint64_t v) const { return std::to_string(v); }
    Node operator()(double v) const { return v; }
    Node operator()(const std::string& v) const { return v; }
    Node operator()(const json::Array& v) const {
      Node list = Node::array();
      for (const auto& e : v) list.add(to_node(e));
      return list;
    }
    Node operator()(const json::Object& v) const {
      Node object = Node::object();
      for (const auto& [key, member] : v) object.set(key, to_node(member));
      return object;
    }
  };
  return std::visit(Visitor{}, value.data());
}

std::string algorithm_name(std::int64_t alg) {
  constexpr std::array<std::pair<std::int64_t, std::string_view>, 8> names = {
      {{codec::cose::alg::es256, "ES256"},
       {codec::cose::alg::es384, "ES384"},
       {codec::cose::alg::es512, "ES512"},
       {codec::cose::alg::eddsa, "EdDSA"},
       {codec::cose::alg::ps256, "PS256"},
       {codec::cose::alg::ps384, "PS384"},
       {codec::cose::alg::ps512, "PS512"},
       {-257, "RS256"}}};
  for (const auto& [number, name] : names)
    if (number == alg) return std::string(name);
  return std::to_string(alg);
}

// first copies the first of `keys` that the claims have to `to`.
void first(const Node& claims, const char* to, std::initializer_list<const char*> keys, Node& into) {
  for (const char* key : keys)
    if (const auto* found = claims.find(key)) {
      into.set(to, *found);
      return;
    }
}

bool looks_like_ear(const Node& claims) {
  const auto* profile = claims.find("eat_profile");
  return claims.find("ear.verifier-id") != nullptr || claims.find("ear_verifier_id") != nullptr ||
         (profile != nullptr && rats::is_ear_profile(profile->scalar_text()));
}

}  // namespace

Result<Node> inspect_eat(ByteView data) {
  SEATLS_TRY(const auto token, codec::cose::parse_sign1(data, file_limits));
  SEATLS_TRY(const auto set, cbor::parse(token.payload, file_limits));
  if (set.map() == nullptr) return Error{Code::malformed, "the payload is no map of claims", "claims"};
  Node claims = claims_node(set);
  Node node;
  node.set("type", looks_like_ear(claims) ? "ear-cwt" : "eat-cwt").set("size", data.size());
  node.set("alg", algorithm_name(token.algorithm));
  if (const auto kid = token.kid()) node.set("kid", base::to_hex(*kid));
  first(claims, "profile", {"eat_profile", "psa-profile"}, node);
  first(claims, "nonce", {"eat_nonce", "psa-nonce"}, node);
  first(claims, "instance_id", {"ueid", "psa-instance-id"}, node);
  first(claims, "implementation_id", {"psa-implementation-id"}, node);
  first(claims, "lifecycle", {"psa-security-lifecycle"}, node);
  Node keys = Node::array();
  for (const auto& [key, member] : *set.map())
    if (const auto* number = std::get_if<std::int64_t>(&key.data())) keys.add(*number);
  node.set("claim_keys", std::move(keys)).set("claims", std::move(claims));
  return node;
}

Result<Node> inspect_ear_jwt(ByteView data) {
  auto token = text(data);
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  SEATLS_TRY(const auto jws, codec::jose::parse_compact_jws(token));
  Node node;
  const auto parsed = json::parse(text(jws.payload));
  Node claims = parsed && parsed->object() != nullptr ? to_node(*parsed) : Node();
  node.set("type", claims.is_null()         ? "jws"
                   : looks_like_ear(claims) ? "ear-jwt"
                                            : "jwt")
      .set("size", data.size());
  node.set("alg", jws.algorithm).set("header", to_node(jws.header));
  if (claims.is_null())
    node.set("payload", base::to_hex(jws.payload));
  else
    node.set("claims", std::move(claims));
  return node;
}

Result<Node> inspect_ear_claims(ByteView data) {
  SEATLS_TRY(const auto parsed, json::parse(text(data)));
  if (parsed.object() == nullptr) return Error{Code::malformed, "it is no JSON object", ""};
  Node claims = to_node(parsed);
  return Node::object()
      .set("type", looks_like_ear(claims) ? "ear-claims"
                   : claims.find("eat_nonce") != nullptr || claims.find("eat_profile") != nullptr
                       ? "eat-claims"
                       : "json")
      .set("size", data.size())
      .set("claims", std::move(claims));
}

}  // namespace seatls::cli
