#include "appraise/schemes/arm/corim.h"

namespace seatls::appraise::arm {
namespace {

namespace cbor = codec::cbor;
namespace comid = rats::comid;
constexpr std::int64_t key_name = 11;  // of measurement-values-map

}  // namespace

CorimState device_state(ByteView implementation_id, ByteView instance_id,
                        const std::vector<Component>& components, const std::string& prefix) {
  CorimState state;
  comid::Class of_class;
  of_class.id = corim_state::tagged_bytes(implementation_id);
  state.environments = {{std::move(of_class), corim_state::ueid(instance_id), {}}};
  for (const Component& component : components) {
    auto& values =
        state.measurements.emplace_back(corim_state::measurement(cbor::text(prefix + ".software-component")))
            .values;
    values.digests = corim_state::digest(component.value);
    values.cryptokeys = {corim_state::tagged_bytes(component.signer_id)};
    if (!component.type.empty())
      if (auto name = cbor::encode(cbor::text(component.type))) values.equal[key_name] = std::move(*name);
    if (!component.version.empty())
      if (auto version = cbor::encode(cbor::map({{cbor::integer(0), cbor::text(component.version)}})))
        values.version = std::move(*version);
  }
  return state;
}

std::vector<CorimClaim> component_claims(const std::vector<Component>& components, Expect<Bytes>* expected,
                                         const std::string& key) {
  std::vector<CorimClaim> claims;
  for (std::size_t i = 0; i < components.size(); ++i)
    claims.push_back({expected, key, components[i].value, i,
                      [](const comid::Values& values) { return values.digests.has_value(); }});
  return claims;
}

std::vector<CorimClaim> signer_claims(const std::vector<Component>& components, Expect<Bytes>* expected,
                                      const std::string& key) {
  std::vector<CorimClaim> claims;
  for (std::size_t i = 0; i < components.size(); ++i)
    claims.push_back({expected, key, components[i].signer_id, i,
                      [](const comid::Values& values) { return !values.cryptokeys.empty(); }});
  return claims;
}

}  // namespace seatls::appraise::arm
