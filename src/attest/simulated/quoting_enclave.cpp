#include "attest/simulated/quoting_enclave.h"

#include "attest/simulated/intel_collateral.h"
#include "attest/simulated/little_endian.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "tee/simulated_name.h"

namespace seatls::attest::simulated {
namespace {

using crypto::KeyType;
using crypto::PrivateKey;

constexpr std::uint16_t ecdsa_p256 = 2, qe_report_certification = 6, pck_chain_pem = 5;
constexpr std::uint32_t tee_sgx = 0, tee_tdx = 0x81;

// A signature and a public key are pairs of 32-byte numbers.
Bytes raw_key(const PrivateKey& key) {
  const auto point = key.public_key().point().value();
  Bytes out = point.x;
  out.insert(out.end(), point.y.begin(), point.y.end());
  return out;
}

Result<Bytes> sign(const PrivateKey& key, ByteView message) {
  return key.sign(crypto::SignatureAlgorithm::ecdsa_p256_sha256, message, crypto::EcdsaForm::fixed);
}

// The quoting enclave's own report: what the collateral says about it, and the hash of its key.
Bytes qe_report(ByteView report_data) {
  const Bytes mr_enclave(32, 0x0e), mr_signer = qe_mr_signer();
  return write_enclave_report({.attributes = qe_attributes,
                               .mr_enclave = mr_enclave,
                               .mr_signer = mr_signer,
                               .isv_prod_id = qe_isv_prod_id,
                               .isv_svn = qe_isv_svn,
                               .report_data = report_data});
}

}  // namespace

Bytes write_enclave_report(const EnclaveReportFields& f) {
  Writer w;
  w.fill(16, 0).u32(0).fill(12 + 16, 0);  // cpu_svn, misc_select, reserved, isv_ext_prod_id
  w.bytes(f.attributes).bytes(f.mr_enclave).fill(32, 0).bytes(f.mr_signer).fill(32 + 64, 0);
  w.u16(f.isv_prod_id).u16(f.isv_svn).u16(0).fill(42 + 16, 0);
  w.bytes(f.report_data);
  return w.take();
}

QuotingEnclave::QuotingEnclave(IntelTee tee, SimulatedPlatform state, std::string chain_pem,
                               std::string collateral, PrivateKey pck, PrivateKey attestation_key)
    : tee_(tee),
      state_(std::move(state)),
      chain_pem_(std::move(chain_pem)),
      collateral_(std::move(collateral)),
      pck_(std::move(pck)),
      attestation_key_(std::move(attestation_key)) {}

Result<QuotingEnclave> QuotingEnclave::make(IntelTee tee, const SimulatedIntelOptions& options) {
  SEATLS_CHECK(check_size("simulated platform > ppid", options.ppid, 16));
  const Time begin = (options.clock ? options.clock : base::system_clock())() - std::chrono::hours(1);
  // Below the root the names are the real ones: they say what each certificate is for.
  SEATLS_TRY(auto state,
             with_issuers(options.platform, KeyType::p256,
                          {tee::simulated_name("SGX Root CA"), "Intel SGX PCK Platform CA"}, begin));
  const auto root = state.impl()->issuers[0].issuer(), ca = state.impl()->issuers[1].issuer();
  SEATLS_TRY(auto pck_key, PrivateKey::generate(KeyType::p256));
  SEATLS_TRY(const auto tcb_key, PrivateKey::generate(KeyType::p256));
  SEATLS_TRY(auto attestation_key, PrivateKey::generate(KeyType::p256));
  const auto spec = [&](const char* name) {
    return crypto::CertificateSpec{.common_name = name, .lifetime = lifetime, .not_before = begin};
  };
  auto pck_spec = spec("Intel SGX PCK Certificate");
  pck_spec.extensions = {{std::string(pck_extension_oid), false, pck_extension(options.ppid)}};
  SEATLS_TRY(const auto pck, crypto::make_certificate(pck_spec, pck_key.public_key(), ca));
  SEATLS_TRY(const auto tcb,
             crypto::make_certificate(spec("Intel SGX TCB Signing"), tcb_key.public_key(), root));
  const crypto::Period period{begin, begin + options.collateral_lifetime};
  std::vector<Bytes> revoked;
  if (options.revoked) revoked.push_back(pck.serial());
  SEATLS_TRY(const auto pck_crl, crypto::make_revocation_list(ca, period, revoked));
  SEATLS_TRY(const auto root_crl, crypto::make_revocation_list(root, period, {}));
  const std::string root_pem = to_pem(root.certificate), ca_pem = to_pem(ca.certificate);
  SEATLS_TRY(auto collateral, make_collateral({.tdx = tee == IntelTee::tdx,
                                               .pck_crl = pck_crl,
                                               .root_ca_crl = root_crl,
                                               .pck_crl_chain = ca_pem + root_pem,
                                               .signer_chain = to_pem(tcb) + root_pem,
                                               .signer = tcb_key,
                                               .period = period,
                                               .status = options.tcb_status,
                                               .advisories = options.advisories}));
  return QuotingEnclave(tee, std::move(state), to_pem(pck) + ca_pem + root_pem, std::move(collateral),
                        std::move(pck_key), std::move(attestation_key));
}

Bytes QuotingEnclave::header(std::uint16_t version) const {
  Writer w;
  w.u16(version).u16(ecdsa_p256).u32(tee_ == IntelTee::tdx ? tee_tdx : tee_sgx).u32(0);
  w.bytes(intel_qe_vendor).fill(20, 0);
  return w.take();
}

Result<Bytes> QuotingEnclave::quote(const Bytes& signed_part) const {
  const Bytes key = raw_key(attestation_key_), auth(32, 0x0a);
  Bytes vouched = key;
  vouched.insert(vouched.end(), auth.begin(), auth.end());
  Bytes qe_data = crypto::digest(Hash::sha256, vouched);
  qe_data.resize(64, 0);
  const Bytes report = qe_report(qe_data);
  SEATLS_TRY(const Bytes report_signature, sign(pck_, report));
  SEATLS_TRY(const Bytes signature, sign(attestation_key_, signed_part));

  Writer qe;
  qe.bytes(report).bytes(report_signature).u16(static_cast<std::uint16_t>(auth.size())).bytes(auth);
  qe.u16(pck_chain_pem).u32(static_cast<std::uint32_t>(chain_pem_.size())).bytes(view(chain_pem_));
  const Bytes certification = qe.take();
  Writer data;
  data.bytes(signature).bytes(key);
  const bool nested = signed_part.front() > 3;
  if (nested) data.u16(qe_report_certification).u32(static_cast<std::uint32_t>(certification.size()));
  data.bytes(certification);
  const Bytes signature_data = data.take();
  Writer out;
  out.bytes(signed_part).u32(static_cast<std::uint32_t>(signature_data.size())).bytes(signature_data);
  return out.take();
}

}  // namespace seatls::attest::simulated
