#include "appraise/schemes/intel/tcb.h"

#include <algorithm>

#include "base/encoding.h"

namespace seatls::appraise::intel {
namespace {

Error rejected(std::string detail, std::string path) {
  return {Code::tcb_rejected, std::move(detail), std::move(path)};
}

bool sgx_met(const TcbLevel& level, const Pck& pck) {
  return std::ranges::equal(pck.components, level.sgx, std::ranges::greater_equal()) &&
         pck.pce_svn >= level.pce_svn;
}

// Of a module that has a version of its own, the first two SVNs are judged by its identity.
bool tdx_met(const TcbLevel& level, const Field<16>& svn) {
  for (std::size_t i = svn[1] > 0 ? 2 : 0; i < svn.size(); ++i)
    if (svn[i] < level.tdx[i]) return false;
  return true;
}

const TdxModule* module_of(const TcbInfo& info, std::uint8_t version) {
  std::string id = "TDX_" + base::to_hex({&version, 1});
  std::ranges::transform(id, id.begin(),
                         [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  const auto found = std::ranges::find(info.module_identities, id, &TdxModule::id);
  return found == info.module_identities.end() ? nullptr : &*found;
}

const SvnLevel* level_met(const std::vector<SvnLevel>& levels, std::uint16_t svn) {
  const auto found = std::ranges::find_if(levels, [&](const SvnLevel& l) { return svn >= l.isv_svn; });
  return found == levels.end() ? nullptr : &*found;
}

bool is_out_of_date(TcbStatus s) {
  return s == TcbStatus::out_of_date || s == TcbStatus::out_of_date_configuration_needed;
}

// converge returns the status of a whole of which one part has another status.
TcbStatus converge(TcbStatus whole, TcbStatus part) {
  if (part == TcbStatus::up_to_date || whole == TcbStatus::revoked) return whole;
  if (part == TcbStatus::revoked) return TcbStatus::revoked;
  switch (whole) {
    case TcbStatus::configuration_needed:
    case TcbStatus::configuration_and_sw_hardening_needed:
    case TcbStatus::td_relaunch_advised_configuration_needed:
    case TcbStatus::out_of_date_configuration_needed: return TcbStatus::out_of_date_configuration_needed;
    default: return TcbStatus::out_of_date;
  }
}

void add_advisories(std::vector<std::string>& all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
  std::ranges::sort(all);
  const auto twice = std::ranges::unique(all);
  all.erase(twice.begin(), twice.end());
}

// judge_module finds the level of the TDX module that made the report, and demands that it is Intel's.
Result<const SvnLevel*> judge_module(const TdReport& td, const TcbInfo& info) {
  const std::uint8_t version = td.tee_tcb_svn[1];
  const TdxModule* m = version == 0 ? (info.module ? &*info.module : nullptr) : module_of(info, version);
  if (m == nullptr)
    return rejected(
        "the TDX module is of version " + std::to_string(version) + ", which TCB info does not list",
        "quote > tee_tcb_svn");
  if (!std::ranges::equal(td.mr_signer_seam, m->mr_signer))
    return rejected("is " + base::to_hex(td.mr_signer_seam) + "; TCB info has " + base::to_hex(m->mr_signer),
                    "quote > mr_signer_seam");
  for (std::size_t i = 0; i < td.seam_attributes.size(); ++i)
    if ((td.seam_attributes[i] & m->attributes_mask[i]) != m->attributes[i])
      return rejected("are " + base::to_hex(td.seam_attributes) + "; TCB info has " +
                          base::to_hex(m->attributes) + " under the mask " + base::to_hex(m->attributes_mask),
                      "quote > seam_attributes");
  if (version == 0) return static_cast<const SvnLevel*>(nullptr);
  const auto* level = level_met(m->levels, td.tee_tcb_svn[0]);
  if (level == nullptr)
    return rejected(
        "the TDX module's SVN " + std::to_string(td.tee_tcb_svn[0]) + " is below every level of " + m->id,
        "quote > tee_tcb_svn");
  return level;
}

// relaunch_helps: the TD was started below an old TDX module, and a new one is running by now
// (tee_tcb_svn2): started again it would be up to date.
bool relaunch_helps(const TdReport& td, const TcbInfo& info) {
  const auto& svn2 = td.tee_tcb_svn2;
  const auto& latest = info.levels.front().tdx;
  if (svn2[2] < latest[2]) return false;
  if (svn2[1] == 0) return svn2[0] >= latest[0];
  const TdxModule* m = module_of(info, svn2[1]);
  return m != nullptr && svn2[0] >= m->levels.front().isv_svn;
}

Result<void> evaluate_td(const TdReport& td, const TcbInfo& info, TcbStatus sgx_status, Tcb& tcb) {
  SEATLS_TRY(const auto* module, judge_module(td, info));
  tcb.module = module == nullptr ? TcbStatus::up_to_date : module->status;
  if (module != nullptr) add_advisories(tcb.advisories, module->advisories);
  tcb.status = converge(tcb.platform, *tcb.module);
  const bool sound = !is_out_of_date(sgx_status) && sgx_status != TcbStatus::revoked;
  if (td.body != TdBody::td_1_0 && sound && is_out_of_date(*tcb.module) && is_out_of_date(tcb.platform) &&
      relaunch_helps(td, info)) {
    const bool configuration = tcb.status == TcbStatus::out_of_date_configuration_needed ||
                               sgx_status == TcbStatus::configuration_needed ||
                               sgx_status == TcbStatus::configuration_and_sw_hardening_needed;
    tcb.status =
        configuration ? TcbStatus::td_relaunch_advised_configuration_needed : TcbStatus::td_relaunch_advised;
  }
  return {};
}

}  // namespace

Result<Tcb> evaluate_tcb(const TcbInput& input, const TcbInfo& info, const QeIdentity& qe) {
  Tcb tcb;
  const auto sgx = std::ranges::find_if(info.levels, [&](const auto& l) { return sgx_met(l, input.pck); });
  if (sgx == info.levels.end())
    return rejected("the platform's SVNs (PCK certificate) are below every level of TCB info " +
                        std::to_string(info.evaluation),
                    "pck > tcb");
  auto level = sgx;
  if (input.td != nullptr) {
    level = std::find_if(sgx, info.levels.end(), [&](const auto& l) {
      return sgx_met(l, input.pck) && tdx_met(l, input.td->tee_tcb_svn);
    });
    if (level == info.levels.end())
      return rejected("is " + base::to_hex(input.td->tee_tcb_svn) + ", below every level of TCB info " +
                          std::to_string(info.evaluation),
                      "quote > tee_tcb_svn");
  }
  tcb.platform = tcb.status = level->status;
  tcb.date = level->date;
  add_advisories(tcb.advisories, level->advisories);
  if (input.td != nullptr) SEATLS_CHECK(evaluate_td(*input.td, info, sgx->status, tcb));
  const auto* qe_level = level_met(qe.levels, input.qe_isv_svn);
  if (qe_level == nullptr)
    return rejected("is " + std::to_string(input.qe_isv_svn) + ", below every level of the QE identity",
                    "quote > qe_report > isv_svn");
  tcb.qe = qe_level->status;
  add_advisories(tcb.advisories, qe_level->advisories);
  tcb.status = converge(tcb.status, tcb.qe);
  return tcb;
}

}  // namespace seatls::appraise::intel
