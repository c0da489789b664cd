// Our own form.
#include "appraise/schemes/azure/forms.h"

#include "appraise/schemes/azure/foreign_forms.h"
#include "appraise/schemes/azure/hcl_report.h"
#include "appraise/schemes/tpm/evidence_map.h"

namespace seatls::appraise::azure {
namespace {

// azure-evidence = { 1: HCL report, ?2: [VCEK or VLEK, issuers… DER] / TDX quote, 3: quote TPMS_ATTEST,
//   4: its TPMT_SIGNATURE, 5: [[hashAlg, pcr, value]…], ?6: certify TPMS_ATTEST, ?7: its TPMT_SIGNATURE,
//   ?8: TIK TPMT_PUBLIC, ?9: event log }
enum Key : std::int64_t {
  hcl_report = 1,
  voucher = 2,
  quote = 3,
  quote_signature = 4,
  pcrs = 5,
  certify = 6,
  certify_signature = 7,
  tik = 8,
  event_log = 9,
};

Result<std::optional<tpm::Certified>> certified(const tpm::EvidenceMap& map) {
  if (map.find(certify) == nullptr && map.find(certify_signature) == nullptr && map.find(tik) == nullptr)
    return std::optional<tpm::Certified>();
  SEATLS_TRY(auto statement, map.certify(certify));
  SEATLS_TRY(auto its_signature, map.field(certify_signature, "certify signature", tpm::parse_signature));
  SEATLS_TRY(auto area, map.field(tik, "tik", tpm::parse_public));
  return std::optional(tpm::Certified{std::move(statement), std::move(its_signature), std::move(area)});
}

Result<Parts> unpack_map(ByteView raw) {
  SEATLS_TRY(const auto map, tpm::EvidenceMap::read(raw, event_log));
  SEATLS_TRY(auto report, map.octets(hcl_report, "hcl report"));
  Bytes td_quote;
  std::vector<crypto::Certificate> certificates;
  if (const auto* value = map.find(voucher); value != nullptr && value->array() != nullptr) {
    SEATLS_TRY(certificates, map.chain(voucher, "certificates"));
  } else if (value != nullptr) {
    SEATLS_TRY(td_quote, map.octets(voucher, "td quote"));
  }
  SEATLS_TRY(auto the_quote, map.quote(quote));
  SEATLS_TRY(auto the_signature, map.field(quote_signature, "quote signature", tpm::parse_signature));
  SEATLS_TRY(auto values, map.pcrs(pcrs));
  SEATLS_TRY(auto of_tik, certified(map));
  SEATLS_TRY(auto log, map.event_log(event_log));
  return Parts{Form::seatls,
               std::move(report),
               std::move(td_quote),
               std::move(certificates),
               {std::move(the_quote), std::move(the_signature), std::move(values), std::move(log)},
               std::move(of_tik),
               {},
               false};
}

bool is_map_with_hcl_report(ByteView raw) {
  const auto map = codec::cbor::parse(raw, {.depth = 4, .items = 1024});
  const auto* report = map ? map->find(hcl_report) : nullptr;
  const auto octets = report == nullptr ? Result<ByteView>(Error{}) : report->as_bytes();
  return octets.ok() && is_hcl_report(*octets);
}

}  // namespace

std::string_view name(Form form) {
  switch (form) {
    case Form::seatls: return "seatls";
    case Form::coco: return "coco";
    case Form::flashbots: return "flashbots";
  }
  return "?";
}

Result<Parts> unpack(ByteView raw) { return is_json(raw) ? unpack_json(raw) : unpack_map(raw); }

bool is_evidence(ByteView raw) {
  return is_json(raw) ? is_foreign_evidence(raw) : is_map_with_hcl_report(raw);
}

}  // namespace seatls::appraise::azure
