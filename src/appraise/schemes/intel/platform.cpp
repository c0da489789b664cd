#include "appraise/schemes/intel/platform.h"

#include <algorithm>
#include <tuple>

#include "appraise/context.h"
#include "appraise/parts.h"
#include "appraise/schemes/intel/trust_anchors.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/remembered.h"
#include "tee/simulated_name.h"

namespace seatls::appraise::intel {
namespace {

using Certificates = std::vector<crypto::Certificate>;

constexpr std::string_view pck_name = "Intel SGX PCK Certificate";
constexpr std::string_view pck_platform_ca = "Intel SGX PCK Platform CA";
constexpr std::string_view pck_processor_ca = "Intel SGX PCK Processor CA";
constexpr std::string_view tcb_signing_name = "Intel SGX TCB Signing";

// What verified, by everything that went into it but the time.
base::Remembered<Bytes, std::shared_ptr<const Platform>>& verified_platforms() {
  static base::Remembered<Bytes, std::shared_ptr<const Platform>> platforms(256);
  return platforms;
}

Bytes name_of(const PlatformQuery& q) {
  const std::string type = std::to_string(q.quote.certification_type);
  std::vector<ByteView> parts = {view(name(q.tee)), view(type), q.quote.certification};
  parts.insert(parts.end(), q.simulated_roots.begin(), q.simulated_roots.end());
  parts.emplace_back();
  for (const auto& c : q.collateral) parts.emplace_back(c.impl().bundle.digest);
  return name_of_parts(parts);
}

// given_pck_chain finds the chain of a quote that does not bring it: the certificate that the quote names,
// and whose key signed the quoting enclave's report. It is verified as every other is.
Result<Certificates> given_pck_chain(const PlatformQuery& q) {
  const auto name = read_pck_name(q.quote.certification_type, q.quote.certification);
  for (const auto& c : q.collateral) {
    const auto& chain = c.impl().bundle.pck_chain;
    const auto pck = chain.empty() || !name ? Result<Pck>(Error{}) : read_pck(chain.front());
    if (pck && name->names(*pck) &&
        pck->key.verify(crypto::SignatureAlgorithm::ecdsa_p256_sha256, q.quote.qe_report_raw,
                        q.quote.qe_report_signature, crypto::EcdsaForm::fixed))
      return chain;
  }
  return Error{
      Code::untrusted_attestation_key,
      "certification data is of type " + std::to_string(q.quote.certification_type) +
          (name ? ", which names the PCK and does not bring its chain (type 5); no collateral has it "
                  "(pck_certificate_chain)"
                : "; type 5, the PCK's certificate chain, is what can be verified"),
      "quote > certification_data"};
}

// Cold verifies one platform for the first time.
class Cold {
 public:
  Cold(const PlatformQuery& query, Findings& findings) : q_(query), findings_(findings) {}

  [[nodiscard]] std::shared_ptr<const Platform> run() {
    auto chain = q_.quote.certification_type == pck_chain_pem ? read_pck_chain(q_.quote.certification)
                                                              : given_pck_chain(q_);
    if (!chain) {
      const bool given = q_.quote.certification_type != pck_chain_pem;
      refuse(given ? Stage::trust : Stage::parse,
             given ? std::move(chain).error() : as_malformed(std::move(chain).error()));
      return nullptr;
    }
    auto pck = read_pck(chain->front());
    if (!pck) {
      refuse(Stage::parse, as_malformed(std::move(pck).error()));
      return nullptr;
    }
    const Bundle* bundle = select_bundle(*pck);
    check_pck_name(chain->front());
    check_pck_chain(*chain, bundle);
    if (bundle != nullptr) check_bundle(*bundle);
    if (refused_ || bundle == nullptr) return nullptr;
    return std::make_shared<const Platform>(Platform{std::move(*pck), bundle->tcb_info.value,
                                                     bundle->qe_identity.value, simulated_, from_, until_});
  }

 private:
  void refuse(Stage stage, Error error) {
    refused_ = true;
    findings_.refuse(stage, std::move(error));
  }
  void refuse(Code code, std::string detail, std::string path) {
    refuse(Stage::trust, Error{code, std::move(detail), std::move(path)});
  }

  // select_bundle takes the collateral for this model of platform: one with the list of the PCK's own issuer
  // before others, one that holds now before one that does not, the newer before the older.
  [[nodiscard]] const Bundle* select_bundle(const Pck& pck) {
    const auto holds = [&](const Bundle& b) {
      return q_.at >= b.tcb_info.value.issued && q_.at < b.tcb_info.value.next_update;
    };
    const auto issuer = pck.certificate.issuer_common_name();
    const auto rank = [&](const Bundle& b) {
      const auto& chain = b.pck_crl_chain;
      return std::tuple(!chain.empty() && chain.front().subject_common_name() == issuer, holds(b),
                        b.tcb_info.value.evaluation);
    };
    const Bundle* best = nullptr;
    for (const auto& c : q_.collateral) {
      const Bundle& b = c.impl().bundle;
      const TcbInfo& info = b.tcb_info.value;
      if (info.tee != q_.tee || info.fmspc != pck.fmspc || info.pce_id != pck.pce_id) continue;
      if (best == nullptr || rank(b) > rank(*best)) best = &b;
    }
    const bool fetched =
        std::ranges::any_of(q_.collateral, [](const IntelCollateral& c) { return c.impl().fetched; });
    if (best == nullptr)
      refuse(Code::collateral_missing,
             "none is for " + std::string(name(q_.tee)) + " on FMSPC " + base::to_hex(pck.fmspc) +
                 ", PCE-ID " + base::to_hex(pck.pce_id) +
                 (fetched ? "; the policy says \"fetched\", and none was" : ""),
             "collateral");
    return best;
  }

