#include "appraise/schemes/azure/verify.h"

#include "appraise/schemes/intel/td_report.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls::appraise::azure {
namespace {

using Hardware = std::variant<snp::VerifiedClaims, tdx::VerifiedClaims>;

constexpr std::string_view scheme = "azure";

// The paravisor tells the attestation key's numbers and not its attributes. It is a key of the paravisor's
// own TPM, which signs with RSASSA and SHA-256.
tpm::Public ak_of(const Evidence& e) {
  return {{},
          Hash::sha256,
          {},
          {},
          tpm::SignatureScheme{tpm::SigningScheme::rsassa, Hash::sha256},
          e.hcl.variable.ak};
}

std::string joined(const std::vector<std::string_view>& list) {
  std::string out;
  for (const auto name : list) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

// Whoever makes variable data with a key of his own, makes another hash.
void verify_report_data(const HclReport& hcl, ByteView report_data, const std::string& path,
                        Findings& findings) {
  const Bytes expected = hcl.expected_report_data();
  if (!constant_time_equal(report_data, expected))
    findings.refuse(
        Stage::signature, Code::evidence_inconsistent,
        "holds " + base::to_hex(report_data) + "; the variable data hashes to " + base::to_hex(expected),
        path);
}

// The paravisor runs at level 0. From every other level whoever runs in the VM gets reports over what he
// likes, the name of a key of his own included.
void verify_privilege(const snp::Report& report, Findings& findings) {
  if (report.vmpl != 0)
    findings.refuse(Stage::trust, Code::untrusted_attestation_key,
                    "is " + std::to_string(report.vmpl) +
                        ": the paravisor did not ask for this report, and does not vouch for the key",
                    "sev-snp > report > VMPL");
}

// The quoting enclave signed what the TDREPORT says; nothing else makes the latter true.
void verify_td_report(const intel::TdReport& report, const intel::TdReport& quoted, Findings& findings) {
  if (const auto fields = intel::differences(report, quoted); !fields.empty())
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    "differs from the quote in " + joined(fields), "azure > hcl report > hw_report");
}

std::optional<Hardware> verify_hardware(const Evidence& e, const Context& context, Findings& findings) {
  if (const auto* report = e.snp()) {
    verify_report_data(e.hcl, report->report.report_data, "sev-snp > report > REPORT_DATA", findings);
    verify_privilege(report->report, findings);
    if (auto verified = snp::verify_hardware(*report, context, findings))
      return Hardware(std::move(*verified));
    return std::nullopt;
  }
  const auto& quote = *e.td_quote();
  verify_report_data(e.hcl, quote.td()->report_data, "quote > report_data", findings);
  verify_td_report(*e.hcl.td(), *quote.td(), findings);
  if (auto verified = tdx::verify_hardware(quote, context, findings)) return Hardware(std::move(*verified));
  return std::nullopt;
}

void verify_ak_certificate(const Evidence& e, Findings& findings) {
  if (e.ak_certificate_key && !e.ak_certificate_key->same_key(e.hcl.variable.ak))
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    "is for another key than HCLAkPub of the variable data", "azure > ak certificate");
}

void verify_user_data(const Evidence& e, const Context& context, Findings& findings) {
  if (e.binder_in_user_data)
    compare_binder(e.hcl.variable.user_data.value_or(Bytes()), BinderField::zero_padded_to_64, context,
                   "azure > hcl report > variable_data > user-data", findings);
}

bool is_padded_binder(const std::optional<Bytes>& user_data, ByteView binder) {
  if (!user_data || binder.empty() || binder.size() > user_data->size()) return false;
  Bytes padded = bytes(binder);
  padded.resize(user_data->size(), 0);
  return *user_data == padded;
}

}  // namespace

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims, Hardware hardware) {
    return VerifiedClaims(Verified{std::move(claims), std::move(hardware)});
  }
};

Claims claims_of(const Evidence& e, const Context& context) {
  Claims c;
  c.tdx = e.td_quote() != nullptr;
  c.pcrs = e.pcrs;
  c.explained = tpm::explained(e);
  c.has_event_log = e.event_log.has_value();
  c.events = e.event_log ? e.event_log->events.size() : 0;
  c.configuration = e.hcl.variable.configuration;
  c.user_data = e.hcl.variable.user_data;
  c.user_data_is_binder = is_padded_binder(c.user_data, context.binder);
  c.hash = e.hcl.hash;
  c.ak = "sha256:" + base::to_hex(crypto::digest(Hash::sha256, e.hcl.variable.ak.spki().der()));
  if (e.certified) {
    c.tik_name = e.certified->tik.name();
    c.key_detail = tpm::objection_to_tik(e.certified->tik);
    c.key = c.key_detail.empty() ? KeyProvenance::proven : KeyProvenance::none;
  } else {
    c.key_detail =
        "the virtual TPM certified no key: whatever runs in the VM may have made this one, or got it";
  }
  c.firmware_version = e.quote.firmware_version;
  c.clock = e.quote.clock;
  c.reset_count = e.quote.reset_count;
  c.restart_count = e.quote.restart_count;
  c.safe = e.quote.safe;
  c.fingerprint = crypto::digest(Hash::sha256, e.quote.raw);
  return c;
}

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  const Evidence& e = *evidence;
  const auto ak = ak_of(e);
  tpm::verify_quoted(e, ak, context, scheme, findings);
  if (e.certified) tpm::verify_certified(*e.certified, e.quote, ak, context, scheme, findings);
  verify_ak_certificate(e, findings);
  verify_user_data(e, context, findings);
  auto hardware = verify_hardware(e, context, findings);
  if (!hardware || findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint(claims_of(e, context), std::move(*hardware));
}

}  // namespace seatls::appraise::azure
