#include "appraise/schemes/snp/appraise.h"

#include <algorithm>
#include <array>

#include "appraise/ar4si.h"
#include "appraise/schemes/snp/corim.h"
#include "base/encoding.h"

namespace seatls::appraise::snp {
namespace {

namespace bits = seatls::snp;

// What POLICY may only say when the policy names it. DEBUG stands apart: it is a danger.
constexpr std::uint64_t permissions = bits::policy_smt | bits::policy_migrate_ma | bits::policy_cxl;

constexpr std::array guest_bits = {
    NamedBit{"smt", bits::policy_smt},
    NamedBit{"migration", bits::policy_migrate_ma},
    NamedBit{"debug", bits::policy_debug},
    NamedBit{"single_socket", bits::policy_single_socket},
    NamedBit{"cxl", bits::policy_cxl},
    NamedBit{"mem_aes_256_xts", bits::policy_mem_aes_256_xts},
    NamedBit{"rapl_disabled", bits::policy_rapl_disabled},
    NamedBit{"ciphertext_hiding", bits::policy_ciphertext_hiding},
    NamedBit{"page_swap_disabled", bits::policy_page_swap_disabled},
};
constexpr std::array platform = {
    NamedBit{"smt", bits::platform_smt},
    NamedBit{"tsme", bits::platform_tsme},
    NamedBit{"ecc", bits::platform_ecc},
    NamedBit{"rapl_disabled", bits::platform_rapl_disabled},
    NamedBit{"ciphertext_hiding", bits::platform_ciphertext_hiding},
    NamedBit{"alias_check_complete", bits::platform_alias_check_complete},
    NamedBit{"tio", bits::platform_tio},
};

std::string place(std::string_view field) { return "sev-snp > report > " + std::string(field); }

// Judge holds one report against the policy.
class Judge {
 public:
  Judge(const Claims& claims, const Context& context, Findings& findings)
      : c_(claims),
        from_corim_(with_corim(claims, context, findings)),
        policy_(from_corim_ ? *from_corim_ : context.policy.snp),
        context_(context),
        findings_(findings) {}

  const Assessment& judge() {
    a_.vector[TrustClaim::instance_identity] = ar4si::instance_recognized;
    judge_hardware(c_.simulated, a_);
    a_.vector[TrustClaim::runtime_opaque] = c_.simulated ? std::int8_t{0} : ar4si::memory_opaque;
    a_.vector[TrustClaim::configuration] = ar4si::configuration_approved;
    judge_measurement();
    given("host_data", policy_.host_data, c_.report.host_data);
    given("id_key_digest", policy_.id_key_digest, c_.report.id_key_digest);
    given("author_key_digest", policy_.author_key_digest, c_.report.author_key_digest);
    given("family_id", policy_.family_id, c_.report.family_id);
    given("image_id", policy_.image_id, c_.report.image_id);
    if (judge_debug((c_.report.policy & bits::policy_debug) != 0,
                    "bit 19 lets the host read and write the guest's memory", context_, place("POLICY"),
                    findings_, a_.dangers))
      a_.vector[TrustClaim::configuration] = ar4si::contraindicated;
    judge_guest_policy();
    judge_platform();
    judge_levels();
    judge_signer();
    judge_tcb();
    return a_;
  }

  // judge_with_key judges besides where the key was made that the binder in REPORT_DATA names.
  Assessment judge_with_key() {
    judge();
    if (measured_) a_.key = KeyProvenance::measured;
    judge_key(a_.key, demanded_key(context_.policy, policy_.key, KeyProvenance::measured), context_,
              place("MEASUREMENT"), findings_, a_.dangers,
              a_.key == KeyProvenance::none ? "it rests on the measured software, which no value in "
                                              "sev-snp.measurement vouches for"
                                            : "the binder names the key; where it was made rests on the "
                                              "measured software");
    return a_;
  }

 private:
  void refuse(TrustClaim claim, Code code, std::string detail, std::string_view field) {
    a_.vector[claim] = ar4si::contraindicated;
    findings_.refuse(Stage::policy, code, std::move(detail), place(field));
  }

  void judge_measurement() {
    const Met met = judge_named("sev-snp.measurement", policy_.measurement, c_.report.measurement,
                                place("MEASUREMENT"), findings_, a_.dangers);
    if (met == Met::refused) a_.vector[TrustClaim::executables] = ar4si::contraindicated;
    if (met != Met::listed) return;
    a_.vector[TrustClaim::executables] = ar4si::executables_approved_at_boot;
    measured_ = true;
  }