  void check_pck_name(const crypto::Certificate& leaf) {
    const auto issuer = leaf.issuer_common_name();
    if (leaf.subject_common_name() != pck_name || (issuer != pck_platform_ca && issuer != pck_processor_ca))
      refuse(Code::untrusted_attestation_key,
             "\"" + leaf.subject() + "\", issued by \"" + issuer + "\", is no PCK certificate", "pck chain");
  }

  [[nodiscard]] Certificates simulated_anchors() {
    Certificates anchors;
    for (const auto& der : q_.simulated_roots)
      if (auto root = crypto::Certificate::from_der(der);
          root && tee::is_simulated_name(root->subject_common_name()))
        anchors.push_back(std::move(*root));
    return anchors;
  }

  // Without collateral the chain is still held against the root, so that an operator sees both objections.
  void check_pck_chain(const Certificates& chain, const Bundle* bundle) {
    crypto::ChainCheck check{
        .anchors = {intel_root()}, .intermediates = {std::next(chain.begin()), chain.end()}, .at = q_.at};
    if (bundle != nullptr) check.crls = {bundle->root_ca_crl, bundle->pck_crl};
    auto verified = crypto::verify_chain(chain.front(), check);
    if (!verified && verified.error().code == Code::untrusted_attestation_key &&
        !q_.simulated_roots.empty()) {
      check.anchors = simulated_anchors();
      if (auto other = crypto::verify_chain(chain.front(), check);
          other || other.error().code != Code::untrusted_attestation_key) {
        verified = std::move(other);
        simulated_ = true;
      }
    }
    anchors_ = check.anchors;
    if (!simulated_) anchors_ = {intel_root()};
    if (!verified) refuse(Stage::trust, std::move(verified).error().in("pck chain"));
    for (const auto& certificate : chain) narrow(certificate.not_before(), certificate.not_after());
  }

  void check_bundle(const Bundle& b) {
    for (const auto& [list, what] :
         {std::pair{&b.root_ca_crl, "root_ca_crl"}, std::pair{&b.pck_crl, "pck_crl"}})
      if (const auto period = crypto::crl_period(*list))
        narrow(period->from, period->until);
      else
        refuse(Stage::trust, Error(period.error()).in(what).in("collateral"));
    check_signed(b.tcb_info, b, "collateral > tcb_info");
    check_signed(b.qe_identity, b, "collateral > qe_identity");
    const std::string_view wanted = q_.tee == Tee::tdx ? "TD_QE" : "QE";
    if (b.qe_identity.value.id != wanted)
      refuse(
          Code::collateral_invalid,
          "is that of \"" + b.qe_identity.value.id + "\"; this quote needs \"" + std::string(wanted) + "\"",
          "collateral > qe_identity > id");
  }

  template <class T>
  void check_signed(const Signed<T>& s, const Bundle& b, const std::string& path) {
    const auto& signer = s.chain.front();
    if (signer.subject_common_name() != tcb_signing_name)
      refuse(Code::collateral_invalid, "signed by \"" + signer.subject() + "\"", path + " > signer");
    auto verified =
        crypto::verify_chain(signer, {.anchors = anchors_,
                                      .intermediates = {std::next(s.chain.begin()), s.chain.end()},
                                      .crls = {b.root_ca_crl},
                                      .at = q_.at});
    if (!verified) {
      auto error = std::move(verified).error();
      if (error.code == Code::untrusted_attestation_key) error.code = Code::collateral_invalid;
      refuse(Stage::trust, std::move(error).in(path + " > signer"));
    }
    const auto key = signer.public_key();
    const auto signature = key ? key->verify(crypto::SignatureAlgorithm::ecdsa_p256_sha256, view(s.raw),
                                             s.signature, crypto::EcdsaForm::fixed)
                               : Result<void>(key.error());
    if (!signature) refuse(Code::collateral_invalid, "its signature does not verify", path + " > signature");
    if (q_.at < s.value.issued || q_.at >= s.value.next_update)
      refuse(Code::collateral_stale,
             "holds from " + base::to_rfc3339(s.value.issued) + " to " +
                 base::to_rfc3339(s.value.next_update) + "; judged at " + base::to_rfc3339(q_.at),
             path);
    narrow(s.value.issued, s.value.next_update);
    for (const auto& certificate : s.chain) narrow(certificate.not_before(), certificate.not_after());
  }

  void narrow(Time from, Time until) {
    from_ = std::max(from_, from);
    until_ = std::min(until_, until);
  }

  const PlatformQuery& q_;
  Findings& findings_;
  bool refused_ = false;
  bool simulated_ = false;
  Certificates anchors_;
  Time from_ = Time::min(), until_ = Time::max();
};

}  // namespace

std::shared_ptr<const Platform> verify_platform(const PlatformQuery& query, Findings& findings) {
  Bytes name = name_of(query);
  if (auto known = verified_platforms().find(name);
      known && query.at >= (*known)->from && query.at < (*known)->until)
    return std::move(*known);
  auto platform = Cold(query, findings).run();
  if (platform) verified_platforms().keep(std::move(name), platform);
  return platform;
}

}  // namespace seatls::appraise::intel
