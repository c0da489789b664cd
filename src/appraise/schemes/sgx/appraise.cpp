#include "appraise/schemes/sgx/appraise.h"

#include <algorithm>

#include "appraise/ar4si.h"
#include "appraise/schemes/intel/corim.h"
#include "appraise/schemes/intel/tcb.h"
#include "base/encoding.h"

namespace seatls::appraise::sgx {
namespace {

// ATTRIBUTES.FLAGS, first byte: Intel SDM volume 3D. INIT must be set; DEBUG stands apart; PROVISION_KEY
// and EINITTOKEN_KEY belong to enclaves of the platform itself.
constexpr std::uint8_t flag_init = 0x01, flag_debug = 0x02, flag_mode64 = 0x04, flag_kss = 0x80;
// Of the second byte: AEX-notify.
constexpr std::uint8_t flag_aex_notify = 0x04;

template <std::size_t N>
Bytes raw(const intel::Field<N>& field) {
  return Bytes(field.begin(), field.end());
}

// Judge holds one enclave report against the policy.
class Judge {
 public:
  Judge(const intel::EnclaveReport& report, const Context& context, Findings& findings)
      : r_(report),
        from_corim_(intel::with_corim(report, context, findings)),
        policy_(from_corim_ ? *from_corim_ : context.policy.sgx),
        context_(context),
        findings_(findings) {}

  Assessment judge() {
    a_.vector[TrustClaim::instance_identity] = ar4si::instance_recognized;
    a_.vector[TrustClaim::configuration] = ar4si::configuration_approved;
    a_.vector[TrustClaim::runtime_opaque] = ar4si::memory_opaque;
    judge_measured();
    judge_product();
    if (judge_debug(r_.debug(), "the host can read and write this enclave's memory", context_,
                    "quote > attributes", findings_, a_.dangers))
      a_.vector[TrustClaim::runtime_opaque] = ar4si::contraindicated;
    judge_attributes();
    if (judge_given("sgx.config_id", policy_.config_id, r_.config_id, "quote > config_id", findings_,
                    a_.dangers))
      a_.vector[TrustClaim::configuration] = ar4si::contraindicated;
    judge_provenance();
    return std::move(a_);
  }

 private:
  void refuse(TrustClaim claim, Code code, std::string detail, std::string_view field) {
    a_.vector[claim] = ar4si::contraindicated;
    findings_.refuse(Stage::policy, code, std::move(detail), "quote > " + std::string(field));
  }

  // met tells whether a listed value was met.
  bool met(const std::string& key, const Expect<Bytes>& expected, const intel::Field<32>& field) {
    if (!expected.is_set()) return false;
    const Met met = judge_named("sgx." + key, expected, field, "quote > " + key, findings_, a_.dangers);
    if (met == Met::refused) a_.vector[TrustClaim::executables] = ar4si::contraindicated;
    if (met != Met::any) named_ = true;
    return met == Met::listed;
  }

  // An enclave is named by what it is (MRENCLAVE), or by who signed it as which product (MRSIGNER).
  void judge_measured() {
    if (!policy_.mr_enclave.is_set() && !policy_.mr_signer.is_set())
      return refuse(TrustClaim::executables, Code::policy_unset,
                    "sgx.mr_enclave and sgx.mr_signer accept no value", "mr_enclave");
    const bool enclave = met("mr_enclave", policy_.mr_enclave, r_.mr_enclave);
    const bool signer = met("mr_signer", policy_.mr_signer, r_.mr_signer);
    met_ = (enclave || signer) && a_.vector[TrustClaim::executables] == 0;
    if (met_) a_.vector[TrustClaim::executables] = ar4si::executables_approved_at_boot;
  }

  // Measured software vouches for where the key was made. A value that is not the listed one is an
  // objection of its own, and not one against the key.
  void judge_provenance() {
    const bool vouched = named_ || (!policy_.mr_enclave.is_set() && !policy_.mr_signer.is_set());
    judge_key(vouched ? KeyProvenance::measured : KeyProvenance::none,
              demanded_key(context_.policy, policy_.key, KeyProvenance::measured), context_,
              "quote > report_data", findings_, a_.dangers,
              vouched ? "the binder names the key; where it was made rests on the measured software"
                      : "it rests on the measured software, of which the policy accepts any");
    a_.key = met_ ? KeyProvenance::measured : KeyProvenance::none;
  }

