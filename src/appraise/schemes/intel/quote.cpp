#include "appraise/schemes/intel/quote.h"

#include <string>

#include "codec/cursor.h"

namespace seatls::appraise::intel {
namespace {

using codec::Cursor;
using codec::Endian;

constexpr std::size_t enclave_report_size = 384;
constexpr std::uint16_t ecdsa_p256 = 2, ecdsa_p384 = 3;
constexpr std::uint32_t tee_sgx = 0x00, tee_tdx = 0x81;
constexpr std::uint16_t qe_report_certification = 6;
constexpr std::size_t most_auth_data = 1024;
constexpr std::size_t most_certification = 64 << 10;

std::size_t size_of(TdBody body) {
  switch (body) {
    case TdBody::td_1_0: return 584;
    case TdBody::td_1_5: return 648;
    case TdBody::td_1_5_ex: return 885;
  }
  return 0;
}

// sgx_report_body_t:
//   cpu_svn 16, misc_select 4, reserved 12, isv_ext_prod_id 16, attributes 16, mr_enclave 32, reserved 32,
//   mr_signer 32, reserved 32, config_id 64, isv_prod_id 2, isv_svn 2, config_svn 2, reserved 42,
//   isv_family_id 16, report_data 64
EnclaveReport read_enclave(Cursor& c) {
  EnclaveReport r;
  r.cpu_svn = c.array<16>("cpu_svn");
  r.misc_select = c.u32("misc_select");
  (void)c.take(12, "reserved1");
  r.isv_ext_prod_id = c.array<16>("isv_ext_prod_id");
  r.attributes = c.array<16>("attributes");
  r.mr_enclave = c.array<32>("mr_enclave");
  (void)c.take(32, "reserved2");
  r.mr_signer = c.array<32>("mr_signer");
  (void)c.take(32, "reserved3");
  r.config_id = c.array<64>("config_id");
  r.isv_prod_id = c.u16("isv_prod_id");
  r.isv_svn = c.u16("isv_svn");
  r.config_svn = c.u16("config_svn");
  (void)c.take(42, "reserved4");
  r.isv_family_id = c.array<16>("isv_family_id");
  r.report_data = c.array<64>("report_data");
  return r;
}

TdMigration read_migration(Cursor& c) {
  TdMigration m;
  m.vm_id = c.u8("vm_id");
  m.td_id = c.array<32>("td_id");
  m.device_info = c.array<48>("device_info");
  m.init_service_td_hash = c.array<48>("init_service_td_hash");
  m.init_service_td_attributes = c.array<8>("init_service_td_attributes");
  m.init_cpu_svn = c.array<16>("init_cpu_svn");
  m.init_tee_tcb_svn = c.array<16>("init_tee_tcb_svn");
  m.init_tee_fmspc = c.array<12>("init_tee_fmspc");
  m.current_service_td_hash = c.array<48>("current_service_td_hash");
  m.current_service_td_attributes = c.array<8>("current_service_td_attributes");
  return m;
}

// sgx_report2_body_t and its successors:
//   tee_tcb_svn 16, mr_seam 48, mrsigner_seam 48, seam_attributes 8, td_attributes 8, xfam 8, mr_td 48,
//   mr_config_id 48, mr_owner 48, mr_owner_config 48, rt_mr 4*48, report_data 64
//   1.5: tee_tcb_svn2 16, mr_service_td 48
TdReport read_td(Cursor& c, TdBody body) {
  TdReport r;
  r.body = body;
  r.tee_tcb_svn = c.array<16>("tee_tcb_svn");
  r.mr_seam = c.array<48>("mr_seam");
  r.mr_signer_seam = c.array<48>("mr_signer_seam");
  r.seam_attributes = c.array<8>("seam_attributes");
  r.td_attributes = c.array<8>("td_attributes");
  r.xfam = c.array<8>("xfam");
  r.mr_td = c.array<48>("mr_td");
  r.mr_config_id = c.array<48>("mr_config_id");
  r.mr_owner = c.array<48>("mr_owner");
  r.mr_owner_config = c.array<48>("mr_owner_config");
  for (auto& rtmr : r.rtmr) rtmr = c.array<48>("rtmr");
  r.report_data = c.array<64>("report_data");
  if (body == TdBody::td_1_0) return r;
  r.tee_tcb_svn2 = c.array<16>("tee_tcb_svn2");
  r.mr_service_td = c.array<48>("mr_service_td");
  if (body == TdBody::td_1_5_ex) r.migration = read_migration(c);
  return r;
}

// Header: version 2, att_key_type 2, tee_type 4 (version 3: att_key_data_0), version 3: qe_svn 2, pce_svn 2
//   (later: reserved 4), qe_vendor_id 16, user_data 20
Quote read_header(Cursor& c) {
  Quote q;
  q.version = c.u16("version");
  if (!c.failed() && (q.version < 3 || q.version > 5))
    c.fail(Code::unknown_value, "version", "is " + std::to_string(q.version) + "; 3, 4 and 5 are known");
  q.att_key_type = c.u16("att_key_type");
  if (!c.failed() && q.att_key_type == ecdsa_p384)
    c.fail(Code::algorithm_not_allowed, "att_key_type", "is 3, ECDSA P-384; no platform makes these yet");
  if (!c.failed() && q.att_key_type != ecdsa_p256)
    c.fail(Code::unknown_value, "att_key_type",
           "is " + std::to_string(q.att_key_type) + "; 2 (ECDSA P-256) is known");
  const auto tee = c.u32("tee_type");
  if (!c.failed() && (q.version == 3 ? tee != 0 : tee != tee_sgx && tee != tee_tdx))
    c.fail(Code::unknown_value, "tee_type",
           "is " + std::to_string(tee) +
               (q.version == 3 ? "; in version 3 it is zero" : "; 0 (SGX) and 129 (TDX) are known"));
  q.tee = tee == tee_tdx ? Tee::tdx : Tee::sgx;
  const auto first = c.u16("qe_svn"), second = c.u16("pce_svn");
  if (q.version == 3) q.qe_svn = first, q.pce_svn = second;
  q.qe_vendor = c.array<16>("qe_vendor_id");
  q.user_data = c.array<20>("user_data");
  return q;
}

// Version 5: body_type 2, size 4, then the body. Types: 1 SGX, 2 TD 1.0, 3 TD 1.5, 4 TD 1.5 extended.
void read_body_v5(Cursor& c, Quote& q) {
  const auto type = c.u16("body_type");
  const auto size = c.u32("body_size");
  if (c.failed()) return;
  if (type < 1 || type > 4)
    return c.fail(Code::unknown_value, "body_type", "is " + std::to_string(type) + "; 1 to 4 are known");
  const auto body = type == 2 ? TdBody::td_1_0 : type == 3 ? TdBody::td_1_5 : TdBody::td_1_5_ex;
  const auto expected = type == 1 ? enclave_report_size : size_of(body);
  if (size != expected)
    return c.fail(Code::length_out_of_range, "body_size",
                  "is " + std::to_string(size) + "; this type has " + std::to_string(expected));
  if ((type == 1) != (q.tee == Tee::sgx))
    return c.fail(Code::unknown_value, "body_type", "is not of the TEE that tee_type names");
  if (type == 1)
    q.body = read_enclave(c);
  else
    q.body = read_td(c, body);
}

void read_body(Cursor& c, Quote& q) {
  if (q.version == 5)
    read_body_v5(c, q);
  else if (q.tee == Tee::tdx)
    q.body = read_td(c, TdBody::td_1_0);
  else
    q.body = read_enclave(c);
}

// framed reads a length and that many bytes.
ByteView framed(Cursor& c, std::size_t size, std::size_t most, std::string_view field) {
  if (size > most)
    c.fail(Code::length_out_of_range, field,
           "has " + std::to_string(size) + " bytes; at most " + std::to_string(most));
  return c.take(size, field);
}

// QE Report Certification Data: qe_report 384, qe_report_signature 64, auth_size 2, auth_data,
//   certification type 2, size 4, certification data
void read_qe(Cursor& c, Quote& q) {
  q.qe_report_raw = bytes(c.take(enclave_report_size, "qe_report"));
  q.qe_report_signature = c.array<64>("qe_report_signature");
  const std::size_t auth_size = c.u16("qe_auth_size");
  q.qe_auth_data = bytes(framed(c, auth_size, most_auth_data, "qe_auth_data"));
  q.certification_type = c.u16("certification_type");
  const std::size_t size = c.u32("certification_size");
  q.certification = bytes(framed(c, size, most_certification, "certification_data"));
}

// Signature data: signature 64, attestation key 64; version 3: the QE's certification data at once;
//   later: certification type 2 (= 6), size 4, and in there the QE's certification data
Result<void> read_signature_data(ByteView raw, Quote& q) {
  Cursor c(raw, Endian::little);
  q.signature = c.array<64>("signature");
  q.attestation_key = c.array<64>("attestation_key");
  if (q.version == 3) {
    read_qe(c, q);
    return c.done();
  }
  const auto type = c.u16("outer_certification_type");
  if (!c.failed() && type != qe_report_certification)
    c.fail(Code::unknown_value, "outer_certification_type",
           "is " + std::to_string(type) + "; 6 (QE report certification data) is known");
  const std::size_t size = c.u32("outer_certification_size");
  Cursor inner(framed(c, size, most_certification, "outer_certification_data"), Endian::little);
  SEATLS_CHECK(c.done());
  read_qe(inner, q);
  return inner.done();
}

Result<Quote> read(ByteView raw) {
  Cursor c(raw, Endian::little);
  Quote q = read_header(c);
  read_body(c, q);
  SEATLS_CHECK(c.so_far());
  q.signed_part = bytes(raw.first(raw.size() - c.rest().size()));
  const std::size_t size = c.u32("signature_data_size");
  const ByteView signature_data = framed(c, size, 2 * most_certification, "signature_data");
  SEATLS_CHECK(c.so_far());
  SEATLS_CHECK(read_signature_data(signature_data, q));
  q.qe_report = read_enclave_report(q.qe_report_raw);
  q.padding = c.rest().size();
  return q;
}

}  // namespace

std::string_view name(Tee tee) { return tee == Tee::tdx ? "TDX" : "SGX"; }

std::string_view name(TdBody body) {
  switch (body) {
    case TdBody::td_1_0: return "TD 1.0";
    case TdBody::td_1_5: return "TD 1.5";
    case TdBody::td_1_5_ex: return "TD 1.5 extended";
  }
  return "?";
}

EnclaveReport read_enclave_report(ByteView raw_384_bytes) {
  Cursor c(raw_384_bytes, Endian::little);
  return read_enclave(c);
}

Result<Quote> parse_quote(ByteView raw) {
  auto quote = read(raw);
  if (!quote) return std::move(quote).error().in("quote");
  return quote;
}

}  // namespace seatls::appraise::intel
