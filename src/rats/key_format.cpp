#include "rats/key_format.h"

#include <optional>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
namespace json = codec::json;
using crypto::KeyType;
using crypto::PublicKey;

// COSE_Key labels and values (IANA "COSE Key Types", "COSE Elliptic Curves").
constexpr std::int64_t kKty = 1, kCrv = -1, kX = -2, kY = -3, kRsaN = -1, kRsaE = -2;
constexpr std::int64_t kOkp = 1, kEc2 = 2, kRsa = 3;

struct Curve {
  KeyType type;
  std::int64_t cose;
  std::string_view jose;
  std::size_t width;
};
constexpr Curve kCurves[] = {
    {KeyType::p256, 1, "P-256", 32}, {KeyType::p384, 2, "P-384", 48}, {KeyType::p521, 3, "P-521", 66}};
constexpr std::int64_t kEd25519 = 6;

const Curve* curve_of(KeyType type) {
  for (const auto& c : kCurves)
    if (c.type == type) return &c;
  return nullptr;
}

Error unsupported(std::string what, std::string path) {
  return {Code::algorithm_not_allowed, std::move(what), std::move(path)};
}

std::uint64_t exponent_of(ByteView bytes) {
  std::uint64_t v = 0;
  for (auto b : bytes) v = v << 8 | b;
  return v;
}
Bytes exponent_bytes(std::uint32_t v) {
  Bytes out;
  for (int shift = 24; shift >= 0; shift -= 8)
    if (const auto b = static_cast<std::uint8_t>(v >> shift); b != 0 || !out.empty()) out.push_back(b);
  return out;
}

Result<PublicKey> rsa_key(ByteView n, ByteView e, const std::string& path) {
  if (e.empty() || e.size() > 4)
    return Error{Code::malformed, "an RSA exponent of " + std::to_string(e.size()) + " bytes", path};
  return PublicKey::from_rsa(n, static_cast<std::uint32_t>(exponent_of(e)));
}

Result<Bytes> cose_bytes(const cbor::Value& key, std::int64_t label) {
  const auto* v = key.find(label);
  if (v == nullptr)
    return Error{Code::malformed, "label " + std::to_string(label) + " is missing", "COSE_Key"};
  auto b = v->as_bytes();
  if (!b) return std::move(b).error().in("COSE_Key");
  return bytes(*b);
}
Result<std::int64_t> cose_int(const cbor::Value& key, std::int64_t label) {
  const auto* v = key.find(label);
  if (v == nullptr)
    return Error{Code::malformed, "label " + std::to_string(label) + " is missing", "COSE_Key"};
  auto n = v->as_int();
  if (!n) return std::move(n).error().in("COSE_Key");
  return *n;
}

Result<std::string> jwk_text(const json::Value& key, std::string_view name) {
  const auto* v = key.find(name);
  if (v == nullptr) return Error{Code::malformed, "\"" + std::string(name) + "\" is missing", "jwk"};
  auto s = v->as_text();
  if (!s) return std::move(s).error().in("jwk > " + std::string(name));
  return std::string(*s);
}
Result<Bytes> jwk_bytes(const json::Value& key, std::string_view name) {
  SEATLS_TRY(const std::string s, jwk_text(key, name));
  auto b = base::from_base64url(s);
  if (!b) return std::move(b).error().in("jwk > " + std::string(name));
  return b;
}

}  // namespace

Result<PublicKey> from_cose_key(const cbor::Value& key) {
  if (key.map() == nullptr) return Error{Code::malformed, "is no map", "COSE_Key"};
  SEATLS_TRY(const std::int64_t kty, cose_int(key, kKty));
  if (kty == kEc2) {
    SEATLS_TRY(const std::int64_t crv, cose_int(key, kCrv));
    for (const auto& c : kCurves) {
      if (c.cose != crv) continue;
      SEATLS_TRY(Bytes x, cose_bytes(key, kX));
      SEATLS_TRY(Bytes y, cose_bytes(key, kY));
      if (x.size() != c.width || y.size() != c.width)
        return Error{Code::malformed, "coordinates of another width than the curve's", "COSE_Key"};
      return PublicKey::from_ec_point(c.type, {std::move(x), std::move(y)});
    }
    return unsupported("curve " + std::to_string(crv), "COSE_Key > crv");
  }
  if (kty == kOkp) {
    SEATLS_TRY(const std::int64_t crv, cose_int(key, kCrv));
    if (crv != kEd25519) return unsupported("curve " + std::to_string(crv), "COSE_Key > crv");
    SEATLS_TRY(const Bytes x, cose_bytes(key, kX));
    return PublicKey::from_ed25519(x);
  }
  if (kty == kRsa) {
    SEATLS_TRY(const Bytes n, cose_bytes(key, kRsaN));
    SEATLS_TRY(const Bytes e, cose_bytes(key, kRsaE));
    return rsa_key(n, e, "COSE_Key > e");
  }
  return unsupported("key type " + std::to_string(kty), "COSE_Key > kty");
}

