#include "appraise/schemes/cca/appraise.h"

#include "appraise/ar4si.h"
#include "appraise/schemes/arm/corim.h"
#include "appraise/schemes/arm/judge.h"
#include "base/encoding.h"

namespace seatls::appraise::cca {
namespace {

using rats::comid::Values;

bool in_digests(const Values& values) { return values.digests.has_value(); }
bool in_raw_value(const Values& values) { return values.raw_value.has_value(); }

// A realm is an environment of its own, named by its initial measurement.
void take_realm_from_corim(CcaPolicy& policy, const Claims& c, const Context& context, Findings& findings) {
  CorimState state;
  rats::comid::Class of_class;
  of_class.id = corim_state::tagged_bytes(c.initial_measurement);
  state.environments = {{std::move(of_class), {}, {}}};
  std::vector<CorimClaim> claims;
  const auto add = [&](const std::string& mkey, Expect<Bytes>* expected, const std::string& key,
                       const Bytes& value, bool (*is_mentioned)(const Values&)) -> Values& {
    if (expected != nullptr)
      claims.push_back({expected, key, value, state.measurements.size(), is_mentioned});
    return state.measurements.emplace_back(corim_state::measurement(codec::cbor::text(mkey))).values;
  };
  add("cca.rim", &policy.initial_measurement, "cca.initial_measurement", c.initial_measurement, in_digests)
      .digests = corim_state::digest(c.initial_measurement);
  add("cca.rpv", &policy.personalization, "cca.personalization", c.personalization, in_raw_value).raw_value =
      rats::comid::RawValue{c.personalization, {}};
  for (unsigned i = 0; i < c.extensible_measurements.size(); ++i) {
    const std::string index = std::to_string(i);
    const auto expected = policy.extensible_measurements.find(i);
    add("cca.rem" + index, expected == policy.extensible_measurements.end() ? nullptr : &expected->second,
        "cca.extensible_measurements." + index, c.extensible_measurements[i], in_digests)
        .digests = corim_state::digest(c.extensible_measurements[i]);
  }
  take_from_corim(state, claims, context, "cca > realm token", findings);
}

void take_platform_from_corim(CcaPolicy& policy, const Claims& c, const Context& context,
                              Findings& findings) {
  CorimState state = arm::device_state(c.implementation_id, c.instance_id, c.components, "cca");
  auto claims = arm::component_claims(c.components, &policy.components, "cca.components");
  claims.push_back({&policy.config, "cca.config", c.config, state.measurements.size(), in_raw_value});
  state.measurements.push_back(corim_state::measurement(codec::cbor::text("cca.platform-config")));
  state.measurements.back().values.raw_value = rats::comid::RawValue{c.config, {}};
  take_from_corim(state, claims, context, "cca > platform token", findings);
}

// with_corim returns the section of the policy with what it leaves to CoRIM documents filled in; nothing
// where there is no document.
std::optional<CcaPolicy> with_corim(const Claims& c, const Context& context, Findings& findings) {
  if (context.policy.corim.empty()) return std::nullopt;
  CcaPolicy policy = context.policy.cca;
  take_platform_from_corim(policy, c, context, findings);
  take_realm_from_corim(policy, c, context, findings);
  return policy;
}

class Judge {
 public:
  Judge(const Claims& claims, const Context& context, Findings& findings)
      : c_(claims),
        from_corim_(with_corim(claims, context, findings)),
        policy_(from_corim_ ? *from_corim_ : context.policy.cca),
        context_(context),
        findings_(findings) {}

