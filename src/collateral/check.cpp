// Whether what was fetched is what was asked for.
#include <algorithm>

#include "appraise/parts.h"
#include "appraise/schemes/intel/collateral.h"
#include "appraise/schemes/intel/trust_anchors.h"
#include "appraise/schemes/snp/trust_anchors.h"
#include "appraise/schemes/snp/vek.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "collateral/entry.h"
#include "crypto/crl.h"
#include "tee/simulated_name.h"

namespace seatls::collateral {
namespace {

namespace intel = appraise::intel;
namespace snp = appraise::snp;
using crypto::Certificate;

constexpr std::string_view tcb_signing_name = "Intel SGX TCB Signing";

Error invalid(std::string detail) { return {Code::collateral_invalid, std::move(detail), ""}; }

// as_invalid turns whatever keeps collateral from being used into what it says about the collateral.
Error as_invalid(Error error) {
  if (error.code != Code::collateral_stale && error.code != Code::certificate_revoked)
    error.code = Code::collateral_invalid;
  return error;
}

class Checker {
 public:
  Checker(Checked& checked, const Trust& trust, Time at) : c_(checked), trust_(trust), at_(at) {}

  Result<void> operator()(const appraise::TcbInfoOf& item) {
    SEATLS_TRY(const auto document, split_document(c_.entry.content, "tcbInfo"));
    SEATLS_TRY(const auto info, intel::read_tcb_info(document.raw));
    if (info.tee != item.tee || !std::ranges::equal(info.fmspc, item.fmspc))
      return invalid("is for " + std::string(intel::name(info.tee)) + " on FMSPC " +
                     base::to_hex(info.fmspc));
    issue(info.issued, info.next_update);
    return check_document(document);
  }

  Result<void> operator()(const appraise::QeIdentityOf& item) {
    SEATLS_TRY(const auto document, split_document(c_.entry.content, "enclaveIdentity"));
    SEATLS_TRY(const auto identity, intel::read_qe_identity(document.raw));
    const std::string_view wanted = item.tee == intel::Tee::tdx ? "TD_QE" : "QE";
    if (identity.id != wanted) return invalid("is that of \"" + identity.id + "\"");
    issue(identity.issued, identity.next_update);
    return check_document(document);
  }

  Result<void> operator()(const appraise::PckCrlOf& item) {
    SEATLS_TRY(const auto chain, intel_chain());
    const std::string wanted =
        item.ca == appraise::PckCa::platform ? "Intel SGX PCK Platform CA" : "Intel SGX PCK Processor CA";
    if (chain.front().subject_common_name() != wanted)
      return invalid("is that of \"" + chain.front().subject() + "\"");
    return check_list({chain.front()});
  }

  Result<void> operator()(const appraise::IntelRootCrl&) { return check_list(intel_anchors()); }

  Result<void> operator()(const appraise::VcekOf& item) {
    SEATLS_TRY(const auto list, crypto::parse_pem_certificates(c_.entry.content));
    if (list.size() != 1) return invalid(std::to_string(list.size()) + " certificates; a chip has one");
    SEATLS_TRY(const auto vek, snp::read_vek(list.front()));
    if (vek.kind != snp::SigningKey::vcek || vek.product != item.product || vek.hwid != item.hwid ||
        vek.tcb != item.tcb)
      return invalid("is of the " + std::string(seatls::name(vek.product)) + " chip " +
                     base::to_hex(vek.hwid) + " at " + to_text(vek.tcb));
    crypto::ChainCheck check{
        .anchors = amd_anchors(item.product), .intermediates = snp::intermediates(), .at = at_};
    for (const auto& der : trust_.issuers)
      if (auto issuer = Certificate::from_der(der)) check.intermediates.push_back(std::move(*issuer));
    return take(list, check);
  }

  Result<void> operator()(const appraise::AmdChainOf& item) {
    SEATLS_TRY(const auto list, crypto::parse_pem_certificates(c_.entry.content));
    const std::string role = item.key == snp::SigningKey::vlek ? "SEV-VLEK-" : "SEV-";
    const std::string wanted = role + std::string(seatls::name(item.product));
    if (list.front().subject_common_name() != wanted &&
        list.front().subject_common_name() != tee::simulated_name(wanted))
      return invalid("starts with \"" + list.front().subject() + "\", which is not " + wanted);
    return take(list, {.anchors = amd_anchors(item.product), .intermediates = list, .at = at_});
  }

