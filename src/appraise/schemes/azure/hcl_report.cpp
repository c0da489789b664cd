#include "appraise/schemes/azure/hcl_report.h"

#include <algorithm>

#include "appraise/context.h"
#include "appraise/schemes/intel/td_report.h"
#include "base/encoding.h"
#include "codec/cursor.h"
#include "codec/json.h"
#include "crypto/hash.h"

namespace seatls::appraise::azure {
namespace {

namespace json = codec::json;
using codec::Cursor;

constexpr std::string_view signature = "HCLA";
constexpr std::uint32_t latest_version = 2;
constexpr std::uint32_t type_snp = 2, type_tdx = 4;
constexpr std::size_t hardware_size = 1184;    // room for the larger one
constexpr std::size_t request_data_size = 20;  // IgvmRequestData without the variable data
constexpr std::size_t most_variable_data = 16'384;
constexpr std::size_t user_data_size = 64;
constexpr std::size_t most_members = 64;
constexpr json::Limits limits{.depth = 6, .items = 1024};
constexpr std::string_view ak_id = "HCLAkPub";

// ---- The variable data -------------------------------------------------------------------------

Error malformed(std::string_view where, std::string what) {
  return {Code::malformed, std::move(what), std::string(where)};
}

Result<Bytes> number(const json::Value& jwk, std::string_view key) {
  const auto* value = jwk.find(key);
  const auto digits =
      value == nullptr ? Result<std::string_view>(malformed("", "is missing")) : value->as_text();
  if (!digits) return Error(digits.error()).in(key);
  auto octets = base::from_base64url(*digits);
  if (!octets) return std::move(octets).error().in(key);
  return octets;
}

Result<crypto::PublicKey> rsa_key(const json::Value& jwk) {
  const auto* kty = jwk.find("kty");
  if (kty == nullptr || *kty != json::Value("RSA")) return Error{Code::unknown_value, "is no RSA key", "kty"};
  SEATLS_TRY(const Bytes n, number(jwk, "n"));
  SEATLS_TRY(const Bytes e, number(jwk, "e"));
  if (e != Bytes{1, 0, 1})
    return Error{Code::unknown_value, "is " + base::to_hex(e) + "; TPM keys have 010001", "e"};
  SEATLS_TRY(auto key, crypto::PublicKey::from_rsa(n, 65537));
  if (key.bits() < 2048 || key.bits() > 4096)
    return Error{Code::unknown_value, std::to_string(key.bits()) + " bits; 2048 to 4096 are accepted", "n"};
  return key;
}

// "key_ops" is no help: early paravisors write "encrypt" for a key that signs.
Result<crypto::PublicKey> attestation_key(const json::Value& data) {
  const auto* keys = data.find("keys");
  if (keys == nullptr || keys->array() == nullptr) return malformed("keys", "must be an array");
  const json::Value* found = nullptr;
  for (const auto& jwk : *keys->array()) {
    const auto* kid = jwk.find("kid");
    if (kid == nullptr || *kid != json::Value(std::string(ak_id))) continue;
    if (found != nullptr) return Error{Code::unknown_value, "stands there twice", "keys > HCLAkPub"};
    found = &jwk;
  }
  if (found == nullptr) return malformed("keys", "hold no HCLAkPub");
  auto key = rsa_key(*found);
  if (!key) return std::move(key).error().in("keys > HCLAkPub");
  return key;
}

Result<std::vector<std::pair<std::string, std::string>>> configuration(const json::Value& data) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto* value = data.find("vm-configuration");
  if (value == nullptr) return out;
  if (value->object() == nullptr) return malformed("vm-configuration", "must be an object");
  if (value->object()->size() > most_members)
    return Error{Code::limit_exceeded, "more than " + std::to_string(most_members) + " members",
                 "vm-configuration"};
  for (const auto& [name, member] : *value->object()) {
    if (const auto plain = member.as_text()) {
      out.emplace_back(name, std::string(*plain));
      continue;
    }
    auto written = json::write(member);
    if (!written) return std::move(written).error().in("vm-configuration > " + name);
    out.emplace_back(name, std::move(*written));
  }
  return out;
}

Result<std::optional<Bytes>> user_data(const json::Value& data) {
  const auto* value = data.find("user-data");
  if (value == nullptr) return std::optional<Bytes>();
  const auto digits = value->as_text();
  if (!digits) return Error(digits.error()).in("user-data");
  auto octets = base::from_hex(*digits);
  if (!octets || octets->size() != user_data_size)
    return malformed("user-data", "must be " + std::to_string(2 * user_data_size) + " hex digits");
  return std::optional(std::move(*octets));
}

Result<VariableData> parse_variable_data(ByteView raw) {
  SEATLS_TRY(const auto data, json::parse(text(raw), limits));
  if (data.object() == nullptr) return malformed("", "must be a JSON object");
  SEATLS_TRY(auto ak, attestation_key(data));
  SEATLS_TRY(auto members, configuration(data));
  SEATLS_TRY(auto from_user, user_data(data));
  return VariableData{bytes(raw), std::move(ak), std::move(members), std::move(from_user)};
}

// ---- The structure around it -------------------------------------------------------------------

Result<std::variant<snp::Report, intel::TdReport>> parse_hardware(ByteView raw, bool tdx) {
  using Either = std::variant<snp::Report, intel::TdReport>;
  if (!tdx) {
    SEATLS_TRY(auto report, snp::parse_report(raw));
    return Either(std::move(report));
  }
  SEATLS_TRY(auto report, intel::parse_td_report(raw));
  return Either(std::move(report));
}

}  // namespace

