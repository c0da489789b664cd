// Schemes, binders, errors and results.
#include "preload/values.h"

#include <string_view>

#include "preload/fields.h"

namespace seatls::preload {

namespace cbor = codec::cbor;

namespace {

bool known_tier(Tier tier) {
  return tier == Tier::none || tier == Tier::affirming || tier == Tier::warning ||
         tier == Tier::contraindicated;
}

cbor::Value number(std::uint64_t value) { return cbor::integer(static_cast<std::int64_t>(value)); }

cbor::Value to_value(const Reason& reason) {
  return cbor::array({cbor::text(name(reason.code)), cbor::text(reason.detail), cbor::text(reason.path),
                      cbor::boolean(reason.fatal)});
}

cbor::Value to_value(const TrustVector& vector) {
  cbor::Array claims;
  for (const auto claim : vector.value) claims.push_back(cbor::integer(claim));
  return cbor::array(std::move(claims));
}

void read_vector(Fields& f, TrustVector& into) {
  const auto& items = f.items();
  if (items.size() != into.value.size()) return f.fail("has another number of trust claims");
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto claim = items[i].as_int();
    if (!claim || *claim < -128 || *claim > 127) return f.fail("has a trust claim out of bounds");
    into.value[i] = static_cast<std::int8_t>(*claim);
  }
}

std::optional<Code> read_code(Fields& f) {
  const auto code = code_from_name(f.text());
  if (!code) f.fail("names an unknown code");
  return code;
}

void read_reasons(Fields& f, std::vector<Reason>& into) {
  for (const auto& item : f.items()) {
    Fields r(item, "a reason");
    Reason reason;
    reason.code = read_code(r).value_or(Code::internal);
    reason.detail = r.text();
    reason.path = r.text();
    reason.fatal = r.flag();
    if (auto done = r.done(); !done) return f.fail(std::move(done).error());
    into.push_back(std::move(reason));
  }
}

void read_submods(Fields& f, std::vector<ResultSubmod>& into) {
  for (const auto& item : f.items()) {
    Fields s(item, "a part");
    ResultSubmod part;
    part.label = s.text();
    part.scheme = s.text();
    part.tier = s.one_of<Tier>(known_tier);
    read_vector(s, part.vector);
    if (auto done = s.done(); !done) return f.fail(std::move(done).error());
    into.push_back(std::move(part));
  }
}

cbor::Value seconds(Time time) { return cbor::integer(time.time_since_epoch().count()); }

Time read_time(Fields& f) { return Time(std::chrono::seconds(f.number(std::uint64_t{1} << 40U))); }

}  // namespace

cbor::Value to_value(const std::vector<std::string>& texts) {
  cbor::Array list;
  for (const auto& t : texts) list.push_back(cbor::text(t));
  return cbor::array(std::move(list));
}

cbor::Value to_value(const AttestationScheme& scheme) {
  if (const auto* verifier = std::get_if<VerifierIdentity>(&scheme.argument))
    return cbor::array({number(2), cbor::text(verifier->name)});
  const auto& type = std::get<EvidenceType>(scheme.argument);
  if (const auto* format = std::get_if<ContentFormat>(&type))
    return cbor::array({number(0), number(format->id)});
  return cbor::array({number(1), cbor::text(std::get<MediaType>(type).name)});
}

cbor::Value to_value(const std::vector<AttestationScheme>& schemes) {
  cbor::Array list;
  for (const auto& s : schemes) list.push_back(to_value(s));
  return cbor::array(std::move(list));
}

Result<AttestationScheme> read_scheme(const cbor::Value& value) {
  Fields f(value, "a scheme");
  AttestationScheme scheme;
  switch (f.number(2)) {
    case 0:
      scheme.argument = EvidenceType(ContentFormat{static_cast<std::uint16_t>(f.number(0xffff))});
      break;
    case 1: scheme.argument = EvidenceType(MediaType{f.text()}); break;
    default: scheme.argument = VerifierIdentity{f.text()};
  }
  SEATLS_CHECK(f.done());
  return scheme;
}

Result<std::vector<AttestationScheme>> read_schemes(const cbor::Value& value) {
  const auto* list = value.array();
  if (list == nullptr) return Error{Code::malformed, "schemes are no array", {}};
  std::vector<AttestationScheme> schemes;
  for (const auto& item : *list) {
    SEATLS_TRY(auto scheme, read_scheme(item));
    schemes.push_back(std::move(scheme));
  }
  return schemes;
}

