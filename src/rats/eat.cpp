#include "rats/eat.h"

#include <charconv>

#include "rats/key_format.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
using cbor::Value;

// CWT claim keys: RFC 8392, RFC 8747, RFC 9711 (section 4 and its CDDL).
constexpr std::int64_t kIss = 1, kSub = 2, kAud = 3, kExp = 4, kNbf = 5, kIat = 6, kCnf = 8, kNonce = 10,
                       kUeid = 256, kOemid = 258, kHwmodel = 259, kOemboot = 262, kDbgstat = 263,
                       kProfile = 265, kSubmods = 266, kSwname = 270, kSwversion = 271, kMeasurements = 273;
// draft-reddy-rats-key-binding assigns no number: its CDDL uses member names.
constexpr std::string_view kKeyAttributes = "key-attributes";
constexpr std::size_t kMostNonces = 16;

Error malformed(std::string what, std::string_view claim) {
  return {Code::malformed, std::move(what), std::string(claim)};
}

Result<Bytes> sized(const Value& v, std::size_t least, std::size_t most, std::string_view claim) {
  auto b = v.as_bytes();
  if (!b) return std::move(b).error().in(claim);
  if (b->size() < least || b->size() > most)
    return Error{Code::length_out_of_range,
                 "is " + std::to_string(b->size()) + " bytes; it holds " + std::to_string(least) + " to " +
                     std::to_string(most),
                 std::string(claim)};
  return bytes(*b);
}
Result<std::string> text_of(const Value& v, std::string_view claim) {
  auto t = v.as_text();
  if (!t) return std::move(t).error().in(claim);
  return std::string(*t);
}
Result<std::int64_t> int_of(const Value& v, std::string_view claim) {
  auto n = v.as_int();
  if (!n) return std::move(n).error().in(claim);
  return *n;
}

// eat_nonce: bstr .size (8..64) / [2* such]
Result<std::vector<Bytes>> read_nonces(const Value& v) {
  std::vector<Bytes> out;
  if (const auto* list = v.array()) {
    if (list->size() < 2 || list->size() > kMostNonces)
      return malformed("an array of " + std::to_string(list->size()) + " nonces", "eat_nonce");
    for (const auto& item : *list) {
      SEATLS_TRY(Bytes nonce, sized(item, 8, 64, "eat_nonce"));
      out.push_back(std::move(nonce));
    }
    return out;
  }
  SEATLS_TRY(Bytes nonce, sized(v, 8, 64, "eat_nonce"));
  out.push_back(std::move(nonce));
  return out;
}

// The content octets of a DER OBJECT IDENTIFIER, as dotted text.
Result<std::string> dotted_oid(ByteView der) {
  std::vector<std::uint64_t> arcs;
  std::uint64_t arc = 0;
  bool within = false;
  for (auto b : der) {
    if (arc > (UINT64_MAX >> 7) || (!within && b == 0x80)) return malformed("is no OID", "eat_profile");
    arc = arc << 7 | (b & 0x7fu);
    within = (b & 0x80) != 0;
    if (within) continue;
    arcs.push_back(arc);
    arc = 0;
  }
  if (within || arcs.empty()) return malformed("is no OID", "eat_profile");
  const auto root = arcs[0] < 80 ? arcs[0] / 40 : 2;
  std::string out = std::to_string(root) + "." + std::to_string(arcs[0] - root * 40);
  for (std::size_t i = 1; i < arcs.size(); ++i) out += "." + std::to_string(arcs[i]);
  return out;
}