  Result<void> operator()(const appraise::AmdCrlOf& item) { return check_list(amd_anchors(item.product)); }

 private:
  void hold(Time from, Time until) {
    c_.from = std::max(c_.from, from);
    c_.until = std::min(c_.until, until);
  }

  void issue(Time from, Time until) {
    c_.issued = std::max(c_.issued, from);
    hold(from, until);
  }

  [[nodiscard]] std::vector<Certificate> simulated(std::string_view name = "") const {
    std::vector<Certificate> out;
    for (const auto& root : trust_.simulated_roots)
      if (name.empty() || root.subject_common_name() == name) out.push_back(root);
    return out;
  }
  [[nodiscard]] std::vector<Certificate> intel_anchors() const {
    auto anchors = simulated();
    anchors.insert(anchors.begin(), intel::intel_root());
    return anchors;
  }
  [[nodiscard]] std::vector<Certificate> amd_anchors(SnpProduct product) const {
    auto anchors = simulated(tee::simulated_name("ARK-" + std::string(seatls::name(product))));
    anchors.insert(anchors.begin(), snp::ark(product));
    return anchors;
  }

  // take keeps certificates, each of which leads to an anchor.
  Result<void> take(const std::vector<Certificate>& list, const crypto::ChainCheck& check) {
    for (const auto& certificate : list) {
      SEATLS_CHECK(crypto::verify_chain(certificate, check));
      issue(certificate.not_before(), certificate.not_after());
      c_.ders.push_back(bytes(certificate.der()));
    }
    return {};
  }

  Result<std::vector<Certificate>> intel_chain() {
    SEATLS_TRY(auto chain, crypto::parse_pem_certificates(c_.entry.issuer_chain));
    SEATLS_CHECK(
        crypto::verify_chain(chain.front(), {.anchors = intel_anchors(), .intermediates = chain, .at = at_}));
    for (const auto& certificate : chain) hold(certificate.not_before(), certificate.not_after());
    return chain;
  }

  Result<void> check_document(const SignedDocument& document) {
    SEATLS_TRY(const auto chain, intel_chain());
    if (chain.front().subject_common_name() != tcb_signing_name)
      return invalid("is signed by \"" + chain.front().subject() + "\"");
    SEATLS_TRY(const auto signature, base::from_hex(document.signature));
    SEATLS_TRY(const auto key, chain.front().public_key());
    if (!key.verify(crypto::SignatureAlgorithm::ecdsa_p256_sha256, view(document.raw), signature,
                    crypto::EcdsaForm::fixed))
      return invalid("its signature does not verify");
    return {};
  }

  Result<void> check_list(const std::vector<Certificate>& issuers) {
    SEATLS_TRY(const auto der, base::from_hex(c_.entry.content));
    SEATLS_TRY(const auto period, crypto::crl_period(der));
    issue(period.from, period.until);
    c_.ders.push_back(der);
    Result<void> verified = invalid("nobody issues it");
    for (const auto& issuer : issuers) {
      verified = crypto::verify_crl(der, issuer);
      if (verified) return {};
    }
    return verified;
  }

  Checked& c_;
  const Trust& trust_;
  const Time at_;
};

}  // namespace

Trust trust_of(const std::vector<Bytes>& simulated_roots) {
  Trust trust;
  for (const auto& der : simulated_roots)
    if (auto root = Certificate::from_der(der); root && tee::is_simulated_name(root->subject_common_name()))
      trust.simulated_roots.push_back(std::move(*root));
  return trust;
}

Result<Checked> check_entry(Entry entry, const Item& item, const Trust& trust, Time at) {
  Checked checked{.entry = std::move(entry), .from = Time::min(), .until = Time::max(), .digest = {}};
  if (auto sound = std::visit(Checker(checked, trust, at), item); !sound)
    return as_invalid(std::move(sound).error());
  if (at < checked.from || at >= checked.until)
    return Error{Code::collateral_stale,
                 "holds from " + base::to_rfc3339(checked.from) + " to " + base::to_rfc3339(checked.until),
                 ""};
  checked.digest = appraise::name_of_parts({view(checked.entry.issuer_chain), view(checked.entry.content)});
  return checked;
}

}  // namespace seatls::collateral
