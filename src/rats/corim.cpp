#include "rats/corim.h"

#include <array>

#include "base/clock.h"
#include "base/encoding.h"
#include "rats/sign1.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
namespace cose = codec::cose;
using cbor::Value;

namespace tag {
constexpr std::uint64_t sign1 = 18, uri = 32, epoch = 1, oid = 111, corim = 501, comid = 506;
}
constexpr std::int64_t corim_meta = 8, cwt_claims = 15, payload_hash_alg = 258;  // COSE header labels
constexpr cbor::Limits limits{.depth = 32, .items = 262'144};
constexpr std::array allowed = {
    crypto::SignatureAlgorithm::ecdsa_p256_sha256, crypto::SignatureAlgorithm::ecdsa_p384_sha384,
    crypto::SignatureAlgorithm::ecdsa_p521_sha512, crypto::SignatureAlgorithm::ed25519,
    crypto::SignatureAlgorithm::rsa_pss_sha256,    crypto::SignatureAlgorithm::rsa_pss_sha384,
    crypto::SignatureAlgorithm::rsa_pss_sha512};

Error malformed(std::string what, std::string path) {
  return {Code::malformed, std::move(what), std::move(path)};
}

// time: #6.1 number; inside of CWT claims the number alone.
Result<std::optional<Time>> time_of(const Value* v, std::string_view name) {
  if (v == nullptr) return std::optional<Time>();
  const cbor::Tag* t = v->tag();
  auto seconds = (t != nullptr && t->number == tag::epoch ? t->content : *v).as_int();
  if (!seconds) return std::move(seconds).error().in(name);
  return std::optional(Time(std::chrono::seconds(*seconds)));
}

// profile: uri / #6.111 oid
Result<std::string> profile_of(const Value& v) {
  const cbor::Tag* t = v.tag();
  if (t != nullptr && t->number == tag::uri)
    if (const auto text = t->content.as_text()) return std::string(*text);
  if (t != nullptr && t->number == tag::oid)
    if (const auto oid = t->content.as_bytes()) return base::to_hex(*oid);
  return malformed("is " + cbor::brief(v) + "; it is a URI or an OID", "profile");
}

// validity-map = { ? 0 not-before: time, 1 not-after: time }
Result<void> read_validity(const Value& v, std::optional<Time>& not_before, std::optional<Time>& not_after) {
  if (v.map() == nullptr) return malformed("is no map", "");
  SEATLS_TRY(not_before, time_of(v.find(0), "not-before"));
  SEATLS_TRY(not_after, time_of(v.find(1), "not-after"));
  if (!not_after) return malformed("is missing", "not-after");
  return {};
}

// tags: [ + #6.505 bytes .cbor concise-swid-tag / #6.506 bytes .cbor concise-mid-tag / … ]
Result<void> read_tags(const Value* v, Corim& out) {
  const auto* list = v == nullptr ? nullptr : v->array();
  if (list == nullptr || list->empty()) return malformed("is no array with an element", "tags");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string place = "tags[" + std::to_string(i) + "]";
    const cbor::Tag* t = (*list)[i].tag();
    if (t == nullptr) return malformed("has no tag", place);
    if (t->number != tag::comid) {
      ++out.other_tags;
      continue;
    }
    const auto data = t->content.as_bytes();
    if (!data) return malformed("holds no bytes", place);
    auto comid = comid::read_comid(*data);
    if (!comid) return std::move(comid).error().in(place);
    out.comids.push_back(std::move(comid).value());
  }
  return {};
}

// corim-map = { 0 id, 1 tags, ? 2 dependent-rims, ? 3 profile, ? 4 rim-validity, ? 5 entities }
Result<Corim> read_corim(const Value& v) {
  const cbor::Tag* t = v.tag();
  if (t == nullptr || t->number != tag::corim || t->content.map() == nullptr)
    return malformed("is no #6.501 map", "");
  const Value& map = t->content;
  Corim out;
  const Value* id = map.find(0);
  if (const auto text = id != nullptr ? id->as_text() : Result<std::string_view>(malformed("", "")))
    out.id = *text;
  else if (const auto uuid = id != nullptr ? id->as_bytes() : Result<ByteView>(malformed("", ""));
           uuid && uuid->size() == 16)
    out.id = base::to_hex(*uuid);
  else
    return malformed("is no text and no UUID", "id");
  if (const Value* profile = map.find(3)) {
    SEATLS_TRY(out.profile, profile_of(*profile));
  }
  if (const Value* validity = map.find(4))
    if (auto read = read_validity(*validity, out.not_before, out.not_after); !read)
      return std::move(read).error().in("rim-validity");
  SEATLS_CHECK(read_tags(map.find(1), out));
  return out;
}

// corim-meta-map = { 0 signer: { 0 name, … }, ? 1 signature-validity }
Result<void> read_meta(const Value& v, std::optional<std::string>& signer, std::optional<Time>& not_before,
                       std::optional<Time>& not_after) {
  auto data = v.as_bytes();
  if (!data) return std::move(data).error();
  SEATLS_TRY(const Value meta, cbor::parse(*data));
  const Value* who = meta.find(0);
  const Value* name = who == nullptr ? nullptr : who->find(0);
  const auto text = name == nullptr ? Result<std::string_view>(malformed("", "")) : name->as_text();
  if (!text) return malformed("names no signer", "signer");
  signer = std::string(*text);
  if (const Value* validity = meta.find(1)) return read_validity(*validity, not_before, not_after);
  return {};
}

