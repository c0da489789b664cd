#include "attest/simulated/snp_machine.h"

#include <algorithm>
#include <array>

#include "attest/held_keys.h"
#include "base/clock.h"
#include "codec/der.h"
#include "tee/certificate_table.h"
#include "tee/simulated_name.h"

namespace seatls::attest::simulated {
namespace {

namespace der = codec::der;
using crypto::PrivateKey;

constexpr std::string_view amd_arc = "1.3.6.1.4.1.3704.1.";
constexpr std::size_t signed_size = 0x2A0, report_size = 0x4A0, number_size = 72, p384_size = 48;

Error misconfigured(std::string what, std::string_view option) {
  return {Code::configuration, std::move(what), "simulated-sev-snp > " + std::string(option)};
}

std::string simulated(std::string_view role, SnpProduct product) {
  return tee::simulated_name(std::string(role) + std::string(name(product)));
}

// ---- Certificates ------------------------------------------------------------------------------

crypto::CertificateExtension amd(std::string_view number, Bytes value) {
  return {std::string(amd_arc) + std::string(number), false, std::move(value)};
}

crypto::CertificateExtension spl(std::string_view number, std::uint8_t level) {
  return amd(number, der::write_unsigned({&level, 1}));
}

// The chip's number as a VCEK names it: 64 bytes, or the first 8 on Turin.
Bytes hwid(const SimulatedSnpOptions& o) {
  Bytes out = o.chip_id;
  if (o.product == SnpProduct::turin) out.resize(8);
  return out;
}

crypto::CertificateSpec vek_spec(const SimulatedSnpOptions& o) {
  const bool turin = o.product == SnpProduct::turin;
  crypto::CertificateSpec spec;
  spec.common_name = o.csp_id.empty() ? "SEV-VCEK" : "SEV-VLEK";
  spec.lifetime = lifetime;
  spec.extensions = {
      spl("1", turin ? 1 : 0),      amd("2", der::write(der::tag::ia5_string, view(name(o.product)))),
      spl("3.1", o.tcb.bootloader), spl("3.2", o.tcb.tee),
      spl("3.3", o.tcb.snp),        spl("3.8", o.tcb.microcode)};
  if (turin) spec.extensions.push_back(spl("3.9", o.tcb.fmc));
  if (o.csp_id.empty())
    spec.extensions.push_back(amd("4", hwid(o)));
  else
    spec.extensions.push_back(amd("5", der::write(der::tag::ia5_string, view(o.csp_id))));
  return spec;
}

// ---- The report --------------------------------------------------------------------------------

void put(Bytes& out, std::size_t at, ByteView value) {
  std::ranges::copy(value, out.begin() + static_cast<std::ptrdiff_t>(at));
}

void put_number(Bytes& out, std::size_t at, std::size_t width, std::uint64_t value) {
  for (std::size_t i = 0; i < width; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::array<std::uint8_t, 8> raw_tcb(const SnpTcb& t, SnpProduct product) {
  if (product == SnpProduct::turin) return {t.fmc, t.bootloader, t.tee, t.snp, 0, 0, 0, t.microcode};
  return {t.bootloader, t.tee, 0, 0, 0, 0, t.snp, t.microcode};
}

std::array<std::uint8_t, 3> cpuid(SnpProduct product) {
  if (product == SnpProduct::turin) return {0x1A, 0x02, 0x01};
  return {0x19, static_cast<std::uint8_t>(product == SnpProduct::genoa ? 0x11 : 0x01), 0x01};
}

// to_be_signed writes the offsets of the specification's table ATTESTATION_REPORT.
Bytes to_be_signed(const SimulatedSnpOptions& o, ByteView report_data) {
  constexpr std::uint32_t ecdsa_p384_sha384 = 1;
  constexpr std::array<std::uint8_t, 4> firmware = {1, 55, 1, 0};  // build, minor, major, reserved
  const auto tcb = raw_tcb(o.tcb, o.product);
  Bytes out(signed_size, 0);
  put_number(out, 0x000, 4, o.version);
  put_number(out, 0x004, 4, o.guest_svn);
  put_number(out, 0x008, 8, o.policy);
  put_number(out, 0x030, 4, o.vmpl);
  put_number(out, 0x034, 4, ecdsa_p384_sha384);
  put(out, 0x038, tcb);  // CURRENT_TCB
  put_number(out, 0x048, 4, o.csp_id.empty() ? 0 : 1U << 2);
  put(out, 0x050, report_data);
  put(out, 0x090, o.measurement);
  put(out, 0x0C0, o.host_data);
  put(out, 0x180, tcb);  // REPORTED_TCB
  if (o.version >= 3) put(out, 0x188, cpuid(o.product));
  if (o.csp_id.empty()) put(out, 0x1A0, hwid(o));
  put(out, 0x1E0, tcb);  // COMMITTED_TCB
  put(out, 0x1E8, firmware);
  put(out, 0x1EC, firmware);
  put(out, 0x1F0, tcb);  // LAUNCH_TCB
  return out;
}

Result<void> check(const SimulatedSnpOptions& o) {
  if (o.version < 2 || o.version > 5) return misconfigured("must be 2 to 5", "version");
  if (o.measurement.size() != 48) return misconfigured("must have 48 bytes", "measurement");
  if (o.host_data.size() != 32) return misconfigured("must have 32 bytes", "host_data");
  if (o.chip_id.size() != 64) return misconfigured("must have 64 bytes", "chip_id");
  if (o.csp_id.size() > 100) return misconfigured("must have at most 100 letters", "csp_id");
  return {};
}

}  // namespace

Result<SnpMachine> SnpMachine::make(SimulatedSnpOptions options) {
  SEATLS_CHECK(check(options));
  const auto product = options.product;
  SEATLS_TRY(options.platform,
             with_issuers(options.platform, crypto::KeyType::p384, {simulated("ARK-", product)},
                          base::system_clock()() - std::chrono::hours(1)));
  const auto ark = options.platform.impl()->issuers.front().issuer();
  SEATLS_TRY(const auto ask_key, PrivateKey::generate(crypto::KeyType::p384));
  const auto role = options.csp_id.empty() ? "SEV-" : "SEV-VLEK-";
  SEATLS_TRY(auto ask, crypto::make_certificate(
                           {.common_name = simulated(role, product), .is_ca = true, .lifetime = lifetime},
                           ask_key.public_key(), ark));
  SEATLS_TRY(auto vek_key, PrivateKey::generate(crypto::KeyType::p384));
  SEATLS_TRY(auto vek, crypto::make_certificate(vek_spec(options), vek_key.public_key(), {ask, ask_key}));
  return SnpMachine(std::move(options), std::move(ask), std::move(vek), std::move(vek_key));
}

// R and S are little endian numbers of 72 bytes each.
Result<Bytes> SnpMachine::report(ByteView report_data, const Edit& edit) const {
  if (report_data.size() != 64) return Error{Code::misuse, "report_data has 64 bytes", "simulated-sev-snp"};
  Bytes out = to_be_signed(options_, report_data);
  if (edit) edit(out);
  SEATLS_TRY(const Bytes signature,
             vek_key_.sign(crypto::SignatureAlgorithm::ecdsa_p384_sha384, out, crypto::EcdsaForm::fixed));
  out.resize(report_size, 0);
  const auto s = signature.begin() + p384_size;
  std::reverse_copy(signature.begin(), s, out.begin() + signed_size);
  std::reverse_copy(s, signature.end(), out.begin() + signed_size + number_size);
  return out;
}

Bytes SnpMachine::certificate_table() const {
  return tee::write_certificate_table(
      {{tee::ark_guid, ark().der()},
       {tee::ask_guid, ask_.der()},
       {options_.csp_id.empty() ? tee::vcek_guid : tee::vlek_guid, vek_.der()}});
}

}  // namespace seatls::attest::simulated

namespace seatls {
namespace {

class SimulatedSnpAttester final : public Attester {
 public:
  SimulatedSnpAttester(attest::simulated::SnpMachine machine, attest::HeldKeys tiks)
      : machine_(std::move(machine)), tiks_(std::move(tiks)) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override {
    return {{machine_.options().type}};
  }

