#include "codec/cose.h"

namespace seatls::codec::cose {
namespace {

constexpr std::uint64_t kSign1Tag = 18, kCwtTag = 61;

Error malformed(std::string what) { return {Code::malformed, std::move(what), "COSE_Sign1"}; }

}  // namespace

const cbor::Value* Sign1::header(std::int64_t label) const {
  const auto* v = protected_headers.find(label);
  return v != nullptr ? v : unprotected_headers.find(label);
}

std::optional<Bytes> Sign1::kid() const {
  const auto* v = header(label::kid);
  if (v == nullptr) return std::nullopt;
  const auto b = v->as_bytes();
  return b ? std::optional(bytes(*b)) : std::nullopt;
}

// RFC 9360: one certificate is a bstr, several are an array of bstr.
Result<std::vector<Bytes>> Sign1::x5chain() const {
  std::vector<Bytes> out;
  const auto* v = header(label::x5chain);
  if (v == nullptr) return out;
  if (auto one = v->as_bytes()) {
    out.push_back(bytes(*one));
    return out;
  }
  if (v->array() == nullptr) return malformed("x5chain is neither a certificate nor a list of them");
  for (const auto& item : *v->array()) {
    auto certificate = item.as_bytes();
    if (!certificate) return std::move(certificate).error().in("COSE_Sign1 > x5chain");
    out.push_back(bytes(*certificate));
  }
  return out;
}

Result<Bytes> Sign1::to_be_signed() const {
  return cbor::encode(cbor::array(
      {cbor::text("Signature1"), cbor::bytes(protected_bytes), cbor::bytes({}), cbor::bytes(payload)}));
}

Result<Sign1> parse_sign1(ByteView bytes, const cbor::Limits& limits) {
  auto parsed = cbor::parse(bytes, limits);
  if (!parsed) return std::move(parsed).error().in("COSE_Sign1");
  const cbor::Value* v = &*parsed;
  if (v->tag() != nullptr && v->tag()->number == kCwtTag) {
    v = &v->tag()->content;
    if (v->tag() == nullptr) return malformed("tag 61 (CWT) without a COSE tag inside");
  }
  if (v->tag() != nullptr) {
    if (v->tag()->number != kSign1Tag)
      return malformed("CBOR tag " + std::to_string(v->tag()->number) + " where 18 is due");
    v = &v->tag()->content;
  }
  const auto* parts = v->array();
  if (parts == nullptr || parts->size() != 4) return malformed("is not an array of 4");
  auto headers = (*parts)[0].as_bytes();
  if (!headers) return std::move(headers).error().in("COSE_Sign1 > protected");
  auto payload = (*parts)[2].as_bytes();
  if (!payload) return std::move(payload).error().in("COSE_Sign1 > payload");
  auto signature = (*parts)[3].as_bytes();
  if (!signature) return std::move(signature).error().in("COSE_Sign1 > signature");
  if ((*parts)[1].map() == nullptr) return malformed("the unprotected header is no map");

  Sign1 out;
  out.protected_bytes = seatls::bytes(*headers);
  out.protected_headers = cbor::map({});
  if (!headers->empty()) {
    auto map = cbor::parse(*headers, limits);
    if (!map) return std::move(map).error().in("COSE_Sign1 > protected");
    out.protected_headers = std::move(map).value();
    if (out.protected_headers.map() == nullptr) return malformed("the protected header is no map");
  }
  out.unprotected_headers = (*parts)[1];
  out.payload = seatls::bytes(*payload);
  out.signature = seatls::bytes(*signature);

  for (const auto* headers_map : {out.protected_headers.map(), out.unprotected_headers.map()})
    for (const auto& [label, content] : *headers_map)
      if (!label.as_int() && !label.as_text())
        return malformed("the label " + cbor::brief(label) + " is neither an integer nor text");
  for (const auto& [label, content] : *out.unprotected_headers.map())
    for (const auto& known : *out.protected_headers.map())
      if (known.first == label)
        return malformed("the label " + cbor::brief(label) + " stands in both headers");
  // Nothing that `crit` could name is understood here.
  if (out.header(label::crit) != nullptr)
    return Error{Code::unknown_critical, "the header marks labels as critical", "COSE_Sign1 > crit"};
  const auto* algorithm = out.protected_headers.find(label::alg);
  if (algorithm == nullptr) return malformed("the protected header names no algorithm");
  auto id = algorithm->as_int();
  if (!id) return std::move(id).error().in("COSE_Sign1 > alg");
  out.algorithm = *id;
  return out;
}

Result<Bytes> encode_sign1(const Sign1& s) {
  return cbor::encode(cbor::tag(kSign1Tag, cbor::array({cbor::bytes(s.protected_bytes), s.unprotected_headers,
                                                        cbor::bytes(s.payload), cbor::bytes(s.signature)})));
}

}  // namespace seatls::codec::cose
