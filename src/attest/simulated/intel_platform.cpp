#include "attest/simulated/intel_platform.h"

#include "attest/simulated/intel_collateral.h"
#include "attest/simulated/little_endian.h"

namespace seatls::attest::simulated {
namespace {

constexpr std::uint16_t td_1_5 = 3, sgx_version = 3;

Result<void> check(const SimulatedTdxOptions& o) {
  if (o.quote_version != 4 && o.quote_version != 5)
    return Error{Code::configuration, "is " + std::to_string(o.quote_version) + "; 4 and 5 can be made",
                 "simulated-tdx > quote_version"};
  SEATLS_CHECK(check_size("simulated-tdx > mr_td", o.mr_td, 48));
  for (const auto& rtmr : o.rtmr) SEATLS_CHECK(check_size("simulated-tdx > rtmr", rtmr, 48));
  SEATLS_CHECK(check_size("simulated-tdx > td_attributes", o.td_attributes, 8));
  return check_size("simulated-tdx > tee_tcb_svn", o.tee_tcb_svn, 16);
}

Result<void> check(const SimulatedSgxOptions& o) {
  SEATLS_CHECK(check_size("simulated-sgx > mr_enclave", o.mr_enclave, 32));
  SEATLS_CHECK(check_size("simulated-sgx > mr_signer", o.mr_signer, 32));
  return check_size("simulated-sgx > attributes", o.attributes, 16);
}

}  // namespace

template <class Options, IntelTee tee>
Result<IntelMachine<Options, tee>> IntelMachine<Options, tee>::make(const Options& options) {
  SEATLS_CHECK(check(options));
  SEATLS_TRY(auto quoting_enclave, QuotingEnclave::make(tee, options));
  return IntelMachine(options, std::move(quoting_enclave));
}

template <>
Bytes IntelPlatform::signed_part(ByteView report_data) const {
  const auto& o = options_;
  Writer w;
  w.bytes(quoting_enclave_.header(static_cast<std::uint16_t>(o.quote_version)));
  if (o.quote_version == 5) w.u16(td_1_5).u32(648);
  w.bytes(o.tee_tcb_svn).fill(48, 0x5e).fill(48, 0).fill(8, 0);  // mr_seam, mr_signer_seam, seam_attributes
  w.bytes(o.td_attributes).bytes(xfam).bytes(o.mr_td);
  w.fill(3 * 48, 0);  // mr_config_id, mr_owner, mr_owner_config
  for (const auto& rtmr : o.rtmr) w.bytes(rtmr);
  w.bytes(report_data);
  if (o.quote_version == 5) w.bytes(o.tee_tcb_svn).fill(48, 0);  // tee_tcb_svn2, mr_service_td
  return w.take();
}

template <>
Bytes SgxPlatform::signed_part(ByteView report_data) const {
  const auto& o = options_;
  Writer w;
  w.bytes(quoting_enclave_.header(sgx_version));
  w.bytes(write_enclave_report({.attributes = o.attributes,
                                .mr_enclave = o.mr_enclave,
                                .mr_signer = o.mr_signer,
                                .isv_prod_id = o.isv_prod_id,
                                .isv_svn = o.isv_svn,
                                .report_data = report_data}));
  return w.take();
}

template <class Options, IntelTee tee>
Result<Bytes> IntelMachine<Options, tee>::quote(ByteView report_data, const Edit& edit) const {
  SEATLS_CHECK(check_size("report_data", report_data, 64));
  Bytes to_be_signed = signed_part(report_data);
  if (edit) edit(to_be_signed);
  return quoting_enclave_.quote(to_be_signed);
}

template class IntelMachine<SimulatedTdxOptions, IntelTee::tdx>;
template class IntelMachine<SimulatedSgxOptions, IntelTee::sgx>;

}  // namespace seatls::attest::simulated
