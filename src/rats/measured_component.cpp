#include "rats/measured_component.h"

#include <array>

#include "codec/cbor.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
using cbor::Value;

constexpr std::int64_t kId = 1, kDigested = 2;

// IANA "Named Information Hash Algorithm Registry", which CoRIM's digests refer to.
struct Algorithm {
  Hash hash;
  std::int64_t id;
  std::string_view name;
};
constexpr std::array<Algorithm, 3> kAlgorithms = {
    {{Hash::sha256, 1, "sha-256"}, {Hash::sha384, 7, "sha-384"}, {Hash::sha512, 8, "sha-512"}}};

Error malformed(std::string what, std::string_view member) {
  return {Code::malformed, std::move(what), "measured-component > " + std::string(member)};
}

Result<Hash> read_algorithm(const Value& v) {
  const auto number = v.as_int();
  const auto text = v.as_text();
  for (const auto& a : kAlgorithms)
    if ((number && *number == a.id) || (text && *text == a.name)) return a.hash;
  return malformed("the hash algorithm is " + cbor::diagnose(v) + "; sha-256, sha-384 and sha-512 are known",
                   "digest");
}

// component-id = [ name: text, ? version: [ val: text, ? scheme ] ]
Result<void> read_id(const Value* v, MeasuredComponent& out) {
  const auto* id = v == nullptr ? nullptr : v->array();
  if (id == nullptr || id->empty() || id->size() > 2) return malformed("is no [name, ? version]", "id");
  const auto name = (*id)[0].as_text();
  if (!name) return malformed("the name is no text", "id");
  out.name = *name;
  if (id->size() == 1) return {};
  const auto* version = (*id)[1].array();
  if (version == nullptr || version->empty() || version->size() > 2 || !(*version)[0].as_text())
    return malformed("the version is no [text, ? scheme]", "id");
  out.version = *(*version)[0].as_text();
  return {};
}

}  // namespace

// measured-component = { 1: component-id, 2: [ alg: int / text, val: bytes ] / 5: bytes, ? 3, ? 4 }
Result<MeasuredComponent> read_measured_component(ByteView bytes) {
  auto parsed = cbor::parse(bytes);
  if (!parsed) return std::move(parsed).error().in("measured-component");
  MeasuredComponent out;
  SEATLS_CHECK(read_id(parsed->find(kId), out));
  const auto* member = parsed->find(kDigested);
  const auto* digest = member == nullptr ? nullptr : member->array();
  if (digest == nullptr || digest->size() != 2) return malformed("is no [alg, digest]", "digest");
  SEATLS_TRY(out.hash, read_algorithm((*digest)[0]));
  const auto value = (*digest)[1].as_bytes();
  if (!value || value->size() != size(out.hash))
    return malformed("is not the " + std::to_string(size(out.hash)) + " bytes of a " +
                         std::string(name(out.hash)) + " digest",
                     "digest");
  out.digest = seatls::bytes(*value);
  return out;
}

Result<Bytes> write_measured_component(const MeasuredComponent& component) {
  for (const auto& a : kAlgorithms) {
    if (a.hash != component.hash) continue;
    if (component.digest.size() != size(a.hash))
      return malformed("is " + std::to_string(component.digest.size()) + " bytes; a " +
                           std::string(name(a.hash)) + " digest has " + std::to_string(size(a.hash)),
                       "digest");
    cbor::Array id = {cbor::text(component.name)};
    if (component.version) id.push_back(cbor::array({cbor::text(*component.version)}));
    return cbor::encode(cbor::map(
        {{cbor::integer(kId), cbor::array(std::move(id))},
         {cbor::integer(kDigested), cbor::array({cbor::integer(a.id), cbor::bytes(component.digest)})}}));
  }
  return malformed(
      "is made with " + std::string(name(component.hash)) + "; sha-256, sha-384 and sha-512 are known",
      "digest");
}

}  // namespace seatls::rats
