#include "appraise/policy_intel.h"

#include <algorithm>

#include "appraise/schemes/intel/collateral.h"
#include "appraise/schemes/intel/status.h"
#include "appraise/toml_reader.h"
#include "base/encoding.h"

namespace seatls::appraise {
namespace {

const std::vector<std::string_view> tcb_keys = {"collateral", "tcb_status", "advisories",
                                                "tcb_evaluation_at_least", "key"};

std::vector<std::string_view> with_tcb_keys(std::vector<std::string_view> keys) {
  keys.insert(keys.end(), tcb_keys.begin(), tcb_keys.end());
  return keys;
}

std::string status_names() {
  std::string out;
  for (const auto& row : intel::tcb_statuses)
    if (row.status != intel::TcbStatus::revoked) out += (out.empty() ? "" : ", ") + std::string(row.name);
  return out;
}

// The name that stands for collateral that is fetched; a file of that name is "./fetched".
constexpr std::string_view fetched = "fetched";

IntelTcbPolicy read_tcb(TomlReader& r, const Section& s) {
  IntelTcbPolicy p;
  for (const auto& name : r.texts(s, "collateral"))
    if (name == fetched) p.collateral.push_back(IntelCollateral::parse(intel::fetched_mark).value());
  for (const auto& [path, content] : r.files(s, "collateral", fetched)) {
    if (auto collateral = IntelCollateral::parse(content))
      p.collateral.push_back(std::move(*collateral));
    else
      r.mistake(r.line(s.full("collateral")), s.full("collateral"),
                path + ": " + collateral.error().message(),
                "name files of collateral as DCAP tools keep it: docs/usage/policy.md");
  }
  if (r.find(s, "tcb_status") != nullptr) p.tcb_status = r.texts(s, "tcb_status");
  p.advisories = r.names(s, "advisories");
  p.tcb_evaluation_at_least = r.number(s, "tcb_evaluation_at_least", 0, INT32_MAX);
  return p;
}

void check_tcb(const IntelTcbPolicy& p, const std::string& section, const Tell& mistake) {
  if (p.collateral.empty())
    mistake(section + ".collateral", "nothing tells a sound platform from a broken one",
            "set " + section +
                ".collateral = [\"collateral.json\"], what Intel publishes about the platform; or "
                "\"fetched\" where "
                "[collateral] of the configuration says from where");
  if (p.tcb_status.empty())
    mistake(section + ".tcb_status", "no status is accepted", "write tcb_status = [\"UpToDate\"]");
  for (const auto& status : p.tcb_status) {
    const auto known = intel::tcb_status_from_name(status);
    if (!known)
      mistake(section + ".tcb_status", "there is no status \"" + status + "\"",
              "they are: " + status_names());
    else if (*known == intel::TcbStatus::revoked)
      mistake(section + ".tcb_status", "a revoked platform is never accepted", "they are: " + status_names());
  }
}

std::optional<Bytes> svns(TomlReader& r, const Section& s, std::string_view key) {
  const auto value = r.text(s, key);
  if (!value) return std::nullopt;
  auto raw = base::from_hex(*value);
  if (raw) return std::move(*raw);
  r.mistake(r.line(s.full(key)), s.full(key), "\"" + *value + "\" is not hex",
            "write 32 hex digits, as results show them");
  return std::nullopt;
}

}  // namespace

TdxPolicy read_tdx(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, with_tcb_keys({"mr_td", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mr_seam", "mr_signer_seam",
                                     "mr_config_id", "mr_owner", "mr_owner_config", "mr_service_td",
                                     "td_attributes", "xfam", "tee_tcb_svn_at_least"}));
  TdxPolicy p;
  p.tcb = read_tcb(r, s);
  p.mr_td = r.references(s, "mr_td");
  for (std::size_t i = 0; i < p.rtmr.size(); ++i) p.rtmr[i] = r.references(s, "rtmr" + std::to_string(i));
  p.mr_seam = r.digests(s, "mr_seam");
  p.mr_signer_seam = r.references(s, "mr_signer_seam");
  p.mr_config_id = r.digests(s, "mr_config_id");
  p.mr_owner = r.digests(s, "mr_owner");
  p.mr_owner_config = r.digests(s, "mr_owner_config");
  p.mr_service_td = r.digests(s, "mr_service_td");
  p.td_attributes = r.references(s, "td_attributes");
  p.xfam = r.digests(s, "xfam");
  p.tee_tcb_svn_at_least = svns(r, s, "tee_tcb_svn_at_least");
  p.key = r.provenance(s);
  return p;
}