Result<cbor::Value> to_cose_key(const PublicKey& key) {
  if (const auto* c = curve_of(key.type())) {
    SEATLS_TRY(const crypto::EcPoint p, key.point());
    return cbor::map({{cbor::integer(kKty), cbor::integer(kEc2)},
                      {cbor::integer(kCrv), cbor::integer(c->cose)},
                      {cbor::integer(kX), cbor::bytes(p.x)},
                      {cbor::integer(kY), cbor::bytes(p.y)}});
  }
  if (key.type() == KeyType::ed25519) {
    SEATLS_TRY(const Bytes raw, key.ed25519_raw());
    return cbor::map({{cbor::integer(kKty), cbor::integer(kOkp)},
                      {cbor::integer(kCrv), cbor::integer(kEd25519)},
                      {cbor::integer(kX), cbor::bytes(raw)}});
  }
  SEATLS_TRY(const Bytes n, key.rsa_modulus());
  SEATLS_TRY(const std::uint32_t e, key.rsa_exponent());
  return cbor::map({{cbor::integer(kKty), cbor::integer(kRsa)},
                    {cbor::integer(kRsaN), cbor::bytes(n)},
                    {cbor::integer(kRsaE), cbor::bytes(exponent_bytes(e))}});
}

// RFC 9679, section 3: SHA-256 over the deterministic encoding of the required members.
Result<Bytes> cose_key_thumbprint(const PublicKey& key) {
  SEATLS_TRY(const cbor::Value v, to_cose_key(key));
  SEATLS_TRY(const Bytes encoded, cbor::encode(v));
  return crypto::digest(Hash::sha256, encoded);
}

Result<PublicKey> from_jwk(const json::Value& key) {
  SEATLS_TRY(const std::string kty, jwk_text(key, "kty"));
  if (kty == "EC") {
    SEATLS_TRY(const std::string crv, jwk_text(key, "crv"));
    for (const auto& c : kCurves) {
      if (c.jose != crv) continue;
      SEATLS_TRY(Bytes x, jwk_bytes(key, "x"));
      SEATLS_TRY(Bytes y, jwk_bytes(key, "y"));
      if (x.size() != c.width || y.size() != c.width)
        return Error{Code::malformed, "coordinates of another width than the curve's", "jwk"};
      return PublicKey::from_ec_point(c.type, {std::move(x), std::move(y)});
    }
    return unsupported("curve " + crv, "jwk > crv");
  }
  if (kty == "OKP") {
    SEATLS_TRY(const std::string crv, jwk_text(key, "crv"));
    if (crv != "Ed25519") return unsupported("curve " + crv, "jwk > crv");
    SEATLS_TRY(const Bytes x, jwk_bytes(key, "x"));
    return PublicKey::from_ed25519(x);
  }
  if (kty == "RSA") {
    SEATLS_TRY(const Bytes n, jwk_bytes(key, "n"));
    SEATLS_TRY(const Bytes e, jwk_bytes(key, "e"));
    return rsa_key(n, e, "jwk > e");
  }
  return unsupported("key type " + kty, "jwk > kty");
}

// The members stand in the order that RFC 7638 hashes them in.
Result<json::Value> to_jwk(const PublicKey& key) {
  const auto b64 = [](ByteView b) { return json::Value(base::to_base64url(b)); };
  if (const auto* c = curve_of(key.type())) {
    SEATLS_TRY(const crypto::EcPoint p, key.point());
    return json::Value(json::Object{
        {"crv", json::Value(std::string(c->jose))}, {"kty", "EC"}, {"x", b64(p.x)}, {"y", b64(p.y)}});
  }
  if (key.type() == KeyType::ed25519) {
    SEATLS_TRY(const Bytes raw, key.ed25519_raw());
    return json::Value(json::Object{{"crv", "Ed25519"}, {"kty", "OKP"}, {"x", b64(raw)}});
  }
  SEATLS_TRY(const Bytes n, key.rsa_modulus());
  SEATLS_TRY(const std::uint32_t e, key.rsa_exponent());
  return json::Value(json::Object{{"e", b64(exponent_bytes(e))}, {"kty", "RSA"}, {"n", b64(n)}});
}

Result<std::string> jwk_thumbprint(const PublicKey& key) {
  SEATLS_TRY(const json::Value v, to_jwk(key));
  SEATLS_TRY(const std::string text, json::write(v));
  return base::to_base64url(crypto::digest(Hash::sha256, view(text)));
}

}  // namespace seatls::rats
