#include "appraise/schemes/snp/parse.h"

namespace seatls::appraise::snp {
namespace {

Result<Evidence> read(ByteView raw) {
  const ByteView report = raw.first(std::min(raw.size(), report_size));
  const ByteView table = raw.subspan(report.size());
  Evidence out;
  SEATLS_TRY(out.report, parse_report(report));
  if (table.empty()) return out;
  auto certificates = parse_certificate_table(table);
  if (!certificates) return std::move(certificates).error().in("certificate table");
  for (const auto& certificate : certificates->veks) {
    auto vek = read_vek(certificate);
    if (!vek) return std::move(vek).error().in("certificate table");
    out.veks.push_back(std::move(*vek));
  }
  out.issuers = std::move(certificates->issuers);
  return out;
}

}  // namespace

class Parser {
 public:
  static ParsedEvidence mint(Evidence evidence) { return ParsedEvidence(std::move(evidence)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr)
    return Error{Code::malformed, "sev-snp evidence is a CMW record", "cmw"};
  auto evidence = read(credential.record()->value);
  if (!evidence) return std::move(evidence).error().in("sev-snp");
  return Parser::mint(std::move(*evidence));
}

}  // namespace seatls::appraise::snp