void check_tdx(const TdxPolicy& p, const Tell& mistake) {
  check_tcb(p.tcb, "tdx", mistake);
  check_named("tdx.mr_td", p.mr_td, mistake);
  check_size("tdx.mr_td", p.mr_td, 48, mistake);
  for (std::size_t i = 0; i < p.rtmr.size(); ++i) {
    const std::string key = "tdx.rtmr" + std::to_string(i);
    check_named(key, p.rtmr[i], mistake);
    check_size(key, p.rtmr[i], 48, mistake);
  }
  check_size("tdx.mr_seam", p.mr_seam, 48, mistake);
  check_size("tdx.mr_signer_seam", p.mr_signer_seam, 48, mistake);
  check_size("tdx.mr_config_id", p.mr_config_id, 48, mistake);
  check_size("tdx.mr_owner", p.mr_owner, 48, mistake);
  check_size("tdx.mr_owner_config", p.mr_owner_config, 48, mistake);
  check_size("tdx.mr_service_td", p.mr_service_td, 48, mistake);
  check_size("tdx.td_attributes", p.td_attributes, 8, mistake);
  check_size("tdx.xfam", p.xfam, 8, mistake);
  if (p.tee_tcb_svn_at_least && p.tee_tcb_svn_at_least->size() != 16)
    mistake("tdx.tee_tcb_svn_at_least", "has " + std::to_string(p.tee_tcb_svn_at_least->size()) + " bytes",
            "write 32 hex digits, as results show them");
}

SgxPolicy read_sgx(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, with_tcb_keys({"mr_enclave", "mr_signer", "isv_prod_id", "isv_svn_at_least",
                                     "attributes", "config_id"}));
  SgxPolicy p;
  p.tcb = read_tcb(r, s);
  p.mr_enclave = r.references(s, "mr_enclave");
  p.mr_signer = r.references(s, "mr_signer");
  if (const auto product = r.number(s, "isv_prod_id", 0, UINT16_MAX))
    p.isv_prod_id = expect::Exactly<std::int64_t>{*product};
  p.isv_svn_at_least = r.number(s, "isv_svn_at_least", 0, UINT16_MAX);
  p.attributes = r.references(s, "attributes");
  p.config_id = r.digests(s, "config_id");
  p.key = r.provenance(s);
  return p;
}

void check_sgx(const SgxPolicy& p, const Tell& mistake) {
  check_tcb(p.tcb, "sgx", mistake);
  if (!p.mr_enclave.is_set() && !p.mr_signer.is_set())
    mistake(
        "sgx.mr_enclave", "no enclave is accepted",
        "list the accepted ones: mr_enclave = [\"HEX\"]; or name a signer with mr_signer, isv_prod_id and "
        "isv_svn_at_least");
  // A signer signs many enclaves, and old versions of each for ever.
  if (p.mr_signer.is_set() && !p.mr_enclave.is_set()) {
    if (!p.isv_prod_id.is_set())
      mistake("sgx.isv_prod_id", "mr_signer alone accepts every enclave of that signer",
              "write isv_prod_id = NUMBER, the product");
    if (!p.isv_svn_at_least)
      mistake("sgx.isv_svn_at_least", "mr_signer alone accepts every old version",
              "write isv_svn_at_least = NUMBER");
  }
  check_size("sgx.mr_enclave", p.mr_enclave, 32, mistake);
  check_size("sgx.mr_signer", p.mr_signer, 32, mistake);
  check_size("sgx.attributes", p.attributes, 16, mistake);
  check_size("sgx.config_id", p.config_id, 64, mistake);
}

}  // namespace seatls::appraise