// A dotted text of digits as the content octets of an OBJECT IDENTIFIER; nothing for a URI.
std::optional<Bytes> oid_octets(std::string_view dotted) {
  std::vector<std::uint64_t> arcs;
  for (std::size_t at = 0; at <= dotted.size();) {
    const auto end = std::min(dotted.find('.', at), dotted.size());
    std::uint64_t arc = 0;
    const auto [stop, failed] = std::from_chars(dotted.data() + at, dotted.data() + end, arc);
    if (failed != std::errc() || stop != dotted.data() + end || arc > (UINT64_MAX >> 1)) return std::nullopt;
    arcs.push_back(arc);
    at = end + 1;
  }
  if (arcs.size() < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39)) return std::nullopt;
  arcs[1] += 40 * arcs[0];
  Bytes out;
  for (std::size_t i = 1; i < arcs.size(); ++i) {
    int shift = 63;
    while (shift > 0 && (arcs[i] >> shift) == 0) shift -= 7;
    for (; shift >= 0; shift -= 7)
      out.push_back(static_cast<std::uint8_t>((arcs[i] >> shift & 0x7f) | (shift > 0 ? 0x80u : 0u)));
  }
  return out;
}

// eat_profile: ~uri / ~oid
Result<std::string> read_profile(const Value& v) {
  if (auto oid = v.as_bytes()) return dotted_oid(*oid);
  return text_of(v, "eat_profile");
}

// key-attributes = { 1* of: extractable, never-extractable, sensitive, local: bool, purpose: [+ oid text] }
Result<KeyAttributes> read_key_attributes(const Value& v) {
  if (v.map() == nullptr || v.map()->empty()) return malformed("is no map with a member", kKeyAttributes);
  KeyAttributes out;
  const auto flag = [&](std::string_view name, std::optional<bool>& into) -> Result<void> {
    if (const auto* member = v.find(name)) {
      auto b = member->as_bool();
      if (!b) return std::move(b).error().in(std::string(kKeyAttributes) + " > " + std::string(name));
      into = *b;
    }
    return {};
  };
  SEATLS_CHECK(flag("extractable", out.extractable));
  SEATLS_CHECK(flag("never-extractable", out.never_extractable));
  SEATLS_CHECK(flag("sensitive", out.sensitive));
  SEATLS_CHECK(flag("local", out.local));
  if (const auto* purpose = v.find("purpose")) {
    if (purpose->array() == nullptr || purpose->array()->empty())
      return malformed("is no array with an element", "key-attributes > purpose");
    for (const auto& item : *purpose->array()) {
      SEATLS_TRY(std::string oid, text_of(item, "key-attributes > purpose"));
      out.purpose.push_back(std::move(oid));
    }
  }
  return out;
}

// swversion = [ version: text, ? scheme ]
Result<std::string> read_version(const Value& v) {
  if (v.array() == nullptr || v.array()->empty() || v.array()->size() > 2)
    return malformed("is no [version, ? scheme]", "swversion");
  return text_of((*v.array())[0], "swversion");
}

Result<void> read_measurements(const Value& v, EatClaims& out) {
  if (v.array() == nullptr) return malformed("is no array", "measurements");
  for (const auto& item : *v.array()) {
    const auto* pair = item.array();
    if (pair == nullptr || pair->size() != 2)
      return malformed("holds something else than [content-format, bstr]", "measurements");
    SEATLS_TRY(const std::int64_t format, int_of((*pair)[0], "measurements"));
    if (format < 0 || format > 0xffff)
      return malformed("a content format of " + std::to_string(format), "measurements");
    auto content = (*pair)[1].as_bytes();
    if (!content) return std::move(content).error().in("measurements");
    out.measurements.emplace_back(static_cast<std::uint16_t>(format), bytes(*content));
  }
  return {};
}

Result<void> read_submods(const Value& v, EatClaims& out) {
  if (v.map() == nullptr) return malformed("is no map", "submods");
  for (const auto& [key, content] : *v.map()) {
    SEATLS_TRY(std::string label, text_of(key, "submods"));
    out.submods.emplace_back(std::move(label), content);
  }
  return {};
}

