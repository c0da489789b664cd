// Any bytes as SEV-SNP evidence: what is read can be told and judged, and nothing passes that nobody signed.
#include "appraise/registry.h"
#include "appraise/schemes/snp/appraise.h"
#include "fuzz/fuzz.h"

namespace seatls::fuzz {
namespace {

namespace snp = appraise::snp;

Policy make_policy() {
  Policy p;
  p.id = "fuzz";
  p.schemes = {"sev-snp"};
  p.snp.measurement = expect::OneOf<Bytes>{{Bytes(48, 1)}};
  for (const auto product : {SnpProduct::milan, SnpProduct::genoa, SnpProduct::turin})
    p.snp.tcb[product].reported = SnpTcb{.microcode = 1};
  return p;
}

void report(ByteView in) {
  const auto read = snp::parse_report(in);
  if (!read) return demand(!read.error().detail.empty());
  demand(in.size() == snp::report_size && read->signed_part.size() == snp::signed_size);
  demand(read->version >= 2 && read->version <= 5 && read->vmpl <= 3);
  demand(read->cpuid.has_value() == (read->version >= 3));
  demand(!snp::names_of(read->policy, snp::guest_policy_bits()).empty());
}

void table(ByteView in) {
  const auto read = snp::parse_certificate_table(in);
  if (!read) return;
  demand(read->veks.size() <= 2 && read->issuers.size() <= 2);
  for (const auto& certificate : read->veks) (void)snp::read_vek(certificate).ok();
}

void evidence(ByteView in) {
  static const Policy policy = make_policy();
  const Cmw cmw(CmwRecord{*SchemeTable::defaults().find("sev-snp"), bytes(in), 0});
  const Bytes binder(32, 7);
  const appraise::Context context{policy, binder, nullptr, "", Time{std::chrono::seconds{1795255200}}};
  appraise::Findings findings;
  demand(!appraise::find_scheme("sev-snp")->judge(cmw, context, findings));
  demand(findings.refused());
}

}  // namespace
}  // namespace seatls::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const seatls::ByteView in{data, size};
  seatls::fuzz::report(in);
  seatls::fuzz::table(in);
  seatls::fuzz::evidence(in);
  return 0;
}
