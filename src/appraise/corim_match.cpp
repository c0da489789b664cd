#include "appraise/corim_match.h"

#include <algorithm>
#include <array>
#include <map>

#include "appraise/corim_reference.h"
#include "crypto/signature.h"
#include "rats/comid_match.h"
#include "rats/intel_profile.h"

namespace seatls::appraise {
namespace {

namespace cbor = codec::cbor;
namespace comid = rats::comid;

struct Profile {
  std::string_view name;  // a URI, or an OID's bytes in hex
  comid::ExtensionRule rule = nullptr;
};
constexpr std::array profiles = {
    Profile{"6086480186f84d011001", comid::intel_satisfied},  // 2.16.840.1.113741.1.16.1
    Profile{"tag:amd.com,2024:snp-corim-profile"},
    Profile{"tag:amd.com,2025:snp-corim-profile"},
    Profile{"tag:arm.com,2025:cca_platform#1.0.0"},
    Profile{"tag:arm.com,2025:cca_realm#1.0.0"},
    Profile{"tag:arm.com,2025:psa#1.0.0"},
    Profile{"http://arm.com/psa/iot/1"},
    Profile{"http://arm.com/cca/ssd/1"},
    Profile{"http://arm.com/cca/realm/1"},
};
const Profile* find_profile(const std::string& name) {
  const auto* const found = std::ranges::find(profiles, name, &Profile::name);
  return found == profiles.end() ? nullptr : found;
}

comid::ExtensionRule rule_of(const rats::Corim& corim) {
  const Profile* profile = corim.profile ? find_profile(*corim.profile) : nullptr;
  return profile == nullptr ? nullptr : profile->rule;
}

bool is_about(const comid::Environment& condition, const CorimState& state) {
  return std::ranges::any_of(state.environments,
                             [&](const auto& actual) { return comid::matches(condition, actual); });
}

// mentions tells whether a triple that the state satisfies speaks of the claim: a measurement of it is
// satisfied by the very one that the claim stands in.
bool mentions(const comid::Triple& triple, const CorimClaim& claim, const CorimState& state,
              comid::ExtensionRule rule) {
  const auto& actual = state.measurements[claim.measurement];
  return std::ranges::any_of(triple.measurements, [&](const comid::Measurement& condition) {
    return comid::same_key(condition, actual) && claim.is_mentioned(condition.values) &&
           !comid::differs_in(condition, actual, rule);
  });
}

// objection_of says what keeps a triple from vouching for the claims, or nothing.
std::optional<std::string> objection_of(const comid::Triple& triple, const std::vector<CorimClaim>& claims,
                                        const CorimState& state, comid::ExtensionRule rule) {
  if (auto difference = comid::unmatched(triple, state.measurements, rule)) return difference;
  const auto silent = std::ranges::find_if(
      claims, [&](const CorimClaim& claim) { return !mentions(triple, claim, state, rule); });
  if (silent == claims.end()) return {};
  return "says nothing of " + silent->key;
}

// Alternatives collects what kept the records of all documents from vouching, for the operator.
class Alternatives {
 public:
  void add(const std::string& where, const std::string& objection) {
    constexpr std::size_t most_told = 8;
    if (++count_ <= most_told) told_ += "; " + where + ": " + objection;
  }
  [[nodiscard]] std::string text() const {
    if (count_ == 0) return "none of the policy's CoRIM documents describes this environment";
    return std::to_string(count_) + " of the policy's CoRIM documents' entries were looked at" + told_;
  }

 private:
  std::size_t count_ = 0;
  std::string told_;
};

bool vouched(const CorimState& state, const std::vector<CorimClaim>& claims, const Context& context,
             Alternatives& alternatives) {
  for (const CorimReference& reference : context.policy.corim) {
    const auto& corim = reference.impl().corim;
    if (const auto valid = corim.valid_at(context.now); !valid) {
      alternatives.add(corim->id, valid.error().message());
      continue;
    }
    for (const comid::Comid& comid : corim->comids)
      for (std::size_t i = 0; i < comid.reference.size(); ++i) {
        if (!is_about(comid.reference[i].environment, state)) continue;
        const auto objection = objection_of(comid.reference[i], claims, state, rule_of(*corim));
        if (!objection) return true;
        alternatives.add(corim->id + " > " + comid.tag_id + " > reference-triples[" + std::to_string(i) + "]",
                         *objection);
      }
  }
  return false;
}

}  // namespace

bool known_profile(const std::string& profile) { return find_profile(profile) != nullptr; }

void take_from_corim(const CorimState& state, const std::vector<CorimClaim>& claims, const Context& context,
                     const std::string& path, Findings& findings) {
  std::vector<CorimClaim> left;
  std::ranges::copy_if(claims, std::back_inserter(left),
                       [](const CorimClaim& claim) { return claim.expected->is_from_corim(); });
  if (left.empty()) return;
  Alternatives alternatives;
  if (!vouched(state, left, context, alternatives)) {
    findings.refuse(Stage::policy, Code::reference_mismatch, alternatives.text(), path);
    return;
  }
  std::map<Expect<Bytes>*, expect::OneOf<Bytes>> accepted;  // of several components, each
  for (CorimClaim& claim : left) accepted[claim.expected].values.push_back(std::move(claim.value));
  for (auto& [expected, values] : accepted) *expected = std::move(values);
}

std::vector<Spki> attestation_keys(const CorimState& state, const Context& context) {
  constexpr std::uint64_t pem_public_key = 554;
  std::vector<Spki> keys;
  for (const CorimReference& reference : context.policy.corim) {
    const auto& corim = reference.impl().corim;
    if (!corim.valid_at(context.now)) continue;
    for (const comid::Comid& comid : corim->comids)
      for (const comid::KeyTriple& triple : comid.attest_keys) {
        // A key for a whole class would make every device of it able to speak for every other.
        if (!triple.environment.instance || !is_about(triple.environment, state)) continue;
        for (const cbor::Value& key : triple.keys) {
          const cbor::Tag* tag = key.tag();
          const auto pem = tag != nullptr && tag->number == pem_public_key
                               ? tag->content.as_text()
                               : Result<std::string_view>(Error{});
          const auto read = pem ? crypto::PublicKey::from_pem(*pem) : Result<crypto::PublicKey>(pem.error());
          if (read) keys.push_back(read->spki());
        }
      }
  }
  return keys;
}

namespace corim_state {
namespace {
comid::Encoded encoded(const cbor::Value& value) {
  auto out = cbor::encode(value);
  return out ? std::move(*out) : comid::Encoded();  // what stands here always has an encoding
}
}  // namespace

comid::Encoded tagged_bytes(ByteView value) { return encoded(cbor::tag(560, cbor::bytes(value))); }
comid::Encoded ueid(ByteView value) { return encoded(cbor::tag(550, cbor::bytes(value))); }

comid::Digests digest(ByteView value) {
  // "Named Information Hash Algorithm Registry"
  const std::int64_t alg = value.size() == 32 ? 1 : value.size() == 48 ? 7 : 8;
  return {{alg, bytes(value)}};
}

comid::Measurement measurement(cbor::Value key) {
  comid::Measurement out;
  out.key = std::move(key);
  return out;
}
}  // namespace corim_state

}  // namespace seatls::appraise