Result<void> read_claim(std::int64_t key, const Value& v, EatClaims& out, bool& known) {
  switch (key) {
    case kIss: {
      SEATLS_TRY(out.iss, text_of(v, "iss"));
      return {};
    }
    case kSub: {
      SEATLS_TRY(out.sub, text_of(v, "sub"));
      return {};
    }
    case kAud: {
      SEATLS_TRY(out.aud, text_of(v, "aud"));
      return {};
    }
    case kExp: {
      SEATLS_TRY(out.exp, int_of(v, "exp"));
      return {};
    }
    case kNbf: {
      SEATLS_TRY(out.nbf, int_of(v, "nbf"));
      return {};
    }
    case kIat: {
      SEATLS_TRY(out.iat, int_of(v, "iat"));
      return {};
    }
    case kCnf: {
      auto cnf = read_confirmation(v);
      if (!cnf) return std::move(cnf).error().in("cnf");
      out.cnf = std::move(cnf).value();
      return {};
    }
    case kNonce: {
      SEATLS_TRY(out.nonces, read_nonces(v));
      return {};
    }
    case kek_claim_number: {
      auto kek = from_cose_key(v);
      if (!kek) return std::move(kek).error().in(kek_claim);
      out.kek = std::move(kek).value();
      return {};
    }
    case kUeid: {
      SEATLS_TRY(out.ueid, sized(v, 7, 33, "ueid"));
      return {};
    }
    case kOemid: out.oemid = v; return {};
    case kHwmodel: {
      SEATLS_TRY(out.hwmodel, sized(v, 1, 32, "hwmodel"));
      return {};
    }
    case kProfile: {
      SEATLS_TRY(out.profile, read_profile(v));
      return {};
    }
    case kSwname: {
      SEATLS_TRY(out.swname, text_of(v, "swname"));
      return {};
    }
    case kSwversion: {
      SEATLS_TRY(out.swversion, read_version(v));
      return {};
    }
    case kMeasurements: return read_measurements(v, out);
    case kSubmods: return read_submods(v, out);
    case kOemboot: {
      auto flag = v.as_bool();
      if (!flag) return std::move(flag).error().in("oemboot");
      out.oemboot = *flag;
      return {};
    }
    case kDbgstat: {
      SEATLS_TRY(const std::int64_t status, int_of(v, "dbgstat"));
      if (status < 0 || status > 4)
        return malformed("is " + std::to_string(status) + "; known are 0 to 4", "dbgstat");
      out.dbgstat = static_cast<DebugStatus>(status);
      return {};
    }
    default: known = false; return {};
  }
}

}  // namespace

std::string_view name(DebugStatus status) {
  switch (status) {
    case DebugStatus::enabled: return "enabled";
    case DebugStatus::disabled: return "disabled";
    case DebugStatus::disabled_since_boot: return "disabled-since-boot";
    case DebugStatus::disabled_permanently: return "disabled-permanently";
    case DebugStatus::disabled_fully_and_permanently: return "disabled-fully-and-permanently";
  }
  return "?";
}

//= early-attestation#binder-whole-field
Result<ByteView> EatClaims::single_nonce() const {
  if (nonces.size() != 1)
    return Error{Code::nonce_ambiguous, std::to_string(nonces.size()) + " nonces where one is due",
                 "eat_nonce"};
  return ByteView(nonces.front());
}

Result<EatClaims> read_eat(ByteView claims_set) {
  auto parsed = cbor::parse(claims_set);
  if (!parsed) return std::move(parsed).error().in("eat");
  if (parsed->map() == nullptr) return malformed("the claims set is no map", "eat");
  EatClaims out;
  for (const auto& [key, content] : *parsed->map()) {
    bool known = true;
    if (auto number = key.as_int()) {
      if (auto read = read_claim(*number, content, out, known); !read)
        return std::move(read).error().in("eat");
    } else if (auto label = key.as_text(); label && *label == kKeyAttributes) {
      auto attributes = read_key_attributes(content);
      if (!attributes) return std::move(attributes).error().in("eat");
      out.key_attributes = std::move(attributes).value();
    } else {
      known = false;
    }
    if (!known) out.unknown.emplace_back(key, content);
  }
  return out;
}

