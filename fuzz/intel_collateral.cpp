// Collateral that is read has levels, the newest first, and hex of the right sizes.
#include "appraise/schemes/intel/collateral.h"

#include <algorithm>

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  namespace intel = appraise::intel;
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  const auto demand_sorted = [](const std::vector<intel::SvnLevel>& levels) {
    fuzz::demand(!levels.empty() &&
                 std::ranges::is_sorted(levels, std::greater(), &intel::SvnLevel::isv_svn));
  };
  const auto demand_info = [&](const intel::TcbInfo& info) {
    fuzz::demand(!info.levels.empty() && info.fmspc.size() == 6 && info.pce_id.size() == 2);
    fuzz::demand(info.module.has_value() == (info.tee == intel::Tee::tdx));
    for (const auto& m : info.module_identities) demand_sorted(m.levels);
  };
  if (const auto info = intel::read_tcb_info(in)) demand_info(*info);
  if (const auto qe = intel::read_qe_identity(in)) demand_sorted(qe->levels);
  if (const auto bundle = intel::read_bundle(in)) {
    demand_info(bundle->tcb_info.value);
    demand_sorted(bundle->qe_identity.value.levels);
    fuzz::demand(bundle->tcb_info.signature.size() == 64 && !bundle->tcb_info.chain.empty());
  }
  return 0;
}
