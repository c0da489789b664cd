#include "appraise/schemes/intel/corim.h"

#include "appraise/corim_match.h"
#include "rats/intel_profile.h"

namespace seatls::appraise::intel {
namespace {

namespace cbor = codec::cbor;
namespace profile = rats::comid::intel;
using rats::comid::Values;

constexpr std::int64_t sha_256 = 1, sha_384 = 7;  // of the named information registry
// 2.16.840.1.113741.1.2.3.5.1, an enclave of an independent software vendor.
constexpr std::array<std::uint8_t, 12> isv_enclave = {0x60, 0x86, 0x48, 0x01, 0x86, 0xf8,
                                                      0x4d, 0x01, 0x02, 0x03, 0x05, 0x01};
constexpr std::uint64_t tag_oid = 111, tag_bytes = 560;

cbor::Value digest(std::int64_t alg, ByteView value) {
  return cbor::array({cbor::integer(alg), cbor::bytes(value)});
}

auto extension(std::int64_t code) {
  return [code](const Values& values) { return values.extensions.contains(code); };
}
auto integrity_register(std::uint64_t index) {
  return [index](const Values& values) { return values.integrity_registers.contains(index); };
}

template <std::size_t N>
Bytes raw(const Field<N>& field) {
  return Bytes(field.begin(), field.end());
}

// Everything about one attester is one measurement without a key.
CorimState state_of(rats::comid::Class of_class, Values values) {
  CorimState state;
  state.environments = {{std::move(of_class), {}, {}}};
  state.measurements.emplace_back().values = std::move(values);
  return state;
}

}  // namespace

std::optional<TdxPolicy> with_corim(const TdReport& td, const Context& context, Findings& findings) {
  if (context.policy.corim.empty()) return std::nullopt;
  TdxPolicy policy = context.policy.tdx;
  Values values;
  values.extensions[profile::mr_tee] = digest(sha_384, td.mr_td);
  values.extensions[profile::mr_signer] = digest(sha_384, td.mr_signer_seam);
  values.extensions[profile::attributes] = cbor::tag(tag_bytes, cbor::bytes(td.td_attributes));
  std::vector<CorimClaim> claims = {
      {&policy.mr_td, "tdx.mr_td", raw(td.mr_td), 0, extension(profile::mr_tee)},
      {&policy.mr_signer_seam, "tdx.mr_signer_seam", raw(td.mr_signer_seam), 0,
       extension(profile::mr_signer)},
      {&policy.td_attributes, "tdx.td_attributes", raw(td.td_attributes), 0, extension(profile::attributes)}};
  for (std::size_t i = 0; i < td.rtmr.size(); ++i) {
    values.integrity_registers[std::uint64_t{i}] = {{sha_384, raw(td.rtmr[i])}};
    claims.push_back(
        {&policy.rtmr[i], "tdx.rtmr" + std::to_string(i), raw(td.rtmr[i]), 0, integrity_register(i)});
  }
  const auto state = state_of({{}, "Intel Corporation", "TDX TD", {}, {}}, std::move(values));
  take_from_corim(state, claims, context, "quote > body", findings);
  return policy;
}

std::optional<SgxPolicy> with_corim(const EnclaveReport& enclave, const Context& context,
                                    Findings& findings) {
  if (context.policy.corim.empty()) return std::nullopt;
  SgxPolicy policy = context.policy.sgx;
  Values values;
  values.extensions[profile::mr_tee] = digest(sha_256, enclave.mr_enclave);
  values.extensions[profile::mr_signer] = digest(sha_256, enclave.mr_signer);
  values.extensions[profile::attributes] = cbor::tag(tag_bytes, cbor::bytes(enclave.attributes));
  values.extensions[profile::isv_prod_id] = cbor::integer(enclave.isv_prod_id);
  values.extensions[profile::isv_svn] = cbor::integer(enclave.isv_svn);
  auto class_id = cbor::encode(cbor::tag(tag_oid, cbor::bytes(isv_enclave)));
  rats::comid::Class of_class{{}, "Intel Corporation", "SGX ISV enclave", {}, {}};
  if (class_id) of_class.id = std::move(*class_id);
  take_from_corim(
      state_of(std::move(of_class), std::move(values)),
      {{&policy.mr_enclave, "sgx.mr_enclave", raw(enclave.mr_enclave), 0, extension(profile::mr_tee)},
       {&policy.mr_signer, "sgx.mr_signer", raw(enclave.mr_signer), 0, extension(profile::mr_signer)},
       {&policy.attributes, "sgx.attributes", raw(enclave.attributes), 0, extension(profile::attributes)}},
      context, "quote > body", findings);
  return policy;
}

}  // namespace seatls::appraise::intel
