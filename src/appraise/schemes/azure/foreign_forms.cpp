#include "appraise/schemes/azure/foreign_forms.h"

#include <algorithm>

#include "base/encoding.h"
#include "codec/cursor.h"
#include "codec/json.h"

namespace seatls::appraise::azure {
namespace {

namespace json = codec::json;

constexpr json::Limits limits{.depth = 6, .items = 65'536};
constexpr std::size_t longest_octets = 65'536;
constexpr std::size_t longest_signature = 512, longest_message = 1024, most_pcrs = 24, pcr_size = 32;
constexpr std::int64_t latest_coco_version = 2;
constexpr std::string_view certificate_begin = "-----BEGIN CERTIFICATE-----",
                           certificate_end = "-----END CERTIFICATE-----";

Error malformed(std::string_view where, std::string what) {
  return {Code::malformed, std::move(what), std::string(where)};
}

Result<const json::Value*> member(const json::Value& object, std::string_view key) {
  const auto* value = object.find(key);
  if (value == nullptr) return malformed(key, "is missing");
  return value;
}

// ---- Bytes in JSON -----------------------------------------------------------------------------

// Vec<u8> without a serializer of its own: an array of numbers.
Result<Bytes> from_numbers(const json::Array& list) {
  if (list.size() > longest_octets) return Error{Code::limit_exceeded, "more than 65536 bytes", ""};
  Bytes out;
  out.reserve(list.size());
  for (const auto& element : list) {
    const auto octet = element.as_int();
    if (!octet || *octet < 0 || *octet > 0xFF) return malformed("", "holds what is no byte");
    out.push_back(static_cast<std::uint8_t>(*octet));
  }
  return out;
}

// octets reads a member that is an array of numbers, or a text that `decode` reads.
template <class Decode>
Result<Bytes> octets_of(const json::Value& value, std::string_view key, Decode decode) {
  const auto text = value.as_text();
  auto read = value.array() != nullptr ? from_numbers(*value.array())
              : text                   ? decode(*text)
                                       : Result<Bytes>(malformed("", "is neither text nor an array"));
  if (!read) return std::move(read).error().in(key);
  return read;
}

template <class Decode>
Result<Bytes> octets(const json::Value& object, std::string_view key, Decode decode) {
  SEATLS_TRY(const auto* value, member(object, key));
  return octets_of(*value, key, decode);
}

// ---- Quotes ------------------------------------------------------------------------------------

Result<VtpmQuote> quote_of_json(const json::Value& object) {
  VtpmQuote out;
  SEATLS_TRY(out.message, octets(object, "message", base::from_hex));
  SEATLS_TRY(out.signature, octets(object, "signature", base::from_hex));
  SEATLS_TRY(const auto* values, member(object, "pcrs"));
  if (values->array() == nullptr || values->array()->size() > most_pcrs)
    return malformed("pcrs", "must be an array of at most " + std::to_string(most_pcrs) + " values");
  for (const auto& value : *values->array()) {
    const std::string place = "pcrs[" + std::to_string(out.pcrs.size()) + "]";
    SEATLS_TRY(auto pcr, octets_of(value, place, base::from_hex));
    out.pcrs.push_back(std::move(pcr));
  }
  return out;
}

// size_t as the crate's serializer writes it.
Bytes sized(codec::Cursor& c, std::size_t most, std::string_view field) {
  const std::uint64_t size = c.u64(field);
  if (size > most) {
    c.fail(Code::length_out_of_range, field,
           std::to_string(size) + " bytes; at most " + std::to_string(most));
    return {};
  }
  return bytes(c.take(size, field));
}

// struct Quote { signature: Vec<u8>, message: Vec<u8>, pcrs: Vec<[u8; 32]> }
Result<VtpmQuote> quote_of_bincode(ByteView raw) {
  codec::Cursor c(raw, codec::Endian::little);
  VtpmQuote out;
  out.signature = sized(c, longest_signature, "signature");
  out.message = sized(c, longest_message, "message");
  const std::uint64_t count = c.u64("pcrs");
  if (count > most_pcrs)
    c.fail(Code::limit_exceeded, "pcrs",
           std::to_string(count) + " values; at most " + std::to_string(most_pcrs));
  for (std::uint64_t i = 0; i < count && !c.failed(); ++i)
    out.pcrs.push_back(bytes(c.take(pcr_size, "pcrs")));
  SEATLS_CHECK(c.done());
  return out;
}

Result<tpm::Quoted> quoted(const json::Value& object, std::string_view key) {
  SEATLS_TRY(const auto* value, member(object, key));
  const auto quote = quote_of_json(*value);
  auto read = quote ? quoted_of(*quote) : Result<tpm::Quoted>(quote.error());
  if (!read) return std::move(read).error().in(key);
  return read;
}

// ---- Certificates ------------------------------------------------------------------------------

// A certificate that was read from the virtual TPM is followed by whatever its place is too large for: only
// the DER itself is taken.
Result<crypto::Certificate> leading_certificate(std::string_view pem) {
  const auto begin = pem.find(certificate_begin);
  const auto end = begin == std::string_view::npos ? begin : pem.find(certificate_end, begin);
  if (end == std::string_view::npos) return malformed("", "holds no certificate");
  const auto digits = pem.substr(begin + certificate_begin.size(), end - begin - certificate_begin.size());
  SEATLS_TRY(const Bytes der, base::from_base64_lines(digits));
  // SEQUENCE with a length of two bytes
  if (der.size() < 4 || der[0] != 0x30 || der[1] != 0x82) return malformed("", "holds no certificate");
  const std::size_t size = 4 + (std::size_t{der[2]} << 8U) + der[3];
  return crypto::Certificate::from_der(ByteView(der).first(std::min(size, der.size())));
}

// The key of a certificate of the AK, if there is one. Nothing rests on it: what names the AK is the HCL
// report.
Result<std::optional<crypto::PublicKey>> ak_certificate_key(const json::Value& attestation) {
  const auto* value = attestation.find("ak_certificate_pem");
  const auto pem = value == nullptr ? Result<std::string_view>(Error{}) : value->as_text();
  if (!pem.ok()) return std::optional<crypto::PublicKey>();
  const auto certificate = leading_certificate(*pem);
  auto key = certificate ? certificate->public_key() : Result<crypto::PublicKey>(certificate.error());
  if (!key) return std::move(key).error().in("ak_certificate_pem");
  return std::optional(std::move(*key));
}

// DER in base64url, or PEM.
Result<std::vector<crypto::Certificate>> vcek(const json::Value& object) {
  SEATLS_TRY(const auto* value, member(object, "vcek"));
  const auto text = value->as_text();
  if (!text) return Error(text.error()).in("vcek");
  if (text->find(certificate_begin) != std::string_view::npos) {
    auto list = crypto::parse_pem_certificates(*text);
    if (!list) return std::move(list).error().in("vcek");
    return list;
  }
  const auto der = base::from_base64(*text);
  auto certificate = der ? crypto::Certificate::from_der(*der) : Result<crypto::Certificate>(der.error());
  if (!certificate) return std::move(certificate).error().in("vcek");
  return std::vector{std::move(*certificate)};
}

// ---- The forms ---------------------------------------------------------------------------------

// {"version", "tpm_quote": {…}, "hcl_report", "vcek" or "td_quote"}; without a version, SEV-SNP calls them
// "quote" and "report". Version 2 has the binder in "user-data" too.
Result<Parts> unpack_coco(const json::Value& object) {
  std::int64_t version = 0;
  if (const auto* stated = object.find("version")) {
    const auto number = stated->as_int();
    if (!number || *number < 1 || *number > latest_coco_version)
      return Error{Code::unknown_value, "versions 1 and 2 are known", "version"};
    version = *number;
  }
  const bool snp = object.find("vcek") != nullptr, old = version == 0 && snp;
  SEATLS_TRY(auto report, octets(object, old ? "report" : "hcl_report", base::from_base64));
  SEATLS_TRY(auto statement, quoted(object, old ? "quote" : "tpm_quote"));
  Parts out{Form::coco, std::move(report), {}, {}, std::move(statement), {}, {}, version >= 2};
  if (snp) {
    SEATLS_TRY(out.certificates, vcek(object));
  } else {
    SEATLS_TRY(out.td_quote, octets(object, "td_quote", base::from_base64));
  }
  return out;
}

// {"tdx_quote_base64", "hcl_report_base64", "tpm_attestation": {"ak_certificate_pem", "quote": {…},
//   "event_log": […], …}}
Result<Parts> unpack_flashbots(const json::Value& object) {
  SEATLS_TRY(auto report, octets(object, "hcl_report_base64", base::from_base64));
  SEATLS_TRY(auto td_quote, octets(object, "tdx_quote_base64", base::from_base64));
  SEATLS_TRY(const auto* attestation, member(object, "tpm_attestation"));
  auto statement = quoted(*attestation, "quote");
  if (!statement) return std::move(statement).error().in("tpm_attestation");
  if (attestation->find("event_log") != nullptr) {
    SEATLS_TRY(const Bytes log, octets(*attestation, "event_log", base::from_base64));
    if (!log.empty()) {
      SEATLS_TRY(statement->event_log, tee::parse_event_log(log));
    }
  }
  SEATLS_TRY(auto ak, ak_certificate_key(*attestation));
  return Parts{Form::flashbots,       std::move(report),
               std::move(td_quote),   {},
               std::move(*statement), {},
               std::move(ak),         false};
}

bool is_flashbots(const json::Value& object) { return object.find("hcl_report_base64") != nullptr; }

}  // namespace

bool is_json(ByteView raw) {
  const auto first = std::ranges::find_if(
      raw, [](std::uint8_t c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; });
  return first != raw.end() && *first == '{';
}

bool is_foreign_evidence(ByteView raw) {
  const auto object = json::parse(text(raw), limits);
  if (!object) return false;
  const auto has = [&](std::string_view key) { return object->find(key) != nullptr; };
  return is_flashbots(*object) || ((has("hcl_report") || has("report")) && (has("vcek") || has("td_quote")));
}

Result<Parts> unpack_json(ByteView raw) {
  SEATLS_TRY(const auto object, json::parse(text(raw), limits));
  return is_flashbots(object) ? unpack_flashbots(object) : unpack_coco(object);
}

Result<VtpmQuote> parse_vtpm_quote(ByteView raw) {
  if (!is_json(raw)) return quote_of_bincode(raw);
  SEATLS_TRY(const auto object, json::parse(text(raw), limits));
  return quote_of_json(object);
}

Result<tpm::Quoted> quoted_of(const VtpmQuote& quote) {
  auto attest = tpm::parse_attest(quote.message);
  if (!attest) return std::move(attest).error().in("message");
  if (attest->quote() == nullptr) return malformed("message", "is no quote");
  const auto& selection = attest->quote()->selection;
  if (selection.size() != 1 || selection.front().bank != Hash::sha256 ||
      selection.front().pcrs.size() != quote.pcrs.size())
    return malformed("pcrs", "are not the values of the sha256 bank that the message selects");
  std::vector<tpm::PcrValue> values;
  for (std::size_t i = 0; i < quote.pcrs.size(); ++i) {
    if (quote.pcrs[i].size() != pcr_size)
      return Error{Code::length_out_of_range, std::to_string(quote.pcrs[i].size()) + " bytes; 32 are needed",
                   "pcrs[" + std::to_string(i) + "]"};
    values.push_back({Hash::sha256, selection.front().pcrs[i], quote.pcrs[i]});
  }
  tpm::Signature signature{{tpm::SigningScheme::rsassa, Hash::sha256}, quote.signature, {}, {}};
  return tpm::Quoted{std::move(*attest), std::move(signature), std::move(values), {}};
}

}  // namespace seatls::appraise::azure
