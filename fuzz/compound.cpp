// Any CMW as a compound: it is judged part by part, and nothing passes that nobody signed.
#include "appraise/registry.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  static const Policy policy = [] {
    Policy p;
    p.id = "fuzz";
    p.schemes = {"compound"};
    p.compound.parts = {{"cpu", {{"tdx", "sev-snp", "tpm2"}, {}}},
                        {"gpu", {{"nvidia"}, {}}},
                        {"log", {{"event-log"}, "cpu"}},
                        {"0", {{"software", "psa", "cca"}, {}}}};
    return p;
  }();
  const auto cmw = parse_cmw({data, size});
  if (!cmw) return 0;
  const Bytes binder(32, 7);
  appraise::Context context{policy, binder, nullptr, "", Time{std::chrono::seconds{1795255200}}};
  context.table = &SchemeTable::defaults();
  appraise::Findings findings;
  demand(!appraise::find_scheme("compound")->judge(*cmw, context, findings));
  demand(findings.refused());
  for (const auto& reason : findings.reasons()) demand(!reason.detail.empty() || !reason.path.empty());
  return 0;
}