  // given judges a field that the guest's owner or the host fills.
  void given(std::string_view key, const Expect<Bytes>& expected, ByteView field) {
    std::string upper(key);
    std::ranges::transform(upper, upper.begin(), [](char ch) {
      return ch >= 'a' && ch <= 'z' ? static_cast<char>(ch - 'a' + 'A') : ch;
    });
    if (judge_given("sev-snp." + std::string(key), expected, field, place(upper), findings_, a_.dangers))
      a_.vector[TrustClaim::configuration] = ar4si::contraindicated;
  }

  void judge_guest_policy() {
    const auto excess = c_.report.policy & permissions & ~policy_.permit;
    if (excess != 0)
      refuse(TrustClaim::configuration, Code::reference_mismatch,
             "allows " + names_of(excess, guest_bits) + ", which sev-snp.permit does not name", "POLICY");
    const auto lacking = policy_.demand & ~c_.report.policy;
    if (lacking != 0)
      refuse(TrustClaim::configuration, Code::reference_mismatch,
             "lacks " + names_of(lacking, guest_bits) + ", which sev-snp.demand names", "POLICY");
  }

  void judge_platform() {
    const auto lacking = policy_.demand_platform & ~c_.report.platform_info;
    if (lacking != 0)
      refuse(TrustClaim::configuration, Code::reference_mismatch,
             "lacks " + names_of(lacking, platform) + ", which sev-snp.demand_platform names",
             "PLATFORM_INFO");
  }

  void judge_levels() {
    if (std::ranges::find(policy_.vmpl, c_.report.vmpl) == policy_.vmpl.end())
      refuse(TrustClaim::configuration, Code::reference_mismatch,
             "is " + std::to_string(c_.report.vmpl) + "; sev-snp.vmpl does not accept it", "VMPL");
    if (c_.report.guest_svn < policy_.guest_svn_at_least)
      refuse(TrustClaim::executables, Code::reference_mismatch,
             "is " + std::to_string(c_.report.guest_svn) + "; sev-snp.guest_svn_at_least is " +
                 std::to_string(policy_.guest_svn_at_least),
             "GUEST_SVN");
    const bool provisional =
        c_.report.current != c_.report.committed || c_.report.current_tcb != c_.report.committed_tcb;
    if (provisional && !policy_.permit_provisional_firmware)
      refuse(TrustClaim::configuration, Code::reference_mismatch,
             "the running firmware is not the committed one, so the host can go back to an older one; "
             "sev-snp.permit does not name provisional_firmware",
             "CURRENT_TCB");
  }

  void judge_signer() {
    if (c_.report.signing_key != SigningKey::vlek) return;
    const auto& expected = policy_.vlek;
    if (expected.is_any())
      a_.dangers.emplace_back("expect.any: sev-snp.vlek");
    else if (!expected.is_set())
      refuse(TrustClaim::instance_identity, Code::policy_unset,
             "a VLEK signed, which a cloud provider holds for all its chips, and sev-snp.vlek accepts none",
             "SIGNING_KEY");
    else if (!expected.accepts(c_.csp_id))
      refuse(TrustClaim::instance_identity, Code::reference_mismatch,
             "the VLEK is of \"" + c_.csp_id + "\", which sev-snp.vlek does not accept", "SIGNING_KEY");
  }

  void judge_tcb() {
    if (!c_.product || !c_.tcbs) return;  // verification says what is wrong with them
    std::string line(seatls::name(*c_.product));
    line.front() = static_cast<char>(line.front() - 'A' + 'a');
    const std::string table = "sev-snp.tcb." + line;
    const auto floor = policy_.tcb.find(*c_.product);
    if (floor == policy_.tcb.end() || !floor->second.reported)
      return refuse(TrustClaim::hardware, Code::policy_unset,
                    "[" + table + "] does not say which level is accepted", "REPORTED_TCB");
    const auto demand = [&](const std::optional<SnpTcb>& least, const SnpTcb& level, std::string_view key,
                            std::string_view field) {
      if (!least || level.is_at_least(*least)) return;
      refuse(TrustClaim::hardware, Code::tcb_rejected,
             "is " + to_text(level) + "; " + table + "." + std::string(key) + " demands " + to_text(*least),
             field);
    };
    demand(floor->second.reported, c_.tcbs->reported, "reported", "REPORTED_TCB");
    demand(floor->second.committed, c_.tcbs->committed, "committed", "COMMITTED_TCB");
    demand(floor->second.current, c_.tcbs->current, "current", "CURRENT_TCB");
    demand(floor->second.launch, c_.tcbs->launch, "launch", "LAUNCH_TCB");
  }