  void attest(EvidenceRequest request, Done done) override { done(evidence(request)); }

 private:
  //= early-attestation#binder-whole-field
  [[nodiscard]] Result<Cmw> evidence(const EvidenceRequest& request) const {
    SEATLS_CHECK(tiks_.find(request.binder.tik()));
    Bytes report_data = bytes(request.binder.bytes());
    report_data.resize(64, 0);
    SEATLS_TRY(Bytes value, machine_.report(report_data));
    const Bytes table = machine_.certificate_table();
    value.insert(value.end(), table.begin(), table.end());
    return Cmw(CmwRecord{machine_.options().type, std::move(value), cmw_indicator::evidence});
  }

  const attest::simulated::SnpMachine machine_;
  const attest::HeldKeys tiks_;
};

}  // namespace

Result<Simulated> make_simulated_snp(SimulatedSnpOptions options) {
  SEATLS_TRY(auto tiks, attest::HeldKeys::of(options.tiks, "simulated-sev-snp"));
  SEATLS_TRY(auto machine, attest::simulated::SnpMachine::make(std::move(options)));
  Simulated out{nullptr, crypto::to_pem(machine.ark()), "", machine.options().platform};
  out.attester = std::make_shared<SimulatedSnpAttester>(std::move(machine), std::move(tiks));
  return out;
}

}  // namespace seatls
