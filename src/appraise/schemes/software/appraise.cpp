#include "appraise/schemes/software/appraise.h"

#include "appraise/ar4si.h"
#include "base/encoding.h"
#include "codec/cbor.h"
#include "rats/measured_component.h"

namespace seatls::appraise::software {
namespace {

std::string quoted(const std::string& s) { return "\"" + s + "\""; }

Result<Bytes> digest_of(std::uint16_t format, ByteView message) {
  if (format != rats::measured_component_cbor)
    return Error{Code::unknown_value, "content format " + std::to_string(format) + " is not understood", ""};
  SEATLS_TRY(auto component, rats::read_measured_component(message));
  return std::move(component.digest);
}

void judge_name(const rats::EatClaims& claims, const Context& context, Assessment& a, Findings& findings) {
  const auto& expected = context.policy.software.swname;
  if (!expected.is_set()) {
    findings.refuse(Stage::policy, Code::policy_unset, "software.swname accepts no name", "eat > swname");
  } else if (expected.is_any()) {
    a.dangers.emplace_back("expect.any: software.swname");
  } else if (!claims.swname || !expected.accepts(*claims.swname)) {
    a.vector[TrustClaim::executables] = ar4si::contraindicated;
    findings.refuse(Stage::policy, Code::reference_mismatch,
                    (claims.swname ? "is " + quoted(*claims.swname) : std::string("is missing")) +
                        "; software.swname does not accept it",
                    "eat > swname");
  }
}

void judge_measurements(const rats::EatClaims& claims, const Context& context, Assessment& a,
                        Findings& findings) {
  const auto& expected = context.policy.software.measurements;
  const auto refuse = [&](Code code, std::string detail, const std::string& path) {
    a.vector[TrustClaim::executables] = ar4si::contraindicated;
    findings.refuse(Stage::policy, code, std::move(detail), path);
  };
  if (!expected.is_set()) {
    if (!claims.measurements.empty())
      refuse(Code::policy_unset, "the evidence measures software; software.measurements accepts no digest",
             "eat > measurements");
    return;
  }
  if (expected.is_any()) {
    a.dangers.emplace_back("expect.any: software.measurements");
    return;
  }
  if (claims.measurements.empty())
    refuse(Code::reference_mismatch, "software.measurements is set, and the evidence measures nothing",
           "eat > measurements");
  for (std::size_t i = 0; i < claims.measurements.size(); ++i) {
    const std::string path = "eat > measurements[" + std::to_string(i) + "]";
    const auto digest = digest_of(claims.measurements[i].first, claims.measurements[i].second);
    if (!digest)
      refuse(Code::reference_mismatch, digest.error().detail, path);
    else if (!expected.accepts(*digest))
      refuse(Code::reference_mismatch,
             "is " + base::to_hex(*digest) + ", which software.measurements does not accept", path);
    else if (a.vector[TrustClaim::executables] == 0)
      a.vector[TrustClaim::executables] = ar4si::executables_approved_at_boot;
  }
}

// provenance_of takes the attester's word for its key: draft-reddy-rats-key-binding.
KeyProvenance provenance_of(const std::optional<rats::KeyAttributes>& key) {
  if (!key || key->local != true) return KeyProvenance::none;
  const bool stays = key->never_extractable == true || key->extractable == false;
  return stays && key->extractable != true ? KeyProvenance::proven : KeyProvenance::none;
}

Assessment judge(const rats::EatClaims& claims, const Context& context, Findings& findings) {
  Assessment a;
  a.vector[TrustClaim::hardware] = ar4si::hardware_none;
  a.dangers.emplace_back("software evidence: development only");
  judge_name(claims, context, a, findings);
  judge_measurements(claims, context, a, findings);
  // AR4SI has no claim that fits: a refusal alone tells it.
  (void)judge_debug(!claims.dbgstat || *claims.dbgstat == rats::DebugStatus::enabled,
                    claims.dbgstat ? "dbgstat is enabled" : "dbgstat is missing", context, "eat > dbgstat",
                    findings, a.dangers);
  a.key = provenance_of(claims.key_attributes);
  judge_key(a.key, demanded_key(context.policy, context.policy.software.key, KeyProvenance::none), context,
            "eat > key-attributes", findings, a.dangers,
            a.key == KeyProvenance::none ? "the evidence does not say local and not extractable" : "");
  return a;
}

}  // namespace

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  const rats::EatClaims& c = verified->eat;
  Assessment a = judge(c, context, findings);
  a.fingerprint = verified->fingerprint;
  if (c.kek) a.kek = c.kek->spki();
  if (c.ueid) a.instance.push_back("ueid:" + base::to_hex(*c.ueid));
  if (c.ueid) a.claims.emplace_back("eat.ueid", base::to_hex(*c.ueid));
  if (c.swname) a.claims.emplace_back("eat.swname", *c.swname);
  if (c.swversion) a.claims.emplace_back("eat.swversion", *c.swversion);
  if (c.dbgstat) a.claims.emplace_back("eat.dbgstat", std::string(rats::name(*c.dbgstat)));
  if (c.oemid) a.claims.emplace_back("eat.oemid", codec::cbor::diagnose(*c.oemid));
  if (c.hwmodel) a.claims.emplace_back("eat.hwmodel", base::to_hex(*c.hwmodel));
  for (std::size_t i = 0; i < c.measurements.size(); ++i)
    if (const auto digest = digest_of(c.measurements[i].first, c.measurements[i].second))
      a.claims.emplace_back("eat.measurements." + std::to_string(i), base::to_hex(*digest));
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  (void)judge(evidence->claims, context, findings);
}

}  // namespace seatls::appraise::software
