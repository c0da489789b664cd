#include "appraise/schemes/intel/collateral.h"

#include <algorithm>
#include <tuple>

#include "appraise/schemes/intel/pck.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "codec/json.h"
#include "crypto/hash.h"

namespace seatls::appraise::intel {
namespace {

namespace json = codec::json;

constexpr std::size_t most_levels = 256, most_advisories = 256, most_modules = 64;

Error bad(std::string detail, std::string_view path) {
  return {Code::malformed, std::move(detail), std::string(path)};
}

Result<const json::Value*> member(const json::Value& object, std::string_view key) {
  const auto* value = object.find(key);
  if (value == nullptr) return bad("is missing", key);
  return value;
}

Result<std::string> text_of(const json::Value& object, std::string_view key) {
  SEATLS_TRY(const auto* value, member(object, key));
  const auto text = value->as_text();
  if (!text) return bad("must be a text", key);
  return std::string(*text);
}

Result<std::int64_t> number(const json::Value& object, std::string_view key, std::int64_t most) {
  SEATLS_TRY(const auto* value, member(object, key));
  const auto n = value->as_int();
  if (!n || *n < 0 || *n > most) return bad("must be a number from 0 to " + std::to_string(most), key);
  return *n;
}

Result<std::uint16_t> svn(const json::Value& object, std::string_view key) {
  SEATLS_TRY(const auto n, number(object, key, UINT16_MAX));
  return static_cast<std::uint16_t>(n);
}

Result<Bytes> hex(const json::Value& object, std::string_view key, std::size_t size) {
  SEATLS_TRY(const auto digits, text_of(object, key));
  auto value = base::from_hex(digits);
  if (!value || value->size() != size) return bad("must be " + std::to_string(2 * size) + " hex digits", key);
  return value;
}

Result<Time> time(const json::Value& object, std::string_view key) {
  SEATLS_TRY(const auto text, text_of(object, key));
  auto at = base::from_rfc3339(text);
  if (!at) return std::move(at).error().in(key);
  return at;
}

Result<const json::Array*> list(const json::Value& object, std::string_view key, std::size_t most) {
  SEATLS_TRY(const auto* value, member(object, key));
  const auto* rows = value->array();
  if (rows == nullptr || rows->size() > most)
    return bad("must be a list of at most " + std::to_string(most), key);
  return rows;
}

// A version that is not known may mean anything else by the same names.
Result<void> demand_version(const json::Value& object, std::int64_t known) {
  SEATLS_TRY(const auto version, number(object, "version", INT32_MAX));
  if (version == known) return {};
  return Error{Code::unknown_value,
               "is " + std::to_string(version) + "; " + std::to_string(known) + " is known", "version"};
}

// judged reads what levels of every kind say: tcbStatus, tcbDate, advisoryIDs.
template <class Level>
Result<void> judged(const json::Value& row, Level& level) {
  SEATLS_TRY(const auto status_name, text_of(row, "tcbStatus"));
  const auto status = tcb_status_from_name(status_name);
  const auto known = [&](const TcbStatusRow& r) { return r.name == status_name && r.in_collateral; };
  if (!status || std::ranges::none_of(tcb_statuses, known))
    return Error{Code::unknown_value, "\"" + status_name + "\" is no status", "tcbStatus"};
  level.status = *status;
  SEATLS_TRY(level.date, text_of(row, "tcbDate"));
  if (row.find("advisoryIDs") == nullptr) return {};
  SEATLS_TRY(const auto* ids, list(row, "advisoryIDs", most_advisories));
  for (const auto& id : *ids) {
    const auto text = id.as_text();
    if (!text) return bad("must hold texts", "advisoryIDs");
    level.advisories.emplace_back(*text);
  }
  return {};
}

Result<std::array<std::uint16_t, 16>> components(const json::Value& tcb, std::string_view key) {
  SEATLS_TRY(const auto* rows, list(tcb, key, 16));
  if (rows->size() != 16) return bad("must have 16 components", key);
  std::array<std::uint16_t, 16> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto one = svn((*rows)[i], "svn");
    if (!one) return std::move(one).error().in(std::string(key) + "[" + std::to_string(i) + "]");
    out[i] = *one;
  }
  return out;
}

Result<TcbLevel> tcb_level(const json::Value& row, Tee tee) {
  TcbLevel level;
  SEATLS_TRY(const auto* tcb, member(row, "tcb"));
  SEATLS_TRY(level.sgx, components(*tcb, "sgxtcbcomponents"));
  SEATLS_TRY(level.pce_svn, svn(*tcb, "pcesvn"));
  if (tee == Tee::tdx) {
    SEATLS_TRY(level.tdx, components(*tcb, "tdxtcbcomponents"));
  }
  SEATLS_CHECK(judged(row, level));
  return level;
}

Result<SvnLevel> svn_level(const json::Value& row) {
  SvnLevel level;
  SEATLS_TRY(const auto* tcb, member(row, "tcb"));
  SEATLS_TRY(level.isv_svn, svn(*tcb, "isvsvn"));
  SEATLS_CHECK(judged(row, level));
  return level;
}

// levels reads "tcbLevels", which must not be empty, newest first: Intel sorts them, and nothing rests on
// that.
template <class Level, class F>
Result<std::vector<Level>> levels(const json::Value& object, F read) {
  SEATLS_TRY(const auto* rows, list(object, "tcbLevels", most_levels));
  if (rows->empty()) return bad("is empty", "tcbLevels");
  std::vector<Level> out;
  for (const auto& row : *rows) {
    auto level = read(row);
    if (!level) return std::move(level).error().in("tcbLevels[" + std::to_string(out.size()) + "]");
    out.push_back(std::move(*level));
  }
  return out;
}

Result<std::vector<SvnLevel>> svn_levels(const json::Value& object) {
  SEATLS_TRY(auto out, levels<SvnLevel>(object, svn_level));
  std::ranges::stable_sort(out, std::greater(), &SvnLevel::isv_svn);
  return out;
}

Result<TdxModule> tdx_module(const json::Value& row) {
  TdxModule m;
  SEATLS_TRY(m.mr_signer, hex(row, "mrsigner", 48));
  SEATLS_TRY(m.attributes, hex(row, "attributes", 8));
  SEATLS_TRY(m.attributes_mask, hex(row, "attributesMask", 8));
  return m;
}

Result<TdxModule> module_identity(const json::Value& row) {
  SEATLS_TRY(auto m, tdx_module(row));
  SEATLS_TRY(m.id, text_of(row, "id"));
  SEATLS_TRY(m.levels, svn_levels(row));
  return m;
}

Result<void> read_modules(const json::Value& object, TcbInfo& info) {
  SEATLS_TRY(const auto* module, member(object, "tdxModule"));
  auto own = tdx_module(*module);
  if (!own) return std::move(own).error().in("tdxModule");
  info.module = std::move(*own);
  // TCB info of platforms with generation 0 only has none of these.
  if (object.find("tdxModuleIdentities") == nullptr) return {};
  SEATLS_TRY(const auto* rows, list(object, "tdxModuleIdentities", most_modules));
  for (const auto& row : *rows) {
    auto one = module_identity(row);
    const std::string place = "tdxModuleIdentities[" + std::to_string(info.module_identities.size()) + "]";
    if (!one) return std::move(one).error().in(place);
    for (const auto& before : info.module_identities)
      if (before.id == one->id) return bad("\"" + one->id + "\" stands there twice", place);
    info.module_identities.push_back(std::move(*one));
  }
  return {};
}

Result<TcbInfo> tcb_info_of(const json::Value& object) {
  TcbInfo info;
  SEATLS_CHECK(demand_version(object, 3));
  SEATLS_TRY(const auto id, text_of(object, "id"));
  if (id != name(Tee::sgx) && id != name(Tee::tdx))
    return Error{Code::unknown_value, "\"" + id + "\" is neither SGX nor TDX", "id"};
  info.tee = id == name(Tee::tdx) ? Tee::tdx : Tee::sgx;
  SEATLS_TRY(info.issued, time(object, "issueDate"));
  SEATLS_TRY(info.next_update, time(object, "nextUpdate"));
  SEATLS_TRY(info.fmspc, hex(object, "fmspc", 6));
  SEATLS_TRY(info.pce_id, hex(object, "pceId", 2));
  SEATLS_TRY(const auto type, number(object, "tcbType", INT32_MAX));
  if (type != 0) return Error{Code::unknown_value, "is " + std::to_string(type) + "; 0 is known", "tcbType"};
  SEATLS_TRY(info.evaluation, number(object, "tcbEvaluationDataNumber", INT32_MAX));
  if (info.tee == Tee::tdx) SEATLS_CHECK(read_modules(object, info));
  SEATLS_TRY(info.levels,
             levels<TcbLevel>(object, [&](const json::Value& row) { return tcb_level(row, info.tee); }));
  std::ranges::stable_sort(info.levels, [](const TcbLevel& a, const TcbLevel& b) {
    return std::tie(a.sgx, a.pce_svn, a.tdx) > std::tie(b.sgx, b.pce_svn, b.tdx);
  });
  return info;
}

// The hex of MISCSELECT is in the order of the report's bytes, little endian.
Result<std::uint32_t> misc_select(const json::Value& object, std::string_view key) {
  SEATLS_TRY(const auto raw, hex(object, key, 4));
  std::uint32_t value = 0;
  for (std::size_t i = raw.size(); i > 0; --i) value = value << 8 | raw[i - 1];
  return value;
}

Result<QeIdentity> qe_identity_of(const json::Value& object) {
  QeIdentity qe;
  SEATLS_CHECK(demand_version(object, 2));
  SEATLS_TRY(qe.id, text_of(object, "id"));
  SEATLS_TRY(qe.issued, time(object, "issueDate"));
  SEATLS_TRY(qe.next_update, time(object, "nextUpdate"));
  SEATLS_TRY(qe.evaluation, number(object, "tcbEvaluationDataNumber", INT32_MAX));
  SEATLS_TRY(qe.misc_select, misc_select(object, "miscselect"));
  SEATLS_TRY(qe.misc_select_mask, misc_select(object, "miscselectMask"));
  SEATLS_TRY(qe.attributes, hex(object, "attributes", 16));
  SEATLS_TRY(qe.attributes_mask, hex(object, "attributesMask", 16));
  SEATLS_TRY(qe.mr_signer, hex(object, "mrsigner", 32));
  SEATLS_TRY(qe.isv_prod_id, svn(object, "isvprodid"));
  SEATLS_TRY(qe.levels, svn_levels(object));
  return qe;
}

// read_text parses JSON and reads its object with `read`.
template <class F>
auto read_text(std::string_view text, std::string_view what, F read) -> decltype(read(json::Value())) {
  auto value = json::parse(text);
  if (!value) return std::move(value).error().in(what);
  auto out = read(*value);
  if (!out) return std::move(out).error().in(what);
  return out;
}

Result<std::vector<crypto::Certificate>> chain(const json::Value& object, std::string_view key) {
  SEATLS_TRY(const auto pem, text_of(object, key));
  auto certificates = crypto::parse_pem_certificates(pem);
  if (!certificates) return std::move(certificates).error().in(key);
  return certificates;
}

Result<Bytes> crl(const json::Value& object, std::string_view key) {
  SEATLS_TRY(const auto digits, text_of(object, key));
  auto der = base::from_hex(digits);
  if (!der) return bad("must be hex digits", key);
  if (const auto period = crypto::crl_period(*der); !period) return Error(period.error()).in(key);
  return der;
}

Result<Bundle> bundle_of(const json::Value& object) {
  Bundle b;
  SEATLS_TRY(b.root_ca_crl, crl(object, "root_ca_crl"));
  SEATLS_TRY(b.pck_crl, crl(object, "pck_crl"));
  SEATLS_TRY(b.pck_crl_chain, chain(object, "pck_crl_issuer_chain"));
  // Tools write it for each platform, be it needed or not: what cannot be read is none.
  if (const auto pem = text_of(object, "pck_certificate_chain"))
    if (auto pck = read_pck_chain(view(*pem))) b.pck_chain = std::move(*pck);
  SEATLS_TRY(b.tcb_info.raw, text_of(object, "tcb_info"));
  SEATLS_TRY(b.tcb_info.signature, hex(object, "tcb_info_signature", 64));
  SEATLS_TRY(b.tcb_info.chain, chain(object, "tcb_info_issuer_chain"));
  SEATLS_TRY(b.tcb_info.value, read_tcb_info(b.tcb_info.raw));
  SEATLS_TRY(b.qe_identity.raw, text_of(object, "qe_identity"));
  SEATLS_TRY(b.qe_identity.signature, hex(object, "qe_identity_signature", 64));
  SEATLS_TRY(b.qe_identity.chain, chain(object, "qe_identity_issuer_chain"));
  SEATLS_TRY(b.qe_identity.value, read_qe_identity(b.qe_identity.raw));
  return b;
}

}  // namespace

Result<TcbInfo> read_tcb_info(std::string_view json) { return read_text(json, "tcb_info", tcb_info_of); }

Result<QeIdentity> read_qe_identity(std::string_view json) {
  return read_text(json, "qe_identity", qe_identity_of);
}

Result<Bundle> read_bundle(std::string_view json) {
  SEATLS_TRY(auto bundle, read_text(json, "collateral", bundle_of));
  bundle.digest = crypto::digest(Hash::sha256, view(json));
  return bundle;
}

}  // namespace seatls::appraise::intel

namespace seatls {

Result<IntelCollateral> IntelCollateral::parse(std::string_view json) {
  if (json == appraise::intel::fetched_mark)
    return IntelCollateral(std::make_shared<const Impl>(Impl{.bundle = {}, .fetched = true}));
  SEATLS_TRY(auto bundle, appraise::intel::read_bundle(json));
  return IntelCollateral(std::make_shared<const Impl>(Impl{.bundle = std::move(bundle), .fetched = false}));
}

}  // namespace seatls
