#include "appraise/schemes/tdx/appraise.h"

#include <algorithm>
#include <array>

#include "appraise/ar4si.h"
#include "appraise/schemes/intel/corim.h"
#include "appraise/schemes/intel/tcb.h"
#include "base/encoding.h"
#include "codec/cursor.h"

namespace seatls::appraise::tdx {
namespace {

using intel::Field;

// TDATTRIBUTES, bit 0 first: Intel TDX Module ABI specification. The first byte holds what makes a TD
// untrusted ("TUD").
struct NamedBit {
  std::string_view name;
  unsigned bit;
};
constexpr std::array attribute_bits = {
    NamedBit{"debug", 0},       NamedBit{"hgs_plus_prof", 4},
    NamedBit{"perf_prof", 5},   NamedBit{"pmt_prof", 6},
    NamedBit{"icssd", 16},      NamedBit{"servtd_ext", 17},
    NamedBit{"lass", 27},       NamedBit{"sept_ve_disable", 28},
    NamedBit{"migratable", 29}, NamedBit{"pks", 30},
    NamedBit{"kl", 31},         NamedBit{"tpa", 62},
    NamedBit{"perfmon", 63},
};
constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }
constexpr std::uint64_t td_debug = bit(0), td_migratable = bit(29), td_sept_ve_disable = bit(28);
// What the guest alone feels: a policy that names no attributes accepts these.
constexpr std::uint64_t td_harmless = td_sept_ve_disable | bit(27) | bit(30) | bit(31) | bit(63);
// XFAM: x87 and SSE are always on; what lies outside of the second mask is not defined.
constexpr std::uint64_t xfam_fixed = 0x3, xfam_known = 0x0006DBE7;

std::uint64_t number_of(const Field<8>& raw) { return codec::Cursor(raw, codec::Endian::little).u64(""); }

std::string names_of(std::uint64_t value) {
  std::string out;
  for (const auto& named : attribute_bits) {
    if ((value & bit(named.bit)) == 0) continue;
    out += (out.empty() ? "" : ", ") + std::string(named.name);
    value &= ~bit(named.bit);
  }
  for (unsigned n = 0; n < 64; ++n)
    if ((value & bit(n)) != 0) out += (out.empty() ? "bit " : ", bit ") + std::to_string(n);
  return out.empty() ? "none" : out;
}

template <std::size_t N>
Bytes raw(const Field<N>& field) {
  return Bytes(field.begin(), field.end());
}

// Judge holds one TD report against the policy.
class Judge {
 public:
  Judge(const intel::TdReport& td, const Context& context, Findings& findings)
      : td_(td),
        from_corim_(intel::with_corim(td, context, findings)),
        policy_(from_corim_ ? *from_corim_ : context.policy.tdx),
        context_(context),
        findings_(findings) {}

  const Assessment& judge() {
    a_.vector[TrustClaim::instance_identity] = ar4si::instance_recognized;
    a_.vector[TrustClaim::configuration] = ar4si::configuration_approved;
    a_.vector[TrustClaim::runtime_opaque] = ar4si::memory_opaque;
    judge_measured();
    given("mr_config_id", policy_.mr_config_id, td_.mr_config_id);
    given("mr_owner", policy_.mr_owner, td_.mr_owner);
    given("mr_owner_config", policy_.mr_owner_config, td_.mr_owner_config);
    judge_service_td();
    judge_module();
    if (judge_debug(td_.debug(), "the host can read and write this TD's memory", context_,
                    "quote > td_attributes", findings_, a_.dangers))
      a_.vector[TrustClaim::runtime_opaque] = ar4si::contraindicated;
    judge_attributes();
    judge_xfam();
    judge_floor();
    return a_;
  }

  // judge_with_key judges besides where the key was made that the binder in REPORTDATA names.
  Assessment judge_with_key() {
    judge();
    judge_provenance();
    return a_;
  }

 private:
  void refuse(TrustClaim claim, Code code, std::string detail, std::string_view field) {
    a_.vector[claim] = ar4si::contraindicated;
    findings_.refuse(Stage::policy, code, std::move(detail), "quote > " + std::string(field));
  }

  // measured judges one register that must be named; it tells whether an accepted value was met.
  bool measured(const std::string& key, const Expect<Bytes>& expected, const Field<48>& field) {
    const Met met = judge_named("tdx." + key, expected, field, "quote > " + key, findings_, a_.dangers);
    if (met == Met::refused) a_.vector[TrustClaim::executables] = ar4si::contraindicated;
    if (met == Met::any) named_ = false;
    return met == Met::listed;
  }

