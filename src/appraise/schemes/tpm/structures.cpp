#include "appraise/schemes/tpm/structures.h"

#include <algorithm>

#include "base/encoding.h"
#include "codec/cursor.h"
#include "crypto/hash.h"

namespace seatls::appraise::tpm {
namespace {

using codec::Cursor;
using codec::Endian;

// Part 2, section 6.3: TPM_ALG_ID.
constexpr std::uint16_t alg_rsa = 0x0001, alg_aes = 0x0006, alg_sha1 = 0x0004, alg_sha256 = 0x000B,
                        alg_sha384 = 0x000C, alg_sha512 = 0x000D, alg_null = 0x0010, alg_rsassa = 0x0014,
                        alg_rsapss = 0x0016, alg_ecdsa = 0x0018, alg_ecc = 0x0023;
constexpr std::uint32_t generated_value = 0xFF544347;  // TPM_GENERATED_VALUE
constexpr std::uint16_t attest_certify = 0x8017, attest_quote = 0x8018;
constexpr std::uint16_t curve_p256 = 0x0003, curve_p384 = 0x0004, curve_p521 = 0x0005;

constexpr std::size_t largest_digest = 64;    // TPM2B_DIGEST
constexpr std::size_t largest_data = 2 + 64;  // TPM2B_DATA: sizeof(TPMT_HA)
constexpr std::size_t largest_name = 2 + 64;  // TPM2B_NAME
constexpr std::size_t largest_rsa = 512, largest_ecc = 66;
constexpr std::uint32_t most_banks = 8;
constexpr std::uint8_t most_select_bytes = 4;  // 32 PCRs; TPMs of today have 24

std::string hex(std::uint64_t value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[value & 15]);
    value >>= 4;
  } while (value != 0);
  return "0x" + digits;
}

// TPM2B_… { UINT16 size; BYTE buffer[size]; }
Bytes sized(Cursor& c, std::size_t largest, std::string_view field) {
  const std::size_t size = c.u16(field);
  if (size > largest) {
    c.fail(Code::length_out_of_range, field,
           std::to_string(size) + " bytes; at most " + std::to_string(largest) + " are possible");
    return {};
  }
  return bytes(c.take(size, field));
}

Hash hash(Cursor& c, std::string_view field) {
  const std::uint16_t id = c.u16(field);
  const auto known = hash_of(id);
  if (!known) c.fail(Code::unknown_value, field, "hash algorithm " + hex(id) + " is not supported");
  return known.value_or(Hash::sha256);
}

std::optional<SigningScheme> signing_scheme(std::uint16_t id) {
  switch (id) {
    case alg_rsassa: return SigningScheme::rsassa;
    case alg_rsapss: return SigningScheme::rsapss;
    case alg_ecdsa: return SigningScheme::ecdsa;
    default: return std::nullopt;
  }
}

std::vector<PcrSelection> selection(Cursor& c) {
  std::vector<PcrSelection> list;
  const std::uint32_t count = c.u32("pcrSelect.count");
  if (count > most_banks)
    c.fail(Code::limit_exceeded, "pcrSelect.count",
           std::to_string(count) + " banks; at most " + std::to_string(most_banks));
  for (std::uint32_t i = 0; i < count && !c.failed(); ++i) {
    PcrSelection s{hash(c, "pcrSelect.hash"), {}};
    const std::uint8_t size = c.u8("pcrSelect.sizeofSelect");
    if (size > most_select_bytes)
      c.fail(Code::length_out_of_range, "pcrSelect.sizeofSelect",
             std::to_string(size) + " bytes; at most " + std::to_string(most_select_bytes));
    const ByteView bitmap = c.take(size, "pcrSelect.pcrSelect");
    for (unsigned bit = 0; bit < bitmap.size() * 8; ++bit)
      if ((bitmap[bit / 8] >> (bit % 8) & 1) != 0) s.pcrs.push_back(bit);
    // Two selections of one bank would let one value stand for two places of the digest.
    for (const auto& before : list)
      if (before.bank == s.bank)
        c.fail(Code::unknown_value, "pcrSelect.hash",
               "bank " + std::string(name(s.bank)) + " is selected twice");
    list.push_back(std::move(s));
  }
  return list;
}

