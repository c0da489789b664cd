// A confidential VM of Azure that does not exist: a simulated processor below, and a virtual TPM whose
// attestation key is made here. It writes HCL reports, quotes and certifications byte for byte.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "attest/simulated/intel_platform.h"
#include "attest/simulated/snp_machine.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "support/claims_edit.h"
#include "support/verdict.h"
#include "unit/azure/tpm_writer.h"

namespace seatls::testing::azure {

namespace cbor = codec::cbor;
using attest::simulated::IntelPlatform;
using attest::simulated::SnpMachine;

inline void put(Bytes& out, std::size_t at, ByteView value) {
  std::ranges::copy(value, out.begin() + static_cast<std::ptrdiff_t>(at));
}
inline void put_u32(Bytes& out, std::size_t at, std::size_t value) {
  for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

inline crypto::PrivateKey make_key(crypto::KeyType type) {
  return crypto::PrivateKey::generate(type).value();
}

// Slow to make, and any will do.
inline const crypto::PrivateKey& an_ak() {
  static const auto key = make_key(crypto::KeyType::rsa);
  return key;
}
inline const crypto::PrivateKey& another_ak() {
  static const auto key = make_key(crypto::KeyType::rsa);
  return key;
}

inline std::string jwk(const crypto::PublicKey& key, const std::string& kid) {
  return R"({"kid":")" + kid + R"(","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":")" +
         base::to_base64url(key.rsa_modulus().value()) + "\"}";
}

// What is told: a test changes what it wants to be wrong before the evidence is made.
struct Told {
  bool tdx = false;
  std::uint32_t hash_type = 1;
  std::string keys;  // of the variable data; empty: HCLAkPub is `ak`
  std::string configuration = R"({"secure-boot":true,"tpm-enabled":true,"vmUniqueId":"0A1B"})";
  std::string user_data = std::string(128, '0');  // empty: absent
  const crypto::PrivateKey* ak = &an_ak();        // signs
  Bytes binder = Bytes(32, 0xB1);
  std::optional<Bytes> certify_binder;
  std::map<unsigned, Bytes> pcrs = {{0, Bytes(32, 0x10)}, {4, Bytes(32, 0x14)}, {7, Bytes(32, 0x17)}};
  Bytes signer = Bytes(34, 0x51), certify_signer = Bytes(34, 0x51);
  std::uint32_t reset_count = 7, certify_reset_count = 7;
  std::uint32_t attributes = tik_attributes;
  // Edits of what the processor signs, of its report's report data first.
  std::function<void(Bytes& report_data)> report_data;
  std::function<void(Bytes& to_be_signed)> hardware;
  std::function<void(Bytes& td_report)> td_report;
  std::function<void(Bytes& hcl_report)> hcl_report;
};

class Vm {
 public:
  Vm() : snp_(SnpMachine::make(snp_options()).value()), intel_(IntelPlatform::make({}).value()) {}

  [[nodiscard]] const SnpMachine& snp() const { return snp_; }
  [[nodiscard]] const IntelPlatform& intel() const { return intel_; }
  [[nodiscard]] static SnpTcb level() { return {.bootloader = 4, .tee = 0, .snp = 24, .microcode = 219}; }
  [[nodiscard]] const crypto::PrivateKey& tik() const { return tik_; }

  // policy accepts what an untouched Told tells.
  [[nodiscard]] Policy policy() const {
    Policy p;
    p.id = "test";
    p.schemes = {"azure"};
    p.azure.tees = {"sev-snp", "tdx"};
    for (const auto& [index, value] : Told().pcrs)
      p.azure.pcrs[Hash::sha256][index] = expect::Exactly<Bytes>{value};
    p.azure.vm["secure-boot"] = expect::Exactly<std::string>{"true"};
    p.snp.measurement = expect::Exactly<Bytes>{snp_.options().measurement};
    p.snp.tcb[snp_.options().product].reported = level();
    const SimulatedTdxOptions td;
    p.tdx.mr_td = expect::Exactly<Bytes>{td.mr_td};
    for (std::size_t i = 0; i < 4; ++i) p.tdx.rtmr[i] = expect::Exactly<Bytes>{td.rtmr[i]};
    p.tdx.tcb.collateral = {IntelCollateral::parse(intel_.collateral()).value()};
    p.danger.simulated_roots = {bytes(snp_.ark().der()), bytes(intel_.root().der())};
    return p;
  }

  [[nodiscard]] static Bytes variable_data(const Told& t) {
    const auto keys = t.keys.empty() ? jwk(t.ak->public_key(), "HCLAkPub") + "," +
                                           jwk(another_ak().public_key(), "HCLEkPub")
                                     : t.keys;
    std::string out = R"({"keys":[)" + keys + R"(],"vm-configuration":)" + t.configuration;
    if (!t.user_data.empty()) out += R"(,"user-data":")" + t.user_data + "\"";
    return bytes(view(out + "}"));
  }

