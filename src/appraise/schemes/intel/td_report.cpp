#include "appraise/schemes/intel/td_report.h"

#include <string>

#include "codec/cursor.h"

namespace seatls::appraise::intel {
namespace {

constexpr std::uint8_t type_tdx = 0x81;
constexpr std::uint8_t with_service_td = 1;  // REPORTTYPE.VERSION

// TDINFO_STRUCT: attributes 8, xfam 8, mrtd 48, mrconfigid 48, mrowner 48, mrownerconfig 48, rtmr 4*48,
//   version 1: servtd_hash 48; reserved to 512
void read_td_info(codec::Cursor& c, TdReport& td, bool service_td) {
  td.td_attributes = c.array<8>("attributes");
  td.xfam = c.array<8>("xfam");
  td.mr_td = c.array<48>("mrtd");
  td.mr_config_id = c.array<48>("mrconfigid");
  td.mr_owner = c.array<48>("mrowner");
  td.mr_owner_config = c.array<48>("mrownerconfig");
  for (auto& rtmr : td.rtmr) rtmr = c.array<48>("rtmr");
  if (service_td)
    td.mr_service_td = c.array<48>("servtd_hash");
  else
    (void)c.take(48, "reserved");
  (void)c.take(64, "reserved");
}

}  // namespace

// REPORTMACSTRUCT: REPORTTYPE {type 1, subtype 1, version 1, reserved 1}, reserved 12, cpusvn 16,
//   tee_tcb_info_hash 48, tee_info_hash 48, reportdata 64, reserved 32, mac 32
// TEE_TCB_INFO: valid 8, tee_tcb_svn 16, mrseam 48, mrsignerseam 48, attributes 8, tee_tcb_svn2 16,
//   reserved 95; then reserved 17
Result<TdReport> parse_td_report(ByteView raw) {
  codec::Cursor c(raw, codec::Endian::little);
  TdReport td;
  const auto type = c.u8("type"), subtype = c.u8("subtype"), version = c.u8("version");
  (void)c.u8("reserved");
  if (!c.failed() && (type != type_tdx || subtype != 0 || version > with_service_td))
    c.fail(Code::unknown_value, "reporttype",
           "is " + std::to_string(type) + ", " + std::to_string(subtype) + ", " + std::to_string(version) +
               "; a trust domain has 129, 0, and 0 or 1");
  td.body = version == with_service_td ? TdBody::td_1_5 : TdBody::td_1_0;
  (void)c.take(12 + 16 + 48 + 48, "reportmacstruct");
  td.report_data = c.array<64>("reportdata");
  (void)c.take(32 + 32, "mac");
  (void)c.take(8, "valid");
  td.tee_tcb_svn = c.array<16>("tee_tcb_svn");
  td.mr_seam = c.array<48>("mrseam");
  td.mr_signer_seam = c.array<48>("mrsignerseam");
  td.seam_attributes = c.array<8>("seam attributes");
  td.tee_tcb_svn2 = c.array<16>("tee_tcb_svn2");
  (void)c.take(95 + 17, "tee_tcb_info");
  read_td_info(c, td, version == with_service_td);
  SEATLS_CHECK(c.done());
  return td;
}

std::vector<std::string_view> differences(const TdReport& a, const TdReport& b) {
  std::vector<std::string_view> list;
  const auto same = [&](const auto& one, const auto& other, std::string_view field) {
    if (one != other) list.push_back(field);
  };
  same(a.report_data, b.report_data, "report_data");
  same(a.mr_td, b.mr_td, "mr_td");
  static constexpr std::string_view rtmrs[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
  for (std::size_t i = 0; i < a.rtmr.size(); ++i) same(a.rtmr[i], b.rtmr[i], rtmrs[i]);
  same(a.td_attributes, b.td_attributes, "td_attributes");
  same(a.xfam, b.xfam, "xfam");
  same(a.mr_config_id, b.mr_config_id, "mr_config_id");
  same(a.mr_owner, b.mr_owner, "mr_owner");
  same(a.mr_owner_config, b.mr_owner_config, "mr_owner_config");
  same(a.tee_tcb_svn, b.tee_tcb_svn, "tee_tcb_svn");
  same(a.mr_seam, b.mr_seam, "mr_seam");
  same(a.mr_signer_seam, b.mr_signer_seam, "mr_signer_seam");
  same(a.seam_attributes, b.seam_attributes, "seam_attributes");
  if (a.body != TdBody::td_1_0 && b.body != TdBody::td_1_0)
    same(a.mr_service_td, b.mr_service_td, "mr_service_td");
  return list;
}

}  // namespace seatls::appraise::intel