  void judge_product() {
    const auto& product = policy_.isv_prod_id;
    if (product.is_any()) a_.dangers.emplace_back("expect.any: sgx.isv_prod_id");
    if (product.is_set() && !product.accepts(r_.isv_prod_id))
      refuse(TrustClaim::executables, Code::reference_mismatch,
             "is " + std::to_string(r_.isv_prod_id) + "; sgx.isv_prod_id does not accept it", "isv_prod_id");
    if (policy_.isv_svn_at_least && r_.isv_svn < *policy_.isv_svn_at_least)
      refuse(TrustClaim::executables, Code::reference_mismatch,
             "is " + std::to_string(r_.isv_svn) + "; sgx.isv_svn_at_least is " +
                 std::to_string(*policy_.isv_svn_at_least),
             "isv_svn");
  }

  void judge_attributes() {
    if (policy_.attributes.is_any()) a_.dangers.emplace_back("expect.any: sgx.attributes");
    if (policy_.attributes.is_set()) {
      if (!policy_.attributes.accepts(raw(r_.attributes)))
        refuse(TrustClaim::configuration, Code::reference_mismatch,
               "are " + base::to_hex(r_.attributes) + "; sgx.attributes does not accept them", "attributes");
      return;
    }
    constexpr std::uint8_t usual = flag_init | flag_debug | flag_mode64 | flag_kss;
    const bool odd = (r_.attributes[0] & static_cast<std::uint8_t>(~usual)) != 0 ||
                     (r_.attributes[1] & static_cast<std::uint8_t>(~flag_aex_notify)) != 0 ||
                     std::any_of(r_.attributes.begin() + 2, r_.attributes.begin() + 8,
                                 [](auto byte) { return byte != 0; });
    if (odd || (r_.attributes[0] & flag_init) == 0)
      refuse(TrustClaim::configuration, Code::reference_mismatch,
             "are " + base::to_hex(r_.attributes) + ", which only sgx.attributes can accept", "attributes");
  }

  const intel::EnclaveReport& r_;
  const std::optional<SgxPolicy> from_corim_;
  const SgxPolicy& policy_;
  const Context& context_;
  Findings& findings_;
  Assessment a_;
  bool named_ = false;  // the policy lists values
  bool met_ = false;    // and this enclave has one
};

void tell_claims(const Claims& c, Assessment& a) {
  const auto tell = [&](const std::string& claim, std::string value) {
    a.claims.emplace_back("sgx." + claim, std::move(value));
  };
  const auto& r = c.enclave();
  tell("quote_version", std::to_string(c.quote.version));
  tell("mr_enclave", base::to_hex(r.mr_enclave));
  tell("mr_signer", base::to_hex(r.mr_signer));
  tell("isv_prod_id", std::to_string(r.isv_prod_id));
  tell("isv_svn", std::to_string(r.isv_svn));
  tell("attributes", base::to_hex(r.attributes));
  tell("config_id", base::to_hex(r.config_id));
  tell("config_svn", std::to_string(r.config_svn));
  tell("key_binding", "through the binder");
}

}  // namespace

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  const Claims& c = *verified;
  Assessment a = Judge(c.enclave(), context, findings).judge();
  a.fingerprint = c.fingerprint;
  tell_claims(c, a);
  a.vector[TrustClaim::hardware] =
      intel::judge_platform(*c.platform, {.pck = c.platform->pck, .qe_isv_svn = c.quote.qe_report.isv_svn},
                            context.policy.sgx.tcb, "sgx", a, findings);
  if (c.platform->simulated && a.vector[TrustClaim::runtime_opaque] == ar4si::memory_opaque)
    a.vector[TrustClaim::runtime_opaque] = 0;
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  (void)Judge(evidence->enclave(), context, findings).judge();
}

}  // namespace seatls::appraise::sgx