cbor::Value to_value(const Binder& binder) {
  return cbor::array({cbor::bytes(binder.bytes()), number(static_cast<std::uint64_t>(binder.hash())),
                      cbor::bytes(binder.tik().der())});
}

Result<Binder> read_binder(const cbor::Value& value) {
  Fields f(value, "a binder");
  Bytes bytes = f.bytes();
  const Hash hash = f.one_of<Hash>([](Hash h) { return h == Hash::sha256 || h == Hash::sha384; });
  Spki tik(f.bytes());
  SEATLS_CHECK(f.done());
  if (bytes.size() != size(hash)) return Error{Code::malformed, "a binder is as long as its hash", {}};
  // It crosses from one process to the other here; its maker is the library in the program, which derived it
  // from the connection, and of which the helper knows that it is a process that it has started.
  return danger::binder_from_bytes(std::move(bytes), hash, std::move(tik));
}

cbor::Value to_value(const Error& error) {
  return cbor::array({cbor::text(name(error.code)), cbor::text(error.detail), cbor::text(error.path)});
}

Error read_error(const cbor::Value& value) {
  Fields f(value, "an error");
  Error error;
  error.code = read_code(f).value_or(Code::internal);
  error.detail = f.text();
  error.path = f.text();
  if (auto done = f.done(); !done) return std::move(done).error();
  return error;
}

Result<cbor::Value> to_value(const Cmw& cmw) {
  SEATLS_TRY(const Bytes bytes, encode_cmw(cmw));
  return cbor::bytes(bytes);
}

Result<Cmw> read_cmw(const cbor::Value& value) {
  SEATLS_TRY(const ByteView bytes, value.as_bytes());
  return parse_cmw(bytes);
}

cbor::Value to_value(const AttestationResult& result) {
  const ResultParts& p = *result;
  cbor::Array reasons, claims, submods;
  for (const auto& r : p.reasons) reasons.push_back(to_value(r));
  for (const auto& [claim, text] : p.claims)
    claims.push_back(cbor::array({cbor::text(claim), cbor::text(text)}));
  for (const auto& s : p.submods)
    submods.push_back(cbor::array({cbor::text(s.label), cbor::text(s.scheme),
                                   number(static_cast<std::uint64_t>(s.tier)), to_value(s.vector)}));
  return cbor::array(
      {number(static_cast<std::uint64_t>(p.tier)), to_value(p.vector), cbor::array(std::move(reasons)),
       cbor::text(p.scheme), number(static_cast<std::uint64_t>(p.model)),
       number(static_cast<std::uint64_t>(p.freshness)), number(static_cast<std::uint64_t>(p.key)),
       cbor::array(std::move(claims)), to_value(p.instance), to_value(p.dangers), to_value(p.policy_ids),
       cbor::array(std::move(submods)), cbor::bytes(p.evidence_digest), cbor::bytes(p.binder),
       seconds(p.appraised_at), p.valid_until ? seconds(*p.valid_until) : cbor::Value(),
       p.kek ? cbor::bytes(p.kek->der()) : cbor::Value()});
}

Result<AttestationResult> read_result(const cbor::Value& value) {
  Fields f(value, "a result");
  ResultParts p;
  p.tier = f.one_of<Tier>(known_tier);
  read_vector(f, p.vector);
  read_reasons(f, p.reasons);
  p.scheme = f.text();
  p.model = f.one_of<ConveyanceModel>([](ConveyanceModel m) { return m <= ConveyanceModel::passport; });
  p.freshness = f.one_of<Freshness>([](Freshness v) { return v <= Freshness::lifetime; });
  p.key = f.one_of<KeyProvenance>([](KeyProvenance k) { return k <= KeyProvenance::proven; });
  for (const auto& item : f.items()) {
    Fields c(item, "a claim");
    std::string claim = c.text();
    p.claims.emplace_back(std::move(claim), c.text());
    SEATLS_CHECK(c.done());
  }
  p.instance = f.texts();
  p.dangers = f.texts();
  p.policy_ids = f.texts();
  read_submods(f, p.submods);
  p.evidence_digest = f.bytes();
  p.binder = f.bytes();
  p.appraised_at = read_time(f);
  if (!f.null()) p.valid_until = read_time(f);
  if (!f.null()) p.kek = Spki(f.bytes());
  SEATLS_CHECK(f.done());
  // The helper appraised it; the library takes its word, as it takes that of a verifier in the same process.
  return danger::result_from_parts(std::move(p));
}

}  // namespace seatls::preload
