#include "appraise/schemes/snp/verify.h"

#include <algorithm>
#include <array>

#include "appraise/chain_cache.h"
#include "appraise/schemes/snp/trust_anchors.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "tee/simulated_name.h"

namespace seatls::appraise::snp {
namespace {

constexpr std::uint32_t ecdsa_p384_sha384 = 1;

template <std::size_t N>
std::string hex(const std::array<std::uint8_t, N>& field) {
  return base::to_hex(field);
}

// ---- Which key signed --------------------------------------------------------------------------

// chip_of returns CHIP_ID as its key's certificate writes it.
ByteView chip_of(const Report& report, SnpProduct product) {
  return ByteView(report.chip_id).first(product == SnpProduct::turin ? 8 : 64);
}

// contradictions tells in what a certificate and a report differ.
std::vector<std::string> contradictions(const Vek& vek, const Report& report) {
  std::vector<std::string> list;
  const auto product = std::string(seatls::name(vek.product));
  if (report.cpuid && product_of(*report.cpuid) != vek.product)
    list.push_back("the certificate is of " + product + "; the report comes from family " +
                   std::to_string(report.cpuid->family) + ", model " + std::to_string(report.cpuid->model));
  const auto tcb = read_tcb(report.reported_tcb, vek.product);
  if (!tcb)
    list.push_back("REPORTED_TCB " + hex(report.reported_tcb) + " is none of " + product + ": " +
                   tcb.error().detail);
  else if (*tcb != vek.tcb)
    list.push_back("the certificate stands for " + to_text(vek.tcb) + "; REPORTED_TCB is " + to_text(*tcb));
  // A host may mask CHIP_ID. The VCEK then tells the chip all the same.
  if (vek.kind == SigningKey::vcek && !is_zero(report.chip_id)) {
    Bytes padded = vek.hwid;
    padded.resize(report.chip_id.size(), 0);
    if (!std::ranges::equal(padded, report.chip_id))
      list.push_back("the certificate is of the chip " + base::to_hex(vek.hwid) + "; CHIP_ID is " +
                     hex(report.chip_id));
  }
  return list;
}

// where_to_get_it tells the address of the certificate that is missing, as far as the report knows it.
std::string where_to_get_it(const Report& report) {
  const auto product = report.cpuid ? product_of(*report.cpuid) : std::nullopt;
  if (report.signing_key != SigningKey::vcek || !product || is_zero(report.chip_id)) return "";
  const auto tcb = read_tcb(report.reported_tcb, *product);
  if (!tcb) return "";
  std::string url = "https://kdsintf.amd.com/vcek/v1/" + std::string(seatls::name(*product)) + "/" +
                    base::to_hex(chip_of(report, *product)) + "?";
  if (*product == SnpProduct::turin) url += "fmcSPL=" + std::to_string(tcb->fmc) + "&";
  return "; it is at " + url + "blSPL=" + std::to_string(tcb->bootloader) +
         "&teeSPL=" + std::to_string(tcb->tee) + "&snpSPL=" + std::to_string(tcb->snp) +
         "&ucodeSPL=" + std::to_string(tcb->microcode);
}

// given_veks are those of the policy's certificates that could have signed this report.
std::vector<Vek> given_veks(const Report& report, const SnpPolicy& policy) {
  std::vector<Vek> list;
  for (const auto& der : policy.certificates) {
    const auto certificate = crypto::Certificate::from_der(der);
    if (!certificate || !is_vek(*certificate)) continue;
    if (auto vek = read_vek(*certificate); vek && vek->kind == report.signing_key)
      if (contradictions(*vek, report).empty()) list.push_back(std::move(*vek));
  }
  return list;
}

bool signed_by(const Vek& vek, const Report& report) {
  constexpr std::size_t width = 48;
  // R and S stand there as little endian numbers of 72 bytes, of which P-384 uses 48.
  const auto is_long = [](const auto& n) {
    return std::any_of(n.begin() + width, n.end(), [](std::uint8_t b) { return b != 0; });
  };
  if (is_long(report.r) || is_long(report.s)) return false;
  Bytes signature(report.r.rend() - width, report.r.rend());
  signature.insert(signature.end(), report.s.rend() - width, report.s.rend());
  return vek.key
      .verify(crypto::SignatureAlgorithm::ecdsa_p384_sha384, report.signed_part, signature,
              crypto::EcdsaForm::fixed)
      .ok();
}

// find_vek chooses the certificate of the key that signed: the evidence's own, or else a given one.
std::optional<Vek> find_vek(const Evidence& e, const Context& context, Findings& findings) {
  const auto kind = e.report.signing_key;
  if (kind == SigningKey::none) {
    findings.refuse(Stage::signature, Code::signature_invalid,
                    "the firmware did not sign it (SIGNING_KEY is none)", "sev-snp > report > SIGNATURE");
    return std::nullopt;
  }
  const auto own = std::ranges::find(e.veks, kind, &Vek::kind);
  if (own != e.veks.end()) return *own;
  const auto given = given_veks(e.report, context.policy.snp);
  if (given.size() == 1) return given.front();
  // Several may be of this chip at this level: the key differs once the chip was given a new seed.
  const auto right = std::ranges::find_if(given, [&](const Vek& v) { return signed_by(v, e.report); });
  if (right != given.end()) return *right;
  if (!given.empty()) return given.front();
  findings.refuse(Stage::trust, Code::collateral_missing,
                  "neither the evidence nor sev-snp.certificates brings the certificate of the " +
                      std::string(name(kind)) + " that signed it" + where_to_get_it(e.report),
                  "sev-snp > certificate table");
  return std::nullopt;
}

void verify_report(const Report& report, const Vek& vek, Findings& findings) {
  if (report.signature_algo != ecdsa_p384_sha384)
    findings.refuse(
        Stage::signature, Code::algorithm_not_allowed,
        "is " + std::to_string(report.signature_algo) + "; only 1 (ECDSA P-384 with SHA-384) is allowed",
        "sev-snp > report > SIGNATURE_ALGO");
  else if (!signed_by(vek, report))
    findings.refuse(Stage::signature, Code::signature_invalid,
                    "is not by the " + std::string(name(vek.kind)) + " of the certificate",
                    "sev-snp > report > SIGNATURE");
  for (auto& difference : contradictions(vek, report))
    findings.refuse(Stage::trust, Code::evidence_inconsistent, std::move(difference), "sev-snp > report");
}

// ---- Who vouches for it ------------------------------------------------------------------------

struct Root {
  crypto::Certificate certificate;
  bool simulated = false;
};

std::vector<Root> roots_for(const Vek& vek, const Context& context) {
  std::vector<Root> roots = {{ark(vek.product), false}};
  for (const auto& der : context.policy.danger.simulated_roots)
    if (auto root = crypto::Certificate::from_der(der)) roots.push_back({std::move(*root), true});
  return roots;
}

std::vector<crypto::Certificate> issuers_for(const Evidence& e, const Context& context) {
  auto list = e.issuers;
  list.insert(list.end(), intermediates().begin(), intermediates().end());
  for (const auto& der : context.policy.snp.certificates)
    if (auto given = crypto::Certificate::from_der(der); given && !is_vek(*given))
      list.push_back(std::move(*given));
  return list;
}

// verify_below checks ARK, ASK (or ASVK) and VCEK (or VLEK), and that the names are those of their roles:
// an ASK does not issue VLEKs.
Result<void> verify_below(const Root& root, const Vek& vek, const std::vector<crypto::Certificate>& issuers,
                          const Context& context) {
  const std::string line(seatls::name(vek.product));
  const auto role = [&](std::string name) {
    return root.simulated ? tee::simulated_name(name + line) : name + line;
  };
  const std::string wanted = role(vek.kind == SigningKey::vlek ? "SEV-VLEK-" : "SEV-");
  Error last{Code::untrusted_attestation_key,
             "no certificate of " + wanted + " is at hand; the key's is issued by " +
                 vek.certificate.issuer_common_name(),
             "certificate chain"};
  if (root.certificate.subject_common_name() != role("ARK-")) return last;
  for (const auto& issuer : issuers) {
    if (issuer.subject_common_name() != wanted) continue;
    // AMD revokes ASKs, in the ARK's list; there is none for the keys of chips.
    const std::array chain = {vek.certificate, issuer, root.certificate};
    auto below = verify_steps(chain, context.policy.snp.crls, context.now);
    if (below) return {};
    last = std::move(below).error();
  }
  return last;
}

void verify_chain(const Evidence& e, const Vek& vek, const Context& context, Claims& claims,
                  Findings& findings) {
  const auto issuers = issuers_for(e, context);
  std::optional<Error> told;
  for (const auto& root : roots_for(vek, context)) {
    auto verified = verify_below(root, vek, issuers, context);
    if (verified) {
      claims.root = root.certificate.subject_common_name();
      claims.simulated = root.simulated;
      claims.revocation_checked = !context.policy.snp.crls.empty();
      return;
    }
    // What is wrong with a chain tells more than that it ends at another root.
    if (!told || told->code == Code::untrusted_attestation_key) told = std::move(verified).error();
  }
  findings.refuse(Stage::trust, std::move(*told).in("sev-snp > " + std::string(name(vek.kind))));
}

// add_vek adds what only the certificate of the key tells.
void add_vek(const Vek& vek, Claims& claims) {
  claims.csp_id = vek.csp_id;
  if (vek.kind == SigningKey::vcek) {
    Bytes padded = vek.hwid;
    padded.resize(claims.report.chip_id.size(), 0);
    claims.chip_id = base::to_hex(padded);
  }
  claims.product = vek.product;
}

std::optional<Tcbs> read_tcbs(const Report& report, SnpProduct product, std::string& why) {
  Tcbs out;
  const auto read = [&](const RawTcb& raw, std::string_view field, SnpTcb& into) {
    auto tcb = read_tcb(raw, product);
    if (tcb)
      into = *tcb;
    else if (why.empty())
      why = std::string(field) + " is " + hex(raw) + ", which " + std::string(seatls::name(product)) +
            " cannot have: " + tcb.error().detail;
  };
  read(report.reported_tcb, "REPORTED_TCB", out.reported);
  read(report.committed_tcb, "COMMITTED_TCB", out.committed);
  read(report.current_tcb, "CURRENT_TCB", out.current);
  read(report.launch_tcb, "LAUNCH_TCB", out.launch);
  if (!why.empty()) return std::nullopt;
  return out;
}

}  // namespace

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

Claims claims_of(const Evidence& e) {
  Claims c;
  c.report = e.report;
  if (!is_zero(e.report.chip_id)) c.chip_id = hex(e.report.chip_id);
  if (e.report.cpuid) c.product = product_of(*e.report.cpuid);
  if (const auto own = std::ranges::find(e.veks, e.report.signing_key, &Vek::kind); own != e.veks.end())
    add_vek(*own, c);
  std::string why;
  if (c.product) c.tcbs = read_tcbs(e.report, *c.product, why);
  c.fingerprint = crypto::digest(Hash::sha256, e.report.signed_part);
  return c;
}

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  compare_binder(evidence->report.report_data, BinderField::zero_padded_to_64, context,
                 "sev-snp > report > REPORT_DATA", findings);
  return verify_hardware(*evidence, context, findings);
}

std::optional<VerifiedClaims> verify_hardware(const Evidence& evidence, const Context& context,
                                              Findings& findings) {
  Claims claims = claims_of(evidence);
  const auto vek = find_vek(evidence, context, findings);
  if (!vek) return std::nullopt;
  verify_report(evidence.report, *vek, findings);
  verify_chain(evidence, *vek, context, claims, findings);
  add_vek(*vek, claims);
  std::string why;
  claims.tcbs = read_tcbs(evidence.report, vek->product, why);
  if (!claims.tcbs)
    findings.refuse(Stage::trust, Code::evidence_inconsistent, std::move(why), "sev-snp > report");
  if (findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint(std::move(claims));
}

}  // namespace seatls::appraise::snp
