#include "attest/simulated/snp_machine.h"

#include <algorithm>
#include <array>
#include <utility>

namespace seatls::attest {
namespace {

using crypto::Certificate;
using crypto::PrivateKey;

constexpr std::string_view simulated_prefix = "SEATLS-SIMULATED-";
constexpr std::string_view amd_arc = "1.3.6.1.4.1.3704.1.";
constexpr std::size_t signed_size = 0x2A0, report_size = 0x4A0, number_size = 72, p384_size = 48;
constexpr std::chrono::seconds lifetime{std::chrono::hours{24 * 365}};

Error misconfigured(std::string what, std::string_view option) {
  return {Code::configuration, std::move(what), "simulated sev-snp > " + std::string(option)};
}

std::string simulated(std::string_view role, SnpProduct product) {
  return std::string(simulated_prefix) + std::string(role) + std::string(name(product));
}

// ---- Certificates ------------------------------------------------------------------------------

Bytes der(std::uint8_t tag, ByteView content) {
  Bytes out{tag, static_cast<std::uint8_t>(content.size())};
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

crypto::CertificateExtension spl(std::string_view number, std::uint8_t level) {
  const Bytes digits = level >= 0x80 ? Bytes{0, level} : Bytes{level};
  return {std::string(amd_arc) + std::string(number), false, der(0x02, digits)};
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
      spl("1", turin ? 1 : 0),      {std::string(amd_arc) + "2", false, der(0x16, view(name(o.product)))},
      spl("3.1", o.tcb.bootloader), spl("3.2", o.tcb.tee),
      spl("3.3", o.tcb.snp),        spl("3.8", o.tcb.microcode)};
  if (turin) spec.extensions.push_back(spl("3.9", o.tcb.fmc));
  if (o.csp_id.empty())
    spec.extensions.push_back({std::string(amd_arc) + "4", false, hwid(o)});
  else
    spec.extensions.push_back({std::string(amd_arc) + "5", false, der(0x16, view(o.csp_id))});
  return spec;
}

Result<Certificate> root_certificate(SnpProduct product, const PrivateKey& key) {
  return crypto::make_self_signed(
      {.common_name = simulated("ARK-", product), .is_ca = true, .lifetime = lifetime}, key);
}

Result<PrivateKey> root_key(const Secret& pem) {
  if (pem.size() == 0) return PrivateKey::generate(crypto::KeyType::p384);
  auto key = PrivateKey::from_pem({reinterpret_cast<const char*>(pem.reveal().data()), pem.size()});
  if (!key) return misconfigured("no private key can be read", "root_key");
  if (key->public_key().type() != crypto::KeyType::p384) return misconfigured("is not P-384", "root_key");
  return key;
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

SnpMachine::SnpMachine(SimulatedSnpOptions options, PrivateKey ark_key, PrivateKey vek_key, Certificate ark,
                       Certificate ask, Certificate vek)
    : options_(std::move(options)),
      ark_key_(std::move(ark_key)),
      vek_key_(std::move(vek_key)),
      ark_(std::move(ark)),
      ask_(std::move(ask)),
      vek_(std::move(vek)) {}

Result<SnpMachine> SnpMachine::make(const SimulatedSnpOptions& options) {
  SEATLS_CHECK(check(options));
  SEATLS_TRY(auto ark_key, root_key(options.root_key));
  SEATLS_TRY(auto ark, root_certificate(options.product, ark_key));
  SEATLS_TRY(const auto ask_key, PrivateKey::generate(crypto::KeyType::p384));
  const auto role = options.csp_id.empty() ? "SEV-" : "SEV-VLEK-";
  SEATLS_TRY(auto ask,
             crypto::make_certificate(
                 {.common_name = simulated(role, options.product), .is_ca = true, .lifetime = lifetime},
                 ask_key.public_key(), {ark, ark_key}));
  SEATLS_TRY(auto vek_key, PrivateKey::generate(crypto::KeyType::p384));
  SEATLS_TRY(auto vek, crypto::make_certificate(vek_spec(options), vek_key.public_key(), {ask, ask_key}));
  SimulatedSnpOptions kept;
  kept.product = options.product;
  kept.version = options.version;
  kept.guest_svn = options.guest_svn;
  kept.policy = options.policy;
  kept.vmpl = options.vmpl;
  kept.measurement = options.measurement;
  kept.host_data = options.host_data;
  kept.tcb = options.tcb;
  kept.chip_id = options.chip_id;
  kept.csp_id = options.csp_id;
  return SnpMachine(std::move(kept), std::move(ark_key), std::move(vek_key), std::move(ark), std::move(ask),
                    std::move(vek));
}

// R and S are little endian numbers of 72 bytes each.
Result<Bytes> SnpMachine::report(ByteView report_data, const Edit& edit) const {
  if (report_data.size() != 64) return Error{Code::misuse, "report_data has 64 bytes", "simulated sev-snp"};
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

// struct cert_table { struct { u8 guid[16]; u32 offset; u32 length; } entry[]; }
Bytes SnpMachine::certificate_table() const {
  using Guid = std::array<std::uint8_t, 16>;
  constexpr std::size_t entry_size = 24;
  constexpr Guid ark = {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52,
                        0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae};
  constexpr Guid ask = {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4,
                        0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82};
  constexpr Guid vcek = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                         0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
  constexpr Guid vlek = {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e,
                         0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1};
  const std::array<std::pair<Guid, ByteView>, 3> rows = {
      {{ark, ark_.der()}, {ask, ask_.der()}, {options_.csp_id.empty() ? vcek : vlek, vek_.der()}}};
  Bytes out((rows.size() + 1) * entry_size, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    put(out, i * entry_size, rows[i].first);
    put_number(out, i * entry_size + 16, 4, out.size());
    put_number(out, i * entry_size + 20, 4, rows[i].second.size());
    out.insert(out.end(), rows[i].second.begin(), rows[i].second.end());
  }
  return out;
}

}  // namespace seatls::attest

namespace seatls {
namespace {

class SimulatedSnpAttester final : public Attester {
 public:
  SimulatedSnpAttester(attest::SnpMachine machine, std::vector<Spki> tiks, EvidenceType type)
      : machine_(std::move(machine)), tiks_(std::move(tiks)), scheme_{std::move(type)} {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {scheme_}; }

  void attest(EvidenceRequest request, Done done) override { done(evidence(request)); }

 private:
  //= early-attestation#binder-whole-field
  [[nodiscard]] Result<Cmw> evidence(const EvidenceRequest& request) const {
    if (std::ranges::find(tiks_, request.binder.tik()) == tiks_.end())
      return Error{Code::foreign_key, "the certificate's key is none of this attester's",
                   "simulated sev-snp"};
    Bytes report_data = bytes(request.binder.bytes());
    report_data.resize(64, 0);
    SEATLS_TRY(Bytes value, machine_.report(report_data));
    const Bytes table = machine_.certificate_table();
    value.insert(value.end(), table.begin(), table.end());
    return Cmw(
        CmwRecord{std::get<EvidenceType>(scheme_.argument), std::move(value), cmw_indicator::evidence});
  }

  const attest::SnpMachine machine_;
  const std::vector<Spki> tiks_;
  const AttestationScheme scheme_;
};

}  // namespace

Result<SimulatedSnp> make_simulated_snp(SimulatedSnpOptions options) {
  if (options.tiks.empty())
    return Error{Code::configuration, "holds no key to attest", "simulated sev-snp > tiks"};
  SEATLS_TRY(auto machine, attest::SnpMachine::make(options));
  std::string root = crypto::to_pem(machine.ark());
  return SimulatedSnp{std::make_shared<SimulatedSnpAttester>(std::move(machine), std::move(options.tiks),
                                                             std::move(options.type)),
                      std::move(root)};
}

}  // namespace seatls
