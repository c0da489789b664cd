#include "attest/tpm2/public_area.h"

#include <algorithm>

#include "attest/tpm2/tss.h"
#include "crypto/hash.h"

namespace seatls::attest::tpm2 {
namespace {

Result<Hash> hash_of(TPMI_ALG_HASH alg) {
  switch (alg) {
    case TPM2_ALG_SHA1: return Hash::sha1;
    case TPM2_ALG_SHA256: return Hash::sha256;
    case TPM2_ALG_SHA384: return Hash::sha384;
    case TPM2_ALG_SHA512: return Hash::sha512;
    default: return Error{Code::unknown_value, "hash algorithm " + std::to_string(alg), "nameAlg"};
  }
}

// The TPM may drop leading zero bytes of a coordinate.
Result<Bytes> padded(ByteView number, std::size_t width) {
  if (number.size() > width) return Error{Code::length_out_of_range, "coordinate beyond its curve", "unique"};
  Bytes out(width - number.size(), 0);
  out.insert(out.end(), number.begin(), number.end());
  return out;
}

Result<crypto::PublicKey> ecc_key(const TPMT_PUBLIC& area) {
  std::size_t width = 0;
  crypto::KeyType type{};
  switch (area.parameters.eccDetail.curveID) {
    case TPM2_ECC_NIST_P256: width = 32, type = crypto::KeyType::p256; break;
    case TPM2_ECC_NIST_P384: width = 48, type = crypto::KeyType::p384; break;
    case TPM2_ECC_NIST_P521: width = 66, type = crypto::KeyType::p521; break;
    default:
      return Error{Code::unknown_value, "curve " + std::to_string(area.parameters.eccDetail.curveID),
                   "curveID"};
  }
  SEATLS_TRY(Bytes x, padded(content(area.unique.ecc.x), width));
  SEATLS_TRY(Bytes y, padded(content(area.unique.ecc.y), width));
  return crypto::PublicKey::from_ec_point(type, {std::move(x), std::move(y)});
}

Result<crypto::PublicKey> key_of(const TPMT_PUBLIC& area) {
  switch (area.type) {
    case TPM2_ALG_ECC: return ecc_key(area);
    case TPM2_ALG_RSA: {
      // The TPM encodes the default exponent as zero.
      const std::uint32_t exponent = area.parameters.rsaDetail.exponent;
      return crypto::PublicKey::from_rsa(content(area.unique.rsa), exponent == 0 ? 65537 : exponent);
    }
    default: return Error{Code::unknown_value, "key type " + std::to_string(area.type), "type"};
  }
}

Result<std::optional<Hash>> signing_hash_of(const TPMT_PUBLIC& area) {
  TPMI_ALG_HASH alg = TPM2_ALG_NULL;
  if (area.type == TPM2_ALG_ECC && area.parameters.eccDetail.scheme.scheme == TPM2_ALG_ECDSA) {
    alg = area.parameters.eccDetail.scheme.details.ecdsa.hashAlg;
  } else if (area.type == TPM2_ALG_RSA && area.parameters.rsaDetail.scheme.scheme != TPM2_ALG_NULL) {
    alg = area.parameters.rsaDetail.scheme.details.anySig.hashAlg;
  }
  if (alg == TPM2_ALG_NULL) return std::optional<Hash>{};
  SEATLS_TRY(const Hash hash, hash_of(alg));
  return std::optional<Hash>{hash};
}

struct Bit {
  std::uint32_t bit;
  const char* name;
};
constexpr Bit bits[] = {
    {attribute::fixed_tpm, "fixedTPM"},
    {1U << 2, "stClear"},
    {attribute::fixed_parent, "fixedParent"},
    {attribute::sensitive_data_origin, "sensitiveDataOrigin"},
    {attribute::user_with_auth, "userWithAuth"},
    {attribute::admin_with_policy, "adminWithPolicy"},
    {attribute::no_da, "noDA"},
    {1U << 11, "encryptedDuplication"},
    {attribute::restricted, "restricted"},
    {attribute::decrypt, "decrypt"},
    {attribute::sign, "sign"},
};

Result<void> demand(const PublicArea& key, std::uint32_t set, std::uint32_t clear, const char* what) {
  const std::uint32_t missing = set & ~key.attributes;
  const std::uint32_t excess = clear & key.attributes;
  if (missing == 0 && excess == 0) return {};
  std::string detail = std::string("the key cannot be ") + what + ":";
  for (const auto& n : attribute_names(missing)) detail += " " + n + " is not set;";
  for (const auto& n : attribute_names(excess)) detail += " " + n + " is set;";
  detail += " make one with `seatls key create`";
  return Error{Code::configuration, std::move(detail), "objectAttributes"};
}

constexpr std::uint32_t never_leaves =
    attribute::fixed_tpm | attribute::fixed_parent | attribute::sensitive_data_origin;

}  // namespace

Result<PublicArea> parse_public_area(ByteView tpmt_public) {
  SEATLS_TRY(const TPMT_PUBLIC area,
             unmarshal<TPMT_PUBLIC>(tpmt_public, "TPMT_PUBLIC", Tss2_MU_TPMT_PUBLIC_Unmarshal));
  SEATLS_TRY(const Hash name_hash, hash_of(area.nameAlg));
  SEATLS_TRY(const std::optional<Hash> signing_hash, signing_hash_of(area));
  SEATLS_TRY(crypto::PublicKey key, key_of(area));
  Bytes name = {static_cast<std::uint8_t>(area.nameAlg >> 8), static_cast<std::uint8_t>(area.nameAlg)};
  const Bytes digest = crypto::digest(name_hash, tpmt_public);
  name.insert(name.end(), digest.begin(), digest.end());
  return PublicArea{bytes(tpmt_public),    std::move(name), name_hash,
                    area.objectAttributes, std::move(key),  signing_hash};
}

std::vector<std::string> attribute_names(std::uint32_t attributes) {
  std::vector<std::string> out;
  for (const auto& [bit, name] : bits) {
    if ((attributes & bit) != 0) out.emplace_back(name);
  }
  return out;
}

Result<void> check_tik(const PublicArea& key) {
  SEATLS_CHECK(demand(key, never_leaves | attribute::sign, attribute::restricted | attribute::decrypt,
                      "a TLS key (TIK)"));
  if (key.key.type() != crypto::KeyType::p256 && key.key.type() != crypto::KeyType::p384) {
    return Error{Code::configuration,
                 std::string("a TLS key of a TPM is on P-256 or P-384; this one is ") +
                     std::string(crypto::name(key.key.type())),
                 "type"};
  }
  return {};
}

Result<void> check_attestation_key(const PublicArea& key) {
  SEATLS_CHECK(demand(key, never_leaves | attribute::sign | attribute::restricted, attribute::decrypt,
                      "an attestation key"));
  if (!key.signing_hash) {
    return Error{Code::configuration, "an attestation key has a fixed signing scheme", "scheme"};
  }
  return {};
}

Result<void> check_endorsement_key(const PublicArea& key) {
  return demand(key, never_leaves | attribute::restricted | attribute::decrypt, attribute::sign,
                "an endorsement key");
}

}  // namespace seatls::attest::tpm2
