#include "appraise/schemes/azure/parse.h"

namespace seatls::appraise::azure {
namespace {

using Hardware = std::variant<snp::Evidence, intel::Quote>;

Result<Hardware> read_snp(const snp::Report& report, const Parts& parts) {
  if (!parts.td_quote.empty())
    return Error{Code::malformed, "a TDX quote stands beside a report of SEV-SNP", "td quote"};
  snp::Evidence out;
  out.report = report;
  for (const auto& certificate : parts.certificates) {
    if (!snp::is_vek(certificate)) {
      out.issuers.push_back(certificate);
      continue;
    }
    auto vek = snp::read_vek(certificate);
    if (!vek) return std::move(vek).error().in("certificates");
    out.veks.push_back(std::move(*vek));
  }
  return Hardware(std::move(out));
}

Result<Hardware> read_tdx(const Parts& parts) {
  if (!parts.certificates.empty())
    return Error{Code::malformed, "certificates of SEV-SNP stand beside a report of TDX", "certificates"};
  auto quote = intel::parse_quote(parts.td_quote);
  if (!quote) return std::move(quote).error().in("td quote");
  if (quote->td() == nullptr)
    return Error{Code::unknown_value, "this quote is about an SGX enclave", "td quote > tee_type"};
  return Hardware(std::move(*quote));
}

Result<Evidence> read(ByteView raw) {
  SEATLS_TRY(auto parts, unpack(raw));
  auto hcl = parse_hcl_report(parts.hcl_report);
  if (!hcl) return std::move(hcl).error().in("hcl report");
  SEATLS_TRY(auto hardware, hcl->snp() != nullptr ? read_snp(*hcl->snp(), parts) : read_tdx(parts));
  return Evidence{std::move(parts.quoted),
                  parts.form,
                  std::move(*hcl),
                  std::move(hardware),
                  std::move(parts.certified),
                  std::move(parts.ak_certificate_key),
                  parts.binder_in_user_data};
}

}  // namespace

class Parser {
 public:
  static ParsedEvidence mint(Evidence evidence) { return ParsedEvidence(std::move(evidence)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr) return Error{Code::malformed, "azure evidence is a CMW record", "cmw"};
  auto evidence = read(credential.record()->value);
  if (!evidence) return std::move(evidence).error().in("azure");
  return Parser::mint(std::move(*evidence));
}

}  // namespace seatls::appraise::azure