Bytes HclReport::expected_report_data() const {
  Bytes out = crypto::digest(hash, variable.raw);
  out.resize(64, 0);
  return out;
}

bool is_hcl_report(ByteView raw) {
  return raw.size() >= signature.size() && text(raw.first(signature.size())) == signature;
}

// AttestationHeader: signature 4, version 4, report_size 4, request_type 4, status 4, reserved 12
// hw_report 1184
// IgvmRequestData: data_size 4, version 4, report_type 4, report_data_hash_type 4, variable_data_size 4
// variable_data
Result<HclReport> parse_hcl_report(ByteView raw) {
  Cursor c(raw, codec::Endian::little);
  if (text(c.take(signature.size(), "signature")) != signature)
    c.fail(Code::unknown_value, "signature", "is not HCLA");
  const auto version = c.u32("version");
  if (!c.failed() && (version == 0 || version > latest_version))
    c.fail(Code::unknown_value, "version", "is " + std::to_string(version) + "; 1 and 2 are known");
  const auto report_size = c.u32("report_size"), request_type = c.u32("request_type");
  if (const auto status = c.u32("status"); status != 0)
    c.fail(Code::unknown_value, "status", "is " + std::to_string(status) + ": the report was not made");
  c.reserved(12, "reserved");
  const ByteView area = c.take(hardware_size, "hw_report");
  const auto data_size = c.u32("data_size"), data_version = c.u32("data_version"),
             type = c.u32("report_type"), hash = c.u32("report_data_hash_type"),
             size = c.u32("variable_data_size");
  if (!c.failed() && data_version != 1)
    c.fail(Code::unknown_value, "data_version", "is " + std::to_string(data_version) + "; 1 is known");
  if (!c.failed() && type != type_snp && type != type_tdx)
    c.fail(Code::unknown_value, "report_type",
           "is " + std::to_string(type) + "; 2 (SNP) and 4 (TDX) are known");
  if (!c.failed() && (hash < 1 || hash > 3))
    c.fail(Code::unknown_value, "report_data_hash_type",
           "is " + std::to_string(hash) + "; 1 (SHA-256), 2 (SHA-384) and 3 (SHA-512) are known");
  if (!c.failed() && size > most_variable_data)
    c.fail(Code::limit_exceeded, "variable_data_size",
           std::to_string(size) + " bytes; at most " + std::to_string(most_variable_data));
  const std::size_t before = raw.size() - c.rest().size();
  if (!c.failed() && (data_size != request_data_size + size || report_size != before + size))
    c.fail(Code::length_out_of_range, "variable_data_size",
           "is " + std::to_string(size) + ", which data_size and report_size contradict");
  const ByteView variable = c.take(size, "variable_data");
  c.reserved(c.rest().size(), "padding");
  const bool tdx = type == type_tdx;
  const ByteView own = area.first(std::min(area.size(), tdx ? intel::td_report_size : snp::report_size));
  if (!c.failed() && !is_zero(area.subspan(own.size())))
    c.fail(Code::unknown_value, "hw_report", "is followed by other bytes than zero");
  SEATLS_CHECK(c.done());
  auto hardware = parse_hardware(own, tdx);
  if (!hardware) return std::move(hardware).error().in("hw_report");
  auto data = parse_variable_data(variable);
  if (!data) return std::move(data).error().in("variable_data");
  return HclReport{version,
                   request_type,
                   bytes(own),
                   std::move(*hardware),
                   hash == 1   ? Hash::sha256
                   : hash == 2 ? Hash::sha384
                               : Hash::sha512,
                   std::move(*data)};
}

}  // namespace seatls::appraise::azure