  Assessment judge() {
    a_.vector[TrustClaim::instance_identity] = ar4si::instance_recognized;
    judge_hardware(c_.cpak.simulated, a_);
    if (!c_.cpak.simulated) a_.vector[TrustClaim::runtime_opaque] = ar4si::memory_opaque;
    a_.vector[TrustClaim::configuration] = ar4si::configuration_approved;
    if (arm::judge_lifecycle(c_.lifecycle, context_, "cca > platform token > lifecycle", findings_,
                             a_.dangers))
      a_.vector[TrustClaim::hardware] = ar4si::contraindicated;
    judge_initial_measurement();
    for (unsigned i = 0; i < c_.extensible_measurements.size(); ++i) {
      const auto expected = policy_.extensible_measurements.find(i);
      given("extensible_measurements." + std::to_string(i),
            expected == policy_.extensible_measurements.end() ? Expect<Bytes>() : expected->second,
            c_.extensible_measurements[i], TrustClaim::executables);
    }
    given("personalization", policy_.personalization, c_.personalization, TrustClaim::configuration);
    named("config", policy_.config, c_.config, TrustClaim::configuration, "cca > platform token > config");
    for (std::size_t i = 0; i < c_.components.size(); ++i) {
      const auto& component = c_.components[i];
      named("components", policy_.components, component.value, TrustClaim::hardware,
            "cca > platform token > sw-components[" + std::to_string(i) + "] " + component.type);
    }
    judge_key(a_.key, demanded_key(context_.policy, policy_.key, KeyProvenance::measured), context_,
              "cca > realm token > initial-measurement", findings_, a_.dangers,
              a_.key == KeyProvenance::none ? "it rests on the measured realm, which no value in "
                                              "cca.initial_measurement vouches for"
                                            : "the binder names the key; where it was made rests on the "
                                              "measured realm");
    return std::move(a_);
  }

 private:
  void judge_initial_measurement() {
    if (named("initial_measurement", policy_.initial_measurement, c_.initial_measurement,
              TrustClaim::executables, "cca > realm token > initial-measurement") != Met::listed)
      return;
    a_.vector[TrustClaim::executables] = ar4si::executables_approved_at_boot;
    a_.key = KeyProvenance::measured;
  }

  Met named(const std::string& key, const Expect<Bytes>& expected, const Bytes& value, TrustClaim claim,
            const std::string& path) {
    const Met met = judge_named("cca." + key, expected, value, path, findings_, a_.dangers);
    if (met == Met::refused) a_.vector[claim] = ar4si::contraindicated;
    return met;
  }

  // given judges what the realm's owner or the realm itself fills.
  void given(const std::string& key, const Expect<Bytes>& expected, const Bytes& value, TrustClaim claim) {
    if (judge_given("cca." + key, expected, value, "cca > realm token > " + key, findings_, a_.dangers))
      a_.vector[claim] = ar4si::contraindicated;
  }

  const Claims& c_;
  const std::optional<CcaPolicy> from_corim_;
  const CcaPolicy& policy_;
  const Context& context_;
  Findings& findings_;
  Assessment a_;
};

}  // namespace

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  const Claims& c = *verified;
  Assessment a = Judge(c, context, findings).judge();
  a.fingerprint = c.fingerprint;
  a.instance = {"ueid:" + base::to_hex(c.instance_id), "ak:" + c.cpak.key};
  a.claims = {{"cca.instance_id", base::to_hex(c.instance_id)},
              {"cca.implementation_id", base::to_hex(c.implementation_id)},
              {"cca.lifecycle", std::string(arm::name_of(c.lifecycle))},
              {"cca.config", base::to_hex(c.config)},
              {"cca.cpak", c.cpak.key},
              {"cca.initial_measurement", base::to_hex(c.initial_measurement)},
              {"cca.personalization", base::to_hex(c.personalization)},
              {"cca.key_binding", "through the binder"}};
  for (std::size_t i = 0; i < c.extensible_measurements.size(); ++i)
    a.claims.emplace_back("cca.extensible_measurements." + std::to_string(i),
                          base::to_hex(c.extensible_measurements[i]));
  arm::tell_components(c.components, "cca", a);
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  (void)Judge(claims_of(*evidence), context, findings).judge();
}

}  // namespace seatls::appraise::cca
