#include "rats/confirmation.h"

#include "base/encoding.h"
#include "rats/key_format.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
namespace json = codec::json;

constexpr std::int64_t kCoseKey = 1, kCkt = 5;  // RFC 8747, 7.2; RFC 9679, 5.6
constexpr std::size_t kThumbprintSize = 32;

Error malformed(std::string what) { return {Code::malformed, std::move(what), ""}; }

Result<Bytes> checked_thumbprint(ByteView value) {
  if (value.size() == kThumbprintSize) return bytes(value);
  return malformed("a thumbprint of " + std::to_string(value.size()) + " bytes; SHA-256 has 32");
}

}  // namespace

Result<bool> Confirmation::names(const crypto::PublicKey& tik) const {
  if (key) return key->same_key(tik);
  if (!thumbprint) return false;
  if (!jwk_thumbprint) {
    SEATLS_TRY(const Bytes own, cose_key_thumbprint(tik));
    return constant_time_equal(own, *thumbprint);
  }
  SEATLS_TRY(const std::string own, rats::jwk_thumbprint(tik));
  return own == base::to_base64url(*thumbprint);
}

Result<Confirmation> read_confirmation(const cbor::Value& v) {
  if (v.map() == nullptr) return malformed("is no map");
  Confirmation out;
  const auto *key = v.find(kCoseKey), *thumbprint = v.find(kCkt);
  if ((key != nullptr) == (thumbprint != nullptr))
    return malformed("must hold exactly one of COSE_Key (1) and ckt (5)");
  if (key != nullptr) {
    SEATLS_TRY(out.key, from_cose_key(*key));
  } else {
    auto value = thumbprint->as_bytes();
    if (!value) return std::move(value).error().in("ckt");
    SEATLS_TRY(out.thumbprint, checked_thumbprint(*value));
  }
  return out;
}

Result<Confirmation> read_confirmation(const json::Value& v) {
  if (v.object() == nullptr) return malformed("is no object");
  Confirmation out;
  const auto *key = v.find("jwk"), *thumbprint = v.find("jkt");
  if ((key != nullptr) == (thumbprint != nullptr)) return malformed("must hold exactly one of jwk and jkt");
  if (key != nullptr) {
    SEATLS_TRY(out.key, from_jwk(*key));
  } else {
    auto text = thumbprint->as_text();
    if (!text) return std::move(text).error().in("jkt");
    auto value = base::from_base64url(*text);
    if (!value) return std::move(value).error().in("jkt");
    SEATLS_TRY(out.thumbprint, checked_thumbprint(*value));
    out.jwk_thumbprint = true;
  }
  return out;
}

Result<cbor::Value> confirmation_to_cbor(const Confirmation& cnf) {
  if (cnf.key) {
    SEATLS_TRY(cbor::Value key, to_cose_key(*cnf.key));
    return cbor::map({{cbor::integer(kCoseKey), std::move(key)}});
  }
  if (cnf.thumbprint && !cnf.jwk_thumbprint)
    return cbor::map({{cbor::integer(kCkt), cbor::bytes(*cnf.thumbprint)}});
  return Error{Code::misuse, "a CWT confirms by a COSE_Key or its thumbprint", "cnf"};
}

Result<json::Value> confirmation_to_json(const Confirmation& cnf) {
  if (cnf.key) {
    SEATLS_TRY(json::Value key, to_jwk(*cnf.key));
    return json::Value(json::Object{{"jwk", std::move(key)}});
  }
  if (cnf.thumbprint && cnf.jwk_thumbprint)
    return json::Value(json::Object{{"jkt", json::Value(base::to_base64url(*cnf.thumbprint))}});
  return Error{Code::misuse, "a JWT confirms by a JWK or its thumbprint", "cnf"};
}

}  // namespace seatls::rats