  void judge_measured() {
    met_ = measured("mr_td", policy_.mr_td, td_.mr_td);
    for (unsigned i = 0; i < td_.rtmr.size(); ++i) {
      const bool named = named_;
      const bool met = measured("rtmr" + std::to_string(i), policy_.rtmr[i], td_.rtmr[i]);
      // What a log of the compound tells event by event is named there.
      const bool by_events = policy_.rtmr[i].is_any() && context_.names_events_of(i + 1);
      if (by_events) named_ = named;
      met_ = (met || by_events) && met_;
    }
    if (met_) a_.vector[TrustClaim::executables] = ar4si::executables_approved_at_boot;
  }

  // Measured software vouches for where the key was made. A value that is not the listed one is an
  // objection of its own, and not one against the key.
  void judge_provenance() {
    judge_key(named_ ? KeyProvenance::measured : KeyProvenance::none,
              demanded_key(context_.policy, policy_.key, KeyProvenance::measured), context_,
              "quote > report_data", findings_, a_.dangers,
              named_ ? "the binder names the key; where it was made rests on the measured software"
                     : "it rests on the measured software, of which the policy accepts any");
    a_.key = met_ ? KeyProvenance::measured : KeyProvenance::none;
  }

  // given judges a field that whoever starts the TD fills.
  void given(const std::string& key, const Expect<Bytes>& expected, const Field<48>& field,
             const std::string& place = "") {
    if (judge_given("tdx." + key, expected, field, "quote > " + (place.empty() ? key : place), findings_,
                    a_.dangers))
      a_.vector[TrustClaim::configuration] = ar4si::contraindicated;
  }

  // A service TD (for migration) can act on this one: whose it is counts, then and now.
  void judge_service_td() {
    if (td_.body == intel::TdBody::td_1_0) {
      if (policy_.mr_service_td.is_set() && !policy_.mr_service_td.is_any() &&
          !policy_.mr_service_td.accepts(Bytes(48)))
        refuse(TrustClaim::configuration, Code::reference_mismatch,
               "a TD 1.0 report tells no service TD; tdx.mr_service_td demands one", "mr_service_td");
      return;
    }
    given("mr_service_td", policy_.mr_service_td, td_.mr_service_td);
    if (!td_.migration || policy_.mr_service_td.is_any()) return;
    given("mr_service_td", policy_.mr_service_td, td_.migration->init_service_td_hash,
          "init_service_td_hash");
    given("mr_service_td", policy_.mr_service_td, td_.migration->current_service_td_hash,
          "current_service_td_hash");
  }

  void judge_module() {
    const auto named = [&](const std::string& key, const Expect<Bytes>& expected, const Field<48>& field) {
      if (expected.is_any()) a_.dangers.push_back("expect.any: tdx." + key);
      if (expected.is_set() && !expected.accepts(raw(field)))
        refuse(TrustClaim::configuration, Code::reference_mismatch,
               "is " + base::to_hex(field) + "; tdx." + key + " does not accept it", key);
    };
    named("mr_seam", policy_.mr_seam, td_.mr_seam);
    named("mr_signer_seam", policy_.mr_signer_seam, td_.mr_signer_seam);
  }

  void judge_attributes() {
    const auto value = number_of(td_.td_attributes);
    if (policy_.td_attributes.is_set()) {
      if (policy_.td_attributes.is_any()) a_.dangers.emplace_back("expect.any: tdx.td_attributes");
      if (!policy_.td_attributes.accepts(raw(td_.td_attributes)))
        refuse(TrustClaim::configuration, Code::reference_mismatch,
               "are " + base::to_hex(td_.td_attributes) + " (" + names_of(value) +
                   "); tdx.td_attributes does not accept that",
               "td_attributes");
      return;
    }
    if (const auto odd = value & ~td_harmless & ~td_debug; odd != 0)
      refuse(TrustClaim::configuration, Code::reference_mismatch,
             "say " + names_of(odd) +
                 ((odd & td_migratable) != 0 ? " (another platform may receive this TD)" : "") +
                 ", which only tdx.td_attributes can accept",
             "td_attributes");
    if ((value & td_sept_ve_disable) == 0)
      refuse(
          TrustClaim::configuration, Code::reference_mismatch,
          "lack sept_ve_disable: the host can make exceptions inside of the TD; only tdx.td_attributes can "
          "accept that",
          "td_attributes");
  }