// TPMT_SYM_DEF_OBJECT { TPMI_ALG_SYM_OBJECT algorithm; [UINT16 keyBits; TPMI_ALG_SYM_MODE mode;] }
void symmetric(Cursor& c) {
  const std::uint16_t algorithm = c.u16("parameters.symmetric");
  if (algorithm == alg_null) return;
  if (algorithm != alg_aes) {
    c.fail(Code::unknown_value, "parameters.symmetric", "algorithm " + hex(algorithm) + " is not supported");
    return;
  }
  (void)c.u16("parameters.symmetric.keyBits");
  (void)c.u16("parameters.symmetric.mode");
}

// TPMT_RSA_SCHEME and TPMT_ECC_SCHEME { TPMI_ALG_… scheme; [TPMI_ALG_HASH hashAlg;] }
std::optional<SignatureScheme> scheme(Cursor& c) {
  const std::uint16_t id = c.u16("parameters.scheme");
  if (id == alg_null) return std::nullopt;
  const auto known = signing_scheme(id);
  if (!known) {
    c.fail(Code::unknown_value, "parameters.scheme",
           "scheme " + hex(id) + " is not a signature scheme that seatls knows");
    return std::nullopt;
  }
  return SignatureScheme{*known, hash(c, "parameters.scheme.hashAlg")};
}

std::size_t width(crypto::KeyType curve) {
  switch (curve) {
    case crypto::KeyType::p256: return 32;
    case crypto::KeyType::p384: return 48;
    default: return 66;
  }
}

// TPMs may leave out leading zero bytes of a number, and some keep them.
std::optional<Bytes> padded(ByteView number, std::size_t size) {
  while (number.size() > size && number.front() == 0) number = number.subspan(1);
  if (number.size() > size) return std::nullopt;
  Bytes out(size - number.size(), 0);
  out.insert(out.end(), number.begin(), number.end());
  return out;
}

Result<crypto::PublicKey> rsa_key(Cursor& c) {
  const std::uint16_t bits = c.u16("parameters.keyBits");
  const std::uint32_t exponent = c.u32("parameters.exponent");
  const Bytes modulus = sized(c, largest_rsa, "unique");
  SEATLS_CHECK(c.done());
  if (bits < 2048 || modulus.size() * 8 != bits)
    return Error{Code::unknown_value,
                 std::to_string(bits) + " bits with a modulus of " + std::to_string(modulus.size()) +
                     " bytes; RSA keys have 2048, 3072 or 4096 bits",
                 "parameters.keyBits"};
  if (exponent != 0 && exponent != 65537)
    return Error{Code::unknown_value, std::to_string(exponent) + "; TPM keys have 65537, written as 0",
                 "parameters.exponent"};
  return crypto::PublicKey::from_rsa(modulus, 65537);
}

Result<crypto::PublicKey> ecc_key(Cursor& c) {
  const std::uint16_t curve_id = c.u16("parameters.curveID");
  // TPMT_KDF_SCHEME: no TPM uses one in a signing key.
  if (const std::uint16_t kdf = c.u16("parameters.kdf"); kdf != alg_null)
    c.fail(Code::unknown_value, "parameters.kdf", "scheme " + hex(kdf) + "; only TPM_ALG_NULL is supported");
  const Bytes x = sized(c, largest_ecc, "unique.x");
  const Bytes y = sized(c, largest_ecc, "unique.y");
  SEATLS_CHECK(c.done());
  crypto::KeyType curve{};
  switch (curve_id) {
    case curve_p256: curve = crypto::KeyType::p256; break;
    case curve_p384: curve = crypto::KeyType::p384; break;
    case curve_p521: curve = crypto::KeyType::p521; break;
    default:
      return Error{Code::unknown_value, "curve " + hex(curve_id) + "; P-256, P-384 and P-521 are supported",
                   "parameters.curveID"};
  }
  auto px = padded(x, width(curve)), py = padded(y, width(curve));
  if (!px || !py)
    return Error{Code::length_out_of_range, "a coordinate is longer than the curve's", "unique"};
  return crypto::PublicKey::from_ec_point(curve, {std::move(*px), std::move(*py)});
}

