#include "appraise/schemes/tpm/evidence_map.h"

#include <algorithm>

namespace seatls::appraise::tpm {
namespace {

namespace cbor = codec::cbor;

constexpr cbor::Limits limits{.depth = 4, .items = 1024};
constexpr std::size_t most_pcr_values = 4 * 32;
constexpr std::size_t most_certificates = 8;

Result<PcrValue> pcr_value(const cbor::Value& row) {
  const auto* columns = row.array();
  if (columns == nullptr || columns->size() != 3)
    return Error{Code::malformed, "must be an array [hashAlg, pcr, value]", ""};
  SEATLS_TRY(const auto alg, (*columns)[0].as_uint());
  SEATLS_TRY(const auto index, (*columns)[1].as_uint());
  SEATLS_TRY(const auto value, (*columns)[2].as_bytes());
  const auto bank = alg <= 0xFFFF ? hash_of(static_cast<std::uint16_t>(alg)) : std::nullopt;
  if (!bank)
    return Error{Code::unknown_value, std::to_string(alg) + " is not a supported hash algorithm", "hashAlg"};
  if (index > 31) return Error{Code::unknown_value, std::to_string(index) + "; at most 31", "pcr"};
  if (value.size() != size(*bank))
    return Error{Code::length_out_of_range,
                 std::to_string(value.size()) + " bytes; " + std::string(name(*bank)) + " has " +
                     std::to_string(size(*bank)),
                 "value"};
  return PcrValue{*bank, static_cast<unsigned>(index), bytes(value)};
}

Error of_the_other_type(std::string_view what) {
  return {Code::unknown_value, "the structure is of the other type", std::string(what) + " > type"};
}

}  // namespace

Result<EvidenceMap> EvidenceMap::read(ByteView raw, std::int64_t last_key) {
  SEATLS_TRY(auto value, cbor::parse(raw, limits));
  if (value.map() == nullptr) return Error{Code::malformed, "must be a CBOR map", ""};
  for (const auto& [key, content] : *value.map()) {
    const auto number = key.as_int();
    if (!number || *number < 1 || *number > last_key)
      return Error{Code::unknown_value,
                   "key " + cbor::diagnose(key) + " is not one of 1 to " + std::to_string(last_key), ""};
  }
  return EvidenceMap(std::move(value));
}

Result<const cbor::Value*> EvidenceMap::item(std::int64_t key, std::string_view what) const {
  const auto* value = find(key);
  if (value == nullptr)
    return Error{Code::malformed, "key " + std::to_string(key) + " (" + std::string(what) + ") is missing",
                 ""};
  return value;
}

Result<Bytes> EvidenceMap::octets(std::int64_t key, std::string_view what) const {
  return field(key, what, [](ByteView raw) -> Result<Bytes> { return bytes(raw); });
}

Result<Attest> EvidenceMap::quote(std::int64_t key) const {
  SEATLS_TRY(auto parsed, field(key, "quote", parse_attest));
  if (parsed.quote() == nullptr) return of_the_other_type("quote");
  return parsed;
}

Result<Attest> EvidenceMap::certify(std::int64_t key) const {
  SEATLS_TRY(auto parsed, field(key, "certify", parse_attest));
  if (parsed.certify() == nullptr) return of_the_other_type("certify");
  return parsed;
}

Result<std::vector<PcrValue>> EvidenceMap::pcrs(std::int64_t key) const {
  SEATLS_TRY(const auto* value, item(key, "pcrs"));
  const auto* rows = value->array();
  if (rows == nullptr) return Error{Code::malformed, "must be an array", "pcrs"};
  if (rows->size() > most_pcr_values)
    return Error{Code::limit_exceeded,
                 std::to_string(rows->size()) + " values; at most " + std::to_string(most_pcr_values),
                 "pcrs"};
  std::vector<PcrValue> list;
  for (const auto& row : *rows) {
    const std::string place = "pcrs[" + std::to_string(list.size()) + "]";
    auto one = pcr_value(row);
    if (!one) return std::move(one).error().in(place);
    for (const auto& before : list)
      if (before.bank == one->bank && before.pcr == one->pcr)
        return Error{
            Code::unknown_value,
            std::string(name(one->bank)) + " PCR " + std::to_string(one->pcr) + " stands there twice", place};
    list.push_back(std::move(*one));
  }
  return list;
}

Result<std::vector<crypto::Certificate>> EvidenceMap::chain(std::int64_t key, std::string_view what) const {
  std::vector<crypto::Certificate> list;
  const auto* value = find(key);
  if (value == nullptr) return list;
  const auto* rows = value->array();
  if (rows == nullptr || rows->empty() || rows->size() > most_certificates)
    return Error{Code::malformed,
                 "must be an array of 1 to " + std::to_string(most_certificates) + " certificates",
                 std::string(what)};
  for (const auto& row : *rows) {
    const std::string place = std::string(what) + "[" + std::to_string(list.size()) + "]";
    const auto der = row.as_bytes();
    if (!der) return Error(der.error()).in(place);
    auto certificate = crypto::Certificate::from_der(*der);
    if (!certificate) return std::move(certificate).error().in(place);
    list.push_back(std::move(*certificate));
  }
  return list;
}

Result<std::optional<tee::EventLog>> EvidenceMap::event_log(std::int64_t key) const {
  if (find(key) == nullptr) return std::optional<tee::EventLog>();
  SEATLS_TRY(auto log, field(key, "event log", tee::parse_event_log));
  return std::optional(std::move(log));
}

}  // namespace seatls::appraise::tpm