  struct Hardware {
    Bytes hcl_report, td_quote;
  };
  [[nodiscard]] Hardware hardware(const Told& t) const {
    const Bytes variable = variable_data(t);
    const Hash hash = t.hash_type == 1 ? Hash::sha256 : t.hash_type == 2 ? Hash::sha384 : Hash::sha512;
    Bytes report_data = crypto::digest(hash, variable);
    report_data.resize(64, 0);
    if (t.report_data) t.report_data(report_data);
    const auto edit = [&](Bytes& raw) {
      if (t.hardware) t.hardware(raw);
    };
    Hardware out;
    Bytes report;
    if (t.tdx) {
      out.td_quote = intel_.quote(report_data, edit).value();
      report = td_report_of(out.td_quote);
      if (t.td_report) t.td_report(report);
    } else {
      report = snp_.report(report_data, edit).value();
    }
    out.hcl_report = hcl_report(t, report, variable);
    if (t.hcl_report) t.hcl_report(out.hcl_report);
    return out;
  }

  [[nodiscard]] Bytes evidence(const Told& t, const ClaimsEdit& edit = {}) const {
    const auto [report, td_quote] = hardware(t);
    const Bytes attestation = quote(t), statement = certify(t);
    cbor::Array pcrs;
    for (const auto& [index, value] : t.pcrs)
      pcrs.push_back(cbor::array({cbor::integer(0x000B), cbor::integer(index), cbor::bytes(value)}));
    cbor::Map map = {{cbor::integer(1), cbor::bytes(report)},
                     {cbor::integer(2), t.tdx ? cbor::bytes(td_quote) : certificates()},
                     {cbor::integer(3), cbor::bytes(attestation)},
                     {cbor::integer(4), cbor::bytes(signature(*t.ak, attestation))},
                     {cbor::integer(5), cbor::array(pcrs)},
                     {cbor::integer(6), cbor::bytes(statement)},
                     {cbor::integer(7), cbor::bytes(signature(*t.ak, statement))},
                     {cbor::integer(8), cbor::bytes(tik_area(t))}};
    if (edit) edit(map);
    return cbor::encode(cbor::map(map)).value();
  }

  // ---- Structures of the virtual TPM ----

  [[nodiscard]] static Bytes quote(const Told& t) {
    return quoted(attest(0x8018, t.signer, t.binder, t.reset_count), t.pcrs).take();
  }
  [[nodiscard]] Bytes certify(const Told& t) const {
    return attest(0x8017, t.certify_signer, t.certify_binder.value_or(t.binder), t.certify_reset_count)
        .sized(name_of(tik_area(t)))
        .sized(Bytes(34, 0x22))
        .take();
  }
  [[nodiscard]] Bytes tik_area(const Told& t) const { return public_area(tik_.public_key(), t.attributes); }

  [[nodiscard]] cbor::Value certificates() const {
    return cbor::array({cbor::bytes(snp_.vek().der()), cbor::bytes(snp_.ask().der())});
  }

 private:
  static SimulatedSnpOptions snp_options() {
    SimulatedSnpOptions o;
    o.product = SnpProduct::milan;
    o.version = 3;
    o.tcb = level();
    return o;
  }

  // TDREPORT_STRUCT with the fields of a quote of version 4.
  static Bytes td_report_of(ByteView quote) {
    const ByteView body = quote.subspan(48, 584);
    Bytes out(1024, 0);
    out[0] = 0x81;
    put(out, 128, body.subspan(520, 64));   // report_data
    put(out, 264, body.first(120));         // tee_tcb_svn, mrseam, mrsignerseam, attributes
    put(out, 512, body.subspan(120, 400));  // attributes, xfam, mrtd, …, rtmr
    return out;
  }

  static Bytes hcl_report(const Told& t, ByteView report, ByteView variable) {
    Bytes out(2600, 0);
    put(out, 0, view("HCLA"));
    put_u32(out, 4, t.tdx ? 2 : 1);
    put_u32(out, 8, 1236 + variable.size());
    put_u32(out, 12, 2);
    put(out, 32, report);
    put_u32(out, 1216, 20 + variable.size());
    put_u32(out, 1220, 1);
    put_u32(out, 1224, t.tdx ? 4 : 2);
    put_u32(out, 1228, t.hash_type);
    put_u32(out, 1232, variable.size());
    put(out, 1236, variable);
    return out;
  }

  SnpMachine snp_;
  IntelPlatform intel_;
  crypto::PrivateKey tik_ = make_key(crypto::KeyType::p256);
};

// World is a VM, and a relying party that accepts it.
struct World : JudgedWorld {
  World() : JudgedWorld("azure") {
    policy = vm().policy();
    tik = vm().tik().public_key().spki();
    now = base::system_clock()();
  }
  // One for all tests: none changes it.
  static const Vm& vm() {
    static const Vm one;
    return one;
  }
  [[nodiscard]] std::string told() const { return Verdict{std::nullopt, reasons}.told(); }

  Told t;
};

// worlds are one with each TEE.
inline std::vector<World> worlds() {
  std::vector<World> list(2);
  list[1].t.tdx = true;
  return list;
}

}  // namespace seatls::testing::azure