Result<Bytes> write_eat(const EatClaims& c) {
  cbor::Map out = c.unknown;
  const auto put = [&out](std::int64_t key, Value v) { out.emplace_back(cbor::integer(key), std::move(v)); };
  const auto put_text = [&](std::int64_t key, const std::optional<std::string>& v) {
    if (v) put(key, cbor::text(*v));
  };
  const auto put_int = [&](std::int64_t key, const std::optional<std::int64_t>& v) {
    if (v) put(key, cbor::integer(*v));
  };
  const auto put_bytes = [&](std::int64_t key, const std::optional<Bytes>& v) {
    if (v) put(key, cbor::bytes(*v));
  };

  if (c.nonces.size() == 1) {
    put(kNonce, cbor::bytes(c.nonces[0]));
  } else if (!c.nonces.empty()) {
    cbor::Array list;
    for (const auto& nonce : c.nonces) list.push_back(cbor::bytes(nonce));
    put(kNonce, cbor::array(std::move(list)));
  }
  if (c.profile) {
    const auto oid = oid_octets(*c.profile);
    put(kProfile, oid ? cbor::bytes(*oid) : cbor::text(*c.profile));
  }
  put_text(kIss, c.iss);
  put_text(kSub, c.sub);
  put_text(kAud, c.aud);
  put_int(kExp, c.exp);
  put_int(kNbf, c.nbf);
  put_int(kIat, c.iat);
  put_bytes(kUeid, c.ueid);
  if (c.oemid) put(kOemid, *c.oemid);
  put_bytes(kHwmodel, c.hwmodel);
  put_text(kSwname, c.swname);
  if (c.swversion) put(kSwversion, cbor::array({cbor::text(*c.swversion)}));
  if (c.oemboot) put(kOemboot, cbor::boolean(*c.oemboot));
  if (c.dbgstat) put(kDbgstat, cbor::integer(static_cast<std::int64_t>(*c.dbgstat)));
  if (c.cnf) {
    SEATLS_TRY(Value cnf, confirmation_to_cbor(*c.cnf));
    put(kCnf, std::move(cnf));
  }
  if (c.kek) {
    SEATLS_TRY(Value kek, to_cose_key(*c.kek));
    put(kek_claim_number, std::move(kek));
  }
  if (c.key_attributes) {
    cbor::Map members;
    const auto flag = [&](std::string_view name, std::optional<bool> v) {
      if (v) members.emplace_back(cbor::text(name), cbor::boolean(*v));
    };
    flag("extractable", c.key_attributes->extractable);
    flag("never-extractable", c.key_attributes->never_extractable);
    flag("sensitive", c.key_attributes->sensitive);
    flag("local", c.key_attributes->local);
    if (!c.key_attributes->purpose.empty()) {
      cbor::Array oids;
      for (const auto& oid : c.key_attributes->purpose) oids.push_back(cbor::text(oid));
      members.emplace_back(cbor::text("purpose"), cbor::array(std::move(oids)));
    }
    if (!members.empty()) out.emplace_back(cbor::text(kKeyAttributes), cbor::map(std::move(members)));
  }
  if (!c.measurements.empty()) {
    cbor::Array list;
    for (const auto& [format, content] : c.measurements)
      list.push_back(cbor::array({cbor::integer(format), cbor::bytes(content)}));
    put(kMeasurements, cbor::array(std::move(list)));
  }
  if (!c.submods.empty()) {
    cbor::Map submods;
    for (const auto& [label, content] : c.submods) submods.emplace_back(cbor::text(label), content);
    put(kSubmods, cbor::map(std::move(submods)));
  }
  return cbor::encode(cbor::map(std::move(out)));
}

}  // namespace seatls::rats
