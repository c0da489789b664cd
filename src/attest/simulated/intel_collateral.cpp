#include "attest/simulated/intel_collateral.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "codec/der.h"
#include "codec/json.h"

namespace seatls::attest::simulated {
namespace {

namespace der = codec::der;
namespace json = codec::json;

// SVNs of the platform's components, PCE and FMSPC, in certificate and collateral alike.
constexpr std::array<std::uint8_t, 16> components = {3, 3, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0};
constexpr std::array<std::uint8_t, 16> tdx_components = {5, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
constexpr std::uint8_t pce_svn = 11;
constexpr std::array<std::uint8_t, 6> fmspc = {0x51, 0x4d, 0x55, 0x4c, 0, 0};  // "QMUL": no real model's
constexpr std::int64_t evaluation = 17;

// entry is SEQUENCE { 1.2.840.113741.1.13.1.arcs, value }.
Bytes entry(std::initializer_list<std::uint8_t> arcs, const Bytes& value) {
  Bytes oid = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
  oid.insert(oid.end(), arcs.begin(), arcs.end());
  return der::write(der::tag::sequence, {der::write(der::tag::object_identifier, oid), value});
}
Bytes octets(ByteView v) { return der::write(der::tag::octet_string, v); }

json::Value number(std::int64_t v) { return json::Value(json::Value::Data(v)); }
json::Value text(std::string v) { return json::Value(json::Value::Data(std::move(v))); }
json::Value object(json::Object v) { return json::Value(json::Value::Data(std::move(v))); }
json::Value array(json::Array v) { return json::Value(json::Value::Data(std::move(v))); }
json::Value hex(ByteView v) { return text(base::to_hex(v)); }

json::Value svns(const std::array<std::uint8_t, 16>& list) {
  json::Array out;
  for (const auto svn : list) out.push_back(object({{"svn", number(svn)}}));
  return array(std::move(out));
}

json::Object level(json::Value tcb, const std::string& status, const std::vector<std::string>& advisories) {
  json::Object out = {
      {"tcb", std::move(tcb)}, {"tcbDate", "2025-01-01T00:00:00Z"}, {"tcbStatus", text(status)}};
  json::Array ids;
  for (const auto& id : advisories) ids.push_back(text(id));
  if (!ids.empty()) out.emplace_back("advisoryIDs", array(std::move(ids)));
  return out;
}

json::Value module_levels() {
  return array({object(level(object({{"isvsvn", number(3)}}), "UpToDate", {}))});
}

json::Value tcb_info(const CollateralParts& p) {
  const json::Object module = {{"mrsigner", hex(Bytes(48, 0))},
                               {"attributes", hex(Bytes(8, 0))},
                               {"attributesMask", hex(Bytes(8, 0xff))}};
  json::Object identity = {{"id", "TDX_01"}};
  identity.insert(identity.end(), module.begin(), module.end());
  identity.emplace_back("tcbLevels", module_levels());
  json::Object tcb = {{"sgxtcbcomponents", svns(components)}, {"pcesvn", number(pce_svn)}};
  if (p.tdx) tcb.emplace_back("tdxtcbcomponents", svns(tdx_components));
  json::Object info = {{"id", p.tdx ? "TDX" : "SGX"},
                       {"version", number(3)},
                       {"issueDate", text(base::to_rfc3339(p.period.from))},
                       {"nextUpdate", text(base::to_rfc3339(p.period.until))},
                       {"fmspc", hex(fmspc)},
                       {"pceId", "0000"},
                       {"tcbType", number(0)},
                       {"tcbEvaluationDataNumber", number(evaluation)}};
  if (p.tdx) {
    info.emplace_back("tdxModule", object(module));
    info.emplace_back("tdxModuleIdentities", array({object(std::move(identity))}));
  }
  info.emplace_back("tcbLevels", array({object(level(object(std::move(tcb)), p.status, p.advisories))}));
  return object(std::move(info));
}

json::Value qe_identity(const CollateralParts& p) {
  Bytes mask(16, 0xff);
  for (std::size_t i = 8; i < mask.size(); ++i) mask[i] = 0;
  Bytes attributes(16, 0);
  attributes[0] = qe_attributes[0];
  return object({{"id", p.tdx ? "TD_QE" : "QE"},
                 {"version", number(2)},
                 {"issueDate", text(base::to_rfc3339(p.period.from))},
                 {"nextUpdate", text(base::to_rfc3339(p.period.until))},
                 {"tcbEvaluationDataNumber", number(evaluation)},
                 {"miscselect", "00000000"},
                 {"miscselectMask", "FFFFFFFF"},
                 {"attributes", hex(attributes)},
                 {"attributesMask", hex(mask)},
                 {"mrsigner", hex(qe_mr_signer())},
                 {"isvprodid", number(qe_isv_prod_id)},
                 {"tcbLevels", array({object(level(object({{"isvsvn", number(4)}}), "UpToDate", {}))})}});
}

// add puts a document, its signature and its signer's chain into the bundle.
Result<void> add(json::Object& bundle, const std::string& name, const json::Value& document,
                 const CollateralParts& p) {
  SEATLS_TRY(const auto raw, json::write(document));
  SEATLS_TRY(const auto signature, p.signer.sign(crypto::SignatureAlgorithm::ecdsa_p256_sha256, view(raw),
                                                 crypto::EcdsaForm::fixed));
  bundle.emplace_back(name + "_issuer_chain", text(p.signer_chain));
  bundle.emplace_back(name, text(raw));
  bundle.emplace_back(name + "_signature", hex(signature));
  return {};
}

}  // namespace

Bytes qe_mr_signer() { return Bytes(32, 0xdc); }

Bytes pck_extension(ByteView ppid) {
  Bytes tcb;
  const auto add = [&tcb](const Bytes& element) { tcb.insert(tcb.end(), element.begin(), element.end()); };
  for (std::uint8_t i = 0; i < 16; ++i)
    add(entry({2, static_cast<std::uint8_t>(i + 1)}, der::write_unsigned({&components[i], 1})));
  add(entry({2, 17}, der::write_unsigned({&pce_svn, 1})));
  add(entry({2, 18}, octets(components)));
  const Bytes truth = {der::tag::boolean, 1, 0xff};
  const Bytes scalable = {der::tag::enumerated, 1, 1};
  const Bytes configuration =
      der::write(der::tag::sequence, {entry({7, 1}, truth), entry({7, 2}, truth), entry({7, 3}, truth)});
  return der::write(der::tag::sequence,
                    {entry({1}, octets(ppid)), entry({2}, der::write(der::tag::sequence, tcb)),
                     entry({3}, octets(Bytes(2, 0))), entry({4}, octets(fmspc)), entry({5}, scalable),
                     entry({6}, octets(Bytes(16, 0x1d))), entry({7}, configuration)});
}

Result<std::string> make_collateral(const CollateralParts& p) {
  json::Object bundle = {{"pck_crl_issuer_chain", text(p.pck_crl_chain)},
                         {"root_ca_crl", hex(p.root_ca_crl)},
                         {"pck_crl", hex(p.pck_crl)}};
  SEATLS_CHECK(add(bundle, "tcb_info", tcb_info(p), p));
  SEATLS_CHECK(add(bundle, "qe_identity", qe_identity(p), p));
  return json::write(object(std::move(bundle)));
}

}  // namespace seatls::attest::simulated
