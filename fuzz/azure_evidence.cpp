// Any bytes as evidence of an Azure VM, in any of its forms, and as its parts alone: what is read can be
// judged, and nothing passes that nobody signed.
#include "appraise/schemes/azure/parse.h"
#include "fuzz/scheme.h"

namespace seatls::fuzz {
namespace {

namespace azure = appraise::azure;

Policy make_policy() {
  Policy p;
  p.id = "fuzz";
  p.schemes = {"azure"};
  p.azure.tees = {"sev-snp", "tdx"};
  p.azure.pcrs[Hash::sha256][4] = expect::OneOf<Bytes>{{Bytes(32, 1)}};
  p.azure.vm["secure-boot"] = expect::Exactly<std::string>{"true"};
  p.snp.measurement = expect::OneOf<Bytes>{{Bytes(48, 1)}};
  p.snp.tcb[SnpProduct::milan].reported = SnpTcb{.microcode = 1};
  p.tdx.mr_td = expect::OneOf<Bytes>{{Bytes(48, 1)}};
  return p;
}

void hcl_report(ByteView in) {
  const auto read = azure::parse_hcl_report(in);
  if (!read) return demand_reason(read.error());
  demand(azure::is_hcl_report(in) && (read->snp() != nullptr) != (read->td() != nullptr));
  demand(read->variable.raw.size() < in.size() && read->expected_report_data().size() == 64);
  demand(read->variable.ak.bits() >= 2048 && read->variable.user_data.value_or(Bytes(64)).size() == 64);
}

void quote(ByteView in) {
  const auto read = azure::parse_vtpm_quote(in);
  if (!read) return;
  const auto quoted = azure::quoted_of(*read);
  if (quoted) demand(quoted->pcrs.size() == read->pcrs.size() && quoted->quote.quote() != nullptr);
}

void evidence(ByteView in) {
  static const Policy policy = make_policy();
  const Cmw cmw = evidence_of("azure", in.data(), in.size());
  const auto read = azure::parse(cmw);
  if (read.ok()) {
    demand(azure::is_evidence(in));
    demand(((*read)->snp() != nullptr) == ((*read)->hcl.snp() != nullptr));
    demand((*read)->quote.quote() != nullptr && (*read)->pcrs.size() <= 128);
  }
  demand_refused("azure", cmw, policy);
}

}  // namespace
}  // namespace seatls::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const seatls::ByteView in{data, size};
  seatls::fuzz::hcl_report(in);
  seatls::fuzz::quote(in);
  seatls::fuzz::evidence(in);
  return 0;
}