// CWT-Claims = { 1 iss, ? 2 sub, ? 4 exp, ? 5 nbf, … }
Result<void> read_claims(const Value& v, std::optional<std::string>& signer, std::optional<Time>& not_before,
                         std::optional<Time>& not_after) {
  const Value* iss = v.find(1);
  const auto text = iss == nullptr ? Result<std::string_view>(malformed("", "")) : iss->as_text();
  if (!text) return malformed("is missing", "iss");
  signer = std::string(*text);
  SEATLS_TRY(not_after, time_of(v.find(4), "exp"));
  SEATLS_TRY(not_before, time_of(v.find(5), "nbf"));
  return {};
}

std::string place_of(const Corim& corim) { return "corim \"" + corim.id.substr(0, 60) + "\""; }

std::string shown(Time at) { return base::to_rfc3339(at); }

Result<void> check_time(const std::optional<Time>& not_before, const std::optional<Time>& not_after, Time at,
                        std::string_view what) {
  if (not_before && at < *not_before)
    return Error{Code::collateral_stale, "is valid from " + shown(*not_before) + " on; it is " + shown(at),
                 std::string(what)};
  if (not_after && at > *not_after)
    return Error{Code::collateral_stale, "was valid until " + shown(*not_after) + "; it is " + shown(at),
                 std::string(what)};
  return {};
}

}  // namespace

Result<UnverifiedCorim> parse_corim(ByteView data) {
  auto outer = cbor::parse(data, limits);
  if (!outer) return std::move(outer).error().in("corim");
  UnverifiedCorim out;
  const cbor::Tag* t = outer->tag();
  if (t == nullptr || t->number != tag::sign1) {
    auto corim = read_corim(*outer);
    if (!corim) return std::move(corim).error().in("corim");
    out.corim_ = std::move(corim).value();
    return out;
  }
  auto message = cose::parse_sign1(data, limits);
  if (!message) return std::move(message).error().in("corim");
  // The payload of a hash envelope is the digest of a document that is somewhere else.
  if (message->protected_headers.find(payload_hash_alg) != nullptr)
    return Error{Code::unknown_critical, "is a hash envelope, which is not read; give the document itself",
                 "corim"};
  UnverifiedCorim::Signed signature{std::move(message).value(), {}, {}};
  const Value& headers = signature.message.protected_headers;
  const Value *claims = headers.find(cwt_claims), *meta = headers.find(corim_meta);
  if (claims == nullptr && meta == nullptr)
    return malformed("holds neither CWT claims (15) nor corim-meta (8)", "corim > protected header");
  if (meta != nullptr)
    if (auto read = read_meta(*meta, out.signer_, signature.not_before, signature.not_after); !read)
      return std::move(read).error().in("corim-meta").in("corim");
  if (claims != nullptr) {
    const auto by_meta = out.signer_;
    if (auto read = read_claims(*claims, out.signer_, signature.not_before, signature.not_after); !read)
      return std::move(read).error().in("CWT claims").in("corim");
    if (by_meta && by_meta != out.signer_)
      return malformed("CWT claims and corim-meta name two signers", "corim > protected header");
  }
  auto inner = cbor::parse(signature.message.payload, limits);
  if (!inner) return std::move(inner).error().in("payload").in("corim");
  auto corim = read_corim(*inner);
  if (!corim) return std::move(corim).error().in("corim");
  out.corim_ = std::move(corim).value();
  out.signed_ = std::move(signature);
  return out;
}

Result<VerifiedCorim> VerifiedCorim::verify(UnverifiedCorim corim, std::span<const crypto::PublicKey> keys) {
  if (!corim.signed_)
    return Error{Code::collateral_invalid,
                 "nobody signed it; name its SHA-256 instead of a key, and answer for it yourself",
                 place_of(corim.corim_)};
  Error last{Code::signature_invalid, "no key was given to verify it with", ""};
  for (const crypto::PublicKey& key : keys) {
    const auto verified = verify_sign1(corim.signed_->message, key, allowed);
    if (verified)
      return VerifiedCorim(std::move(corim.corim_), corim.signed_->not_before, corim.signed_->not_after);
    last = verified.error();
  }
  return std::move(last).in(place_of(corim.corim_));
}

Result<VerifiedCorim> VerifiedCorim::danger_unsigned(UnverifiedCorim corim) {
  if (corim.signed_)
    return Error{Code::misuse, "it is signed; name the key of whoever signed it", place_of(corim.corim_)};
  return VerifiedCorim(std::move(corim.corim_), {}, {});
}

Result<void> VerifiedCorim::valid_at(Time at) const {
  SEATLS_CHECK(check_time(not_before_, not_after_, at, place_of(corim_) + " > signature"));
  return check_time(corim_.not_before, corim_.not_after, at, place_of(corim_));
}

}  // namespace seatls::rats