std::optional<crypto::SignatureAlgorithm> algorithm(const SignatureScheme& s, crypto::KeyType key) {
  using enum crypto::SignatureAlgorithm;
  using crypto::KeyType;
  if (s.scheme == SigningScheme::ecdsa) {
    if (key == KeyType::p256 && s.hash == Hash::sha256) return ecdsa_p256_sha256;
    if (key == KeyType::p384 && s.hash == Hash::sha384) return ecdsa_p384_sha384;
    if (key == KeyType::p521 && s.hash == Hash::sha512) return ecdsa_p521_sha512;
    return std::nullopt;
  }
  if (key != KeyType::rsa) return std::nullopt;
  const bool pss = s.scheme == SigningScheme::rsapss;
  switch (s.hash) {
    case Hash::sha256: return pss ? rsa_pss_sha256 : rsa_pkcs1_sha256;
    case Hash::sha384: return pss ? rsa_pss_sha384 : rsa_pkcs1_sha384;
    case Hash::sha512: return pss ? rsa_pss_sha512 : rsa_pkcs1_sha512;
    case Hash::sha1: return std::nullopt;
  }
  return std::nullopt;
}

std::string describe(const SignatureScheme& s) {
  return std::string(name(s.scheme)) + " with " + std::string(name(s.hash));
}

}  // namespace

std::string_view name(SigningScheme scheme) {
  switch (scheme) {
    case SigningScheme::rsassa: return "RSASSA";
    case SigningScheme::rsapss: return "RSAPSS";
    case SigningScheme::ecdsa: return "ECDSA";
  }
  return "?";
}

Result<Attest> parse_attest(ByteView raw) {
  Cursor c(raw, Endian::big);
  Attest a;
  a.raw = bytes(raw);
  if (const std::uint32_t magic = c.u32("magic"); magic != generated_value)
    c.fail(Code::unknown_value, "magic", hex(magic) + " is not TPM_GENERATED: no TPM made this structure");
  const std::uint16_t type = c.u16("type");
  if (type != attest_quote && type != attest_certify)
    c.fail(Code::unknown_value, "type",
           hex(type) + "; a quote (0x8018) or a certification (0x8017) is expected");
  a.qualified_signer = sized(c, largest_name, "qualifiedSigner");
  a.extra_data = sized(c, largest_data, "extraData");
  a.clock = c.u64("clockInfo.clock");
  a.reset_count = c.u32("clockInfo.resetCount");
  a.restart_count = c.u32("clockInfo.restartCount");
  const std::uint8_t safe = c.u8("clockInfo.safe");
  if (safe > 1) c.fail(Code::unknown_value, "clockInfo.safe", "must be 0 or 1");
  a.safe = safe == 1;
  a.firmware_version = c.u64("firmwareVersion");
  if (type == attest_quote) {
    QuoteInfo quote;
    quote.selection = selection(c);
    quote.pcr_digest = sized(c, largest_digest, "pcrDigest");
    a.attested = std::move(quote);
  } else {
    CertifyInfo certify;
    certify.name = sized(c, largest_name, "name");
    certify.qualified_name = sized(c, largest_name, "qualifiedName");
    a.attested = std::move(certify);
  }
  SEATLS_CHECK(c.done());
  return a;
}