  const Claims& c_;
  const std::optional<SnpPolicy> from_corim_;
  const SnpPolicy& policy_;
  const Context& context_;
  Findings& findings_;
  Assessment a_;
  bool measured_ = false;  // the measurement is one that the policy lists
};

std::string text_of(const FirmwareVersion& v) {
  return std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.build);
}

std::string hex(std::uint64_t value) {
  Bytes raw;
  for (int shift = 56; shift >= 0; shift -= 8) raw.push_back(static_cast<std::uint8_t>(value >> shift));
  return "0x" + base::to_hex(raw);
}

void tell_claims(const Claims& c, Assessment& a) {
  const Report& r = c.report;
  a.fingerprint = c.fingerprint;
  if (!c.chip_id.empty()) a.instance.push_back("chip_id:" + c.chip_id);
  const auto tell = [&](std::string_view name, std::string value) {
    a.claims.emplace_back("sev-snp." + std::string(name), std::move(value));
  };
  tell("version", std::to_string(r.version));
  tell("product", std::string(seatls::name(*c.product)));
  tell("measurement", base::to_hex(r.measurement));
  tell("host_data", base::to_hex(r.host_data));
  tell("id_key_digest", base::to_hex(r.id_key_digest));
  tell("author_key_digest", base::to_hex(r.author_key_digest));
  tell("family_id", base::to_hex(r.family_id));
  tell("image_id", base::to_hex(r.image_id));
  tell("guest_svn", std::to_string(r.guest_svn));
  tell("vmpl", std::to_string(r.vmpl));
  tell("policy", hex(r.policy));
  tell("policy.abi", std::to_string((r.policy >> 8) & 0xFF) + "." + std::to_string(r.policy & 0xFF));
  tell("policy.says", names_of(r.policy, guest_bits));
  tell("platform_info", names_of(r.platform_info, platform));
  tell("tcb.reported", to_text(c.tcbs->reported));
  tell("tcb.committed", to_text(c.tcbs->committed));
  tell("tcb.current", to_text(c.tcbs->current));
  tell("tcb.launch", to_text(c.tcbs->launch));
  tell("firmware.current", text_of(r.current));
  tell("firmware.committed", text_of(r.committed));
  if (r.current_mit_vector) tell("mitigations.current", hex(*r.current_mit_vector));
  if (r.launch_mit_vector) tell("mitigations.launch", hex(*r.launch_mit_vector));
  tell("report_id", base::to_hex(r.report_id));
  if (!c.chip_id.empty()) tell("chip_id", c.chip_id);
  tell("signing_key", std::string(name(r.signing_key)));
  if (!c.csp_id.empty()) tell("csp_id", c.csp_id);
  tell("root", c.root);
  tell("revocation", c.revocation_checked ? "checked" : "not checked: sev-snp.crl is not set");
}

}  // namespace

std::span<const NamedBit> guest_policy_bits() { return guest_bits; }
std::span<const NamedBit> platform_bits() { return platform; }

std::string names_of(std::uint64_t value, std::span<const NamedBit> named) {
  std::string out;
  for (const auto& n : named)
    if ((value & n.bit) != 0) out += (out.empty() ? "" : ", ") + std::string(n.name);
  return out.empty() ? "none" : out;
}

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  Assessment a = Judge(*verified, context, findings).judge_with_key();
  tell_claims(*verified, a);
  a.claims.emplace_back("sev-snp.key_binding", "through the binder");
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  (void)Judge(claims_of(*evidence), context, findings).judge_with_key();
}

Assessment appraise_hardware(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  Assessment a = Judge(*verified, context, findings).judge();
  tell_claims(*verified, a);
  return a;
}

void foresee_hardware(const Evidence& evidence, const Context& context, Findings& findings) {
  (void)Judge(claims_of(evidence), context, findings).judge();
}

}  // namespace seatls::appraise::snp