  void judge_xfam() {
    if (policy_.xfam.is_any()) a_.dangers.emplace_back("expect.any: tdx.xfam");
    const auto value = number_of(td_.xfam);
    const bool known = (value & xfam_fixed) == xfam_fixed && (value & ~xfam_known) == 0;
    if (policy_.xfam.is_set() ? !policy_.xfam.accepts(raw(td_.xfam)) : !known)
      refuse(TrustClaim::configuration, Code::reference_mismatch,
             "is " + base::to_hex(td_.xfam) +
                 (policy_.xfam.is_set() ? "; tdx.xfam does not accept it"
                                        : ", which is not of the known values; only tdx.xfam can accept it"),
             "xfam");
  }

  void judge_floor() {
    if (!policy_.tee_tcb_svn_at_least) return;
    const auto& floor = *policy_.tee_tcb_svn_at_least;
    if (std::ranges::equal(td_.tee_tcb_svn, floor, std::ranges::greater_equal())) return;
    refuse(TrustClaim::hardware, Code::tcb_rejected,
           "is " + base::to_hex(td_.tee_tcb_svn) + "; tdx.tee_tcb_svn_at_least is " + base::to_hex(floor),
           "tee_tcb_svn");
  }

  const intel::TdReport& td_;
  const std::optional<TdxPolicy> from_corim_;
  const TdxPolicy& policy_;
  const Context& context_;
  Findings& findings_;
  Assessment a_;
  bool named_ = true;  // the policy lists values for every register
  bool met_ = false;   // and this TD has them
};

void tell_claims(const Claims& c, Assessment& a) {
  const auto tell = [&](const std::string& claim, std::string value) {
    a.claims.emplace_back("tdx." + claim, std::move(value));
  };
  const auto& td = c.td();
  tell("quote_version", std::to_string(c.quote.version));
  tell("body", std::string(intel::name(td.body)));
  tell("mr_td", base::to_hex(td.mr_td));
  for (std::size_t i = 0; i < td.rtmr.size(); ++i) tell("rtmr" + std::to_string(i), base::to_hex(td.rtmr[i]));
  tell("mr_config_id", base::to_hex(td.mr_config_id));
  tell("mr_owner", base::to_hex(td.mr_owner));
  tell("mr_owner_config", base::to_hex(td.mr_owner_config));
  tell("mr_seam", base::to_hex(td.mr_seam));
  tell("mr_signer_seam", base::to_hex(td.mr_signer_seam));
  tell("td_attributes", base::to_hex(td.td_attributes));
  tell("td_attributes.say", names_of(number_of(td.td_attributes)));
  tell("xfam", base::to_hex(td.xfam));
  tell("tee_tcb_svn", base::to_hex(td.tee_tcb_svn));
  if (td.body != intel::TdBody::td_1_0) {
    tell("tee_tcb_svn2", base::to_hex(td.tee_tcb_svn2));
    tell("mr_service_td", base::to_hex(td.mr_service_td));
  }
  if (td.migration) tell("td_id", base::to_hex(td.migration->td_id));
}

// conclude adds what the claims tell to a judgement of the TD report in them.
Assessment conclude(Assessment a, const Claims& c, const Context& context, Findings& findings) {
  a.fingerprint = c.fingerprint;
  // A CCEL numbers them so: UEFI Specification, section 38.4.1.
  Registers registers{Hash::sha384, {{0U, raw(c.td().mr_td)}}, true};
  for (unsigned i = 0; i < c.td().rtmr.size(); ++i) registers.values[i + 1] = raw(c.td().rtmr[i]);
  a.registers = {std::move(registers)};
  tell_claims(c, a);
  const auto hardware = intel::judge_platform(
      *c.platform, {.pck = c.platform->pck, .qe_isv_svn = c.quote.qe_report.isv_svn, .td = &c.td()},
      context.policy.tdx.tcb, "tdx", a, findings);
  if (a.vector[TrustClaim::hardware] == 0) a.vector[TrustClaim::hardware] = hardware;
  if (c.platform->simulated && a.vector[TrustClaim::runtime_opaque] == ar4si::memory_opaque)
    a.vector[TrustClaim::runtime_opaque] = 0;
  return a;
}

}  // namespace

std::string attributes_of(const Field<8>& td_attributes) { return names_of(number_of(td_attributes)); }

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  Assessment a = Judge(verified->td(), context, findings).judge_with_key();
  a = conclude(std::move(a), *verified, context, findings);
  a.claims.emplace_back("tdx.key_binding", "through the binder");
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  (void)Judge(evidence->td(), context, findings).judge_with_key();
}

Assessment appraise_hardware(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  return conclude(Judge(verified->td(), context, findings).judge(), *verified, context, findings);
}

void foresee_hardware(const intel::TdReport& td, const Context& context, Findings& findings) {
  (void)Judge(td, context, findings).judge();
}

}  // namespace seatls::appraise::tdx