Bytes Public::name() const {
  const std::uint16_t id = name_alg == Hash::sha1     ? alg_sha1
                           : name_alg == Hash::sha256 ? alg_sha256
                           : name_alg == Hash::sha384 ? alg_sha384
                                                      : alg_sha512;
  Bytes out{static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id & 0xff)};
  const Bytes digest = crypto::digest(name_alg, raw);
  out.insert(out.end(), digest.begin(), digest.end());
  return out;
}

Result<Public> parse_public(ByteView raw) {
  Cursor c(raw, Endian::big);
  const std::uint16_t type = c.u16("type");
  if (type != alg_rsa && type != alg_ecc)
    c.fail(Code::unknown_value, "type", hex(type) + "; RSA (0x0001) and ECC (0x0023) keys are supported");
  const Hash name_alg = hash(c, "nameAlg");
  const ObjectAttributes attributes{c.u32("objectAttributes")};
  if ((attributes.bits & ~ObjectAttributes::defined) != 0)
    c.fail(Code::unknown_value, "objectAttributes", hex(attributes.bits) + " sets reserved bits");
  Bytes auth_policy = sized(c, largest_digest, "authPolicy");
  symmetric(c);
  auto signing = scheme(c);
  SEATLS_CHECK(c.so_far());
  SEATLS_TRY(auto key, type == alg_rsa ? rsa_key(c) : ecc_key(c));
  // A Name that hangs on SHA-1 can be given to two objects.
  if (name_alg == Hash::sha1) return Error{Code::unknown_value, "SHA-1 is not accepted for Names", "nameAlg"};
  return Public{bytes(raw), name_alg, attributes, std::move(auth_policy), signing, std::move(key)};
}

Result<Signature> parse_signature(ByteView raw) {
  Cursor c(raw, Endian::big);
  const std::uint16_t id = c.u16("sigAlg");
  const auto known = signing_scheme(id);
  if (!known)
    c.fail(Code::unknown_value, "sigAlg",
           hex(id) + "; RSASSA (0x0014), RSAPSS (0x0016) and ECDSA (0x0018) are supported");
  Signature s{{known.value_or(SigningScheme::ecdsa), hash(c, "hash")}, {}, {}, {}};
  if (s.scheme.scheme == SigningScheme::ecdsa) {
    s.r = sized(c, largest_ecc, "signatureR");
    s.s = sized(c, largest_ecc, "signatureS");
  } else {
    s.rsa = sized(c, largest_rsa, "sig");
  }
  SEATLS_CHECK(c.done());
  return s;
}

Result<void> verify_signature(const Public& key, const Signature& signature, ByteView signed_bytes) {
  if (key.scheme && *key.scheme != signature.scheme)
    return Error{Code::algorithm_not_allowed,
                 "signed as " + describe(signature.scheme) + "; the key is made for " + describe(*key.scheme),
                 "sigAlg"};
  const auto chosen = algorithm(signature.scheme, key.key.type());
  if (!chosen)
    return Error{Code::algorithm_not_allowed,
                 describe(signature.scheme) + " does not fit a key of type " +
                     std::string(crypto::name(key.key.type())) +
                     "; allowed: ECDSA with the curve's own hash, RSASSA and RSAPSS with SHA-256 and longer",
                 "sigAlg"};
  if (signature.scheme.scheme != SigningScheme::ecdsa)
    return key.key.verify(*chosen, signed_bytes, signature.rsa, crypto::EcdsaForm::fixed);
  const std::size_t w = width(key.key.type());
  const auto r = padded(signature.r, w), s = padded(signature.s, w);
  if (!r || !s) return Error{Code::signature_invalid, "r or s is longer than the curve's order", "signature"};
  Bytes fixed = *r;
  fixed.insert(fixed.end(), s->begin(), s->end());
  return key.key.verify(*chosen, signed_bytes, fixed, crypto::EcdsaForm::fixed);
}

}  // namespace seatls::appraise::tpm
