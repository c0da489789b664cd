#include "appraise/schemes/tpm/parse.h"

#include <algorithm>

#include "codec/cbor.h"

namespace seatls::appraise::tpm {
namespace {

namespace cbor = codec::cbor;

enum Key : std::int64_t {
  quote = 1,
  quote_signature = 2,
  pcrs = 3,
  certify = 4,
  certify_signature = 5,
  tik = 6,
  ak = 7,
  ak_chain = 8,
  ek_chain = 9,
  event_log = 10,
};

constexpr std::size_t most_pcr_values = 4 * 32;
constexpr std::size_t most_certificates = 8;

Error in_evidence(Error error, std::string_view what) { return std::move(error).in(what); }

Result<const cbor::Value*> item(const cbor::Value& map, Key key, std::string_view what) {
  const auto* value = map.find(static_cast<std::int64_t>(key));
  if (value == nullptr)
    return Error{Code::malformed, "key " + std::to_string(key) + " (" + std::string(what) + ") is missing",
                 "tpm2"};
  return value;
}

// field reads a byte string of the map with `parse`.
template <class F>
auto field(const cbor::Value& map, Key key, std::string_view what, F parse) -> decltype(parse(ByteView{})) {
  SEATLS_TRY(const auto* value, item(map, key, what));
  const auto raw = value->as_bytes();
  if (!raw) return in_evidence(raw.error(), what);
  auto parsed = parse(*raw);
  if (!parsed) return in_evidence(std::move(parsed).error(), what);
  return parsed;
}

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

Result<std::vector<PcrValue>> pcr_values(const cbor::Value& map) {
  SEATLS_TRY(const auto* value, item(map, pcrs, "pcrs"));
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
    if (!one) return in_evidence(std::move(one).error(), place);
    for (const auto& before : list)
      if (before.bank == one->bank && before.pcr == one->pcr)
        return Error{
            Code::unknown_value,
            std::string(name(one->bank)) + " PCR " + std::to_string(one->pcr) + " stands there twice", place};
    list.push_back(std::move(*one));
  }
  return list;
}

Result<std::vector<crypto::Certificate>> chain(const cbor::Value& map, Key key, std::string_view what) {
  std::vector<crypto::Certificate> list;
  const auto* value = map.find(static_cast<std::int64_t>(key));
  if (value == nullptr) return list;
  const auto* rows = value->array();
  if (rows == nullptr || rows->empty() || rows->size() > most_certificates)
    return Error{Code::malformed,
                 "must be an array of 1 to " + std::to_string(most_certificates) + " certificates",
                 std::string(what)};
  for (const auto& row : *rows) {
    const std::string place = std::string(what) + "[" + std::to_string(list.size()) + "]";
    const auto der = row.as_bytes();
    if (!der) return in_evidence(der.error(), place);
    auto certificate = crypto::Certificate::from_der(*der);
    if (!certificate) return in_evidence(std::move(certificate).error(), place);
    list.push_back(std::move(*certificate));
  }
  return list;
}

Result<void> only_known_keys(const cbor::Map& map) {
  for (const auto& [key, value] : map) {
    const auto number = key.as_int();
    if (!number || *number < quote || *number > event_log)
      return Error{Code::unknown_value, "key " + cbor::diagnose(key) + " is not one of 1 to 10", ""};
  }
  return {};
}

Result<Attest> attest(const cbor::Value& map, Key key, std::string_view what) {
  SEATLS_TRY(auto parsed, field(map, key, what, parse_attest));
  const bool right = key == quote ? parsed.quote() != nullptr : parsed.certify() != nullptr;
  if (!right)
    return Error{Code::unknown_value, "the structure is of the other type", std::string(what) + " > type"};
  return parsed;
}

Result<Evidence> read(ByteView raw) {
  SEATLS_TRY(const auto value, cbor::parse(raw, {.depth = 4, .items = 1024}));
  if (value.map() == nullptr) return Error{Code::malformed, "must be a CBOR map", ""};
  SEATLS_CHECK(only_known_keys(*value.map()));
  SEATLS_TRY(auto the_quote, attest(value, quote, "quote"));
  SEATLS_TRY(auto the_quote_signature, field(value, quote_signature, "quote signature", parse_signature));
  SEATLS_TRY(auto the_pcrs, pcr_values(value));
  SEATLS_TRY(auto the_certify, attest(value, certify, "certify"));
  SEATLS_TRY(auto the_certify_signature,
             field(value, certify_signature, "certify signature", parse_signature));
  SEATLS_TRY(auto the_tik, field(value, tik, "tik", parse_public));
  SEATLS_TRY(auto the_ak, field(value, ak, "ak", parse_public));
  SEATLS_TRY(auto the_ak_chain, chain(value, ak_chain, "ak chain"));
  SEATLS_TRY(auto the_ek_chain, chain(value, ek_chain, "ek chain"));
  std::optional<EventLog> log;
  if (value.find(static_cast<std::int64_t>(event_log)) != nullptr) {
    SEATLS_TRY(log, field(value, event_log, "event log", parse_event_log));
  }
  return Evidence{std::move(the_quote),   std::move(the_quote_signature),   std::move(the_pcrs),
                  std::move(the_certify), std::move(the_certify_signature), std::move(the_tik),
                  std::move(the_ak),      std::move(the_ak_chain),          std::move(the_ek_chain),
                  std::move(log)};
}

}  // namespace

class Parser {
 public:
  static ParsedEvidence mint(Evidence evidence) { return ParsedEvidence(std::move(evidence)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr) return Error{Code::malformed, "tpm2 evidence is a CMW record", "cmw"};
  auto evidence = read(credential.record()->value);
  if (!evidence) return std::move(evidence).error().in("tpm2");
  return Parser::mint(std::move(*evidence));
}

}  // namespace seatls::appraise::tpm
