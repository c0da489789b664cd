#include "attest/tpm2/templates.h"

#include <algorithm>
#include <array>

#include "attest/tpm2/public_area.h"

namespace seatls::attest::tpm2 {
namespace {

constexpr std::uint32_t own_key =
    attribute::fixed_tpm | attribute::fixed_parent | attribute::sensitive_data_origin;

TPMT_SYM_DEF_OBJECT aes_cfb(UINT16 bits) {
  TPMT_SYM_DEF_OBJECT out{};
  out.algorithm = TPM2_ALG_AES;
  out.keyBits.aes = bits;
  out.mode.aes = TPM2_ALG_CFB;
  return out;
}

TPM2B_PUBLIC ecc(std::uint32_t attributes, TPM2_ECC_CURVE curve, TPMI_ALG_HASH name_hash) {
  TPM2B_PUBLIC out{};
  out.publicArea.type = TPM2_ALG_ECC;
  out.publicArea.nameAlg = name_hash;
  out.publicArea.objectAttributes = attributes;
  auto& detail = out.publicArea.parameters.eccDetail;
  detail.curveID = curve;
  detail.symmetric.algorithm = TPM2_ALG_NULL;
  detail.scheme.scheme = TPM2_ALG_NULL;
  detail.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

TPM2B_PUBLIC rsa_2048(std::uint32_t attributes) {
  TPM2B_PUBLIC out{};
  out.publicArea.type = TPM2_ALG_RSA;
  out.publicArea.nameAlg = TPM2_ALG_SHA256;
  out.publicArea.objectAttributes = attributes;
  auto& detail = out.publicArea.parameters.rsaDetail;
  detail.keyBits = 2048;
  detail.symmetric.algorithm = TPM2_ALG_NULL;
  detail.scheme.scheme = TPM2_ALG_NULL;
  return out;
}

// An endorsement key decrypts what only this TPM shall read. In the low-range templates its use
// takes a policy: PolicySecret(TPM_RH_ENDORSEMENT).
constexpr std::uint32_t ek_low_range =
    own_key | attribute::admin_with_policy | attribute::restricted | attribute::decrypt;
constexpr std::uint32_t ek_high_range = ek_low_range | attribute::user_with_auth;

constexpr std::array<std::uint8_t, 32> policy_a_sha256 = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC, 0x8D, 0x46, 0xA5, 0xD7, 0x24,
    0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52, 0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA};
constexpr std::array<std::uint8_t, 48> policy_b_sha384 = {
    0xB2, 0x6E, 0x7D, 0x28, 0xD1, 0x1A, 0x50, 0xBC, 0x53, 0xD8, 0x82, 0xBC, 0xF5, 0xFD, 0x3A, 0x1A,
    0x07, 0x41, 0x48, 0xBB, 0x35, 0xD3, 0xB4, 0xE4, 0xCB, 0x1C, 0x0A, 0xD9, 0xBD, 0xE4, 0x19, 0xCA,
    0xCB, 0x47, 0xBA, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0F, 0x9F, 0xC0, 0x00, 0xF3, 0xF8, 0x0E, 0x12};

template <std::size_t N>
void set_policy(TPM2B_PUBLIC& key, const std::array<std::uint8_t, N>& policy) {
  key.publicArea.authPolicy.size = N;
  std::ranges::copy(policy, key.publicArea.authPolicy.buffer);
}

TPM2B_PUBLIC ek_l1() {
  TPM2B_PUBLIC out = rsa_2048(ek_low_range);
  set_policy(out, policy_a_sha256);
  out.publicArea.parameters.rsaDetail.symmetric = aes_cfb(128);
  out.publicArea.unique.rsa.size = 256;  // zeros: part of what the key is derived from
  return out;
}

TPM2B_PUBLIC ek_l2() {
  TPM2B_PUBLIC out = ecc(ek_low_range, TPM2_ECC_NIST_P256, TPM2_ALG_SHA256);
  set_policy(out, policy_a_sha256);
  out.publicArea.parameters.eccDetail.symmetric = aes_cfb(128);
  out.publicArea.unique.ecc.x.size = 32;
  out.publicArea.unique.ecc.y.size = 32;
  return out;
}

TPM2B_PUBLIC ek_h3() {
  TPM2B_PUBLIC out = ecc(ek_high_range, TPM2_ECC_NIST_P384, TPM2_ALG_SHA384);
  set_policy(out, policy_b_sha384);
  out.publicArea.parameters.eccDetail.symmetric = aes_cfb(256);
  return out;
}

Error no_such_key(crypto::KeyType type, const char* use, const char* possible) {
  return {Code::configuration,
          std::string(crypto::name(type)) + " is not possible for " + use + " in a TPM: " + possible, "type"};
}

}  // namespace

TPM2B_PUBLIC storage_key_template() {
  TPM2B_PUBLIC out =
      ecc(own_key | attribute::user_with_auth | attribute::no_da | attribute::restricted | attribute::decrypt,
          TPM2_ECC_NIST_P256, TPM2_ALG_SHA256);
  out.publicArea.parameters.eccDetail.symmetric = aes_cfb(128);
  return out;
}

Result<TPM2B_PUBLIC> tik_template(crypto::KeyType type) {
  // Without a fixed scheme: TLS names the hash in every signature.
  constexpr std::uint32_t attributes =
      own_key | attribute::user_with_auth | attribute::no_da | attribute::sign;
  switch (type) {
    case crypto::KeyType::p256: return ecc(attributes, TPM2_ECC_NIST_P256, TPM2_ALG_SHA256);
    case crypto::KeyType::p384: return ecc(attributes, TPM2_ECC_NIST_P384, TPM2_ALG_SHA384);
    default: return no_such_key(type, "a TLS key (TIK)", "p256, p384");
  }
}

Result<TPM2B_PUBLIC> attestation_key_template(crypto::KeyType type) {
  constexpr std::uint32_t attributes =
      own_key | attribute::user_with_auth | attribute::no_da | attribute::restricted | attribute::sign;
  switch (type) {
    case crypto::KeyType::p256: {
      TPM2B_PUBLIC out = ecc(attributes, TPM2_ECC_NIST_P256, TPM2_ALG_SHA256);
      out.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
      out.publicArea.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
      return out;
    }
    case crypto::KeyType::rsa: {
      TPM2B_PUBLIC out = rsa_2048(attributes);
      out.publicArea.parameters.rsaDetail.scheme.scheme = TPM2_ALG_RSASSA;
      out.publicArea.parameters.rsaDetail.scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
      return out;
    }
    default: return no_such_key(type, "an attestation key", "p256, rsa");
  }
}

const std::array<EkProfile, 3>& ek_profiles() {
  static const std::array<EkProfile, 3> profiles = {{
      {EkKind::rsa2048, "RSA 2048 (L-1)", 0x01C00002, 0x81010001, ek_l1},
      {EkKind::p256, "P-256 (L-2)", 0x01C0000A, 0x81010002, ek_l2},
      {EkKind::p384, "P-384 (H-3)", 0x01C00016, 0x81010016, ek_h3},
  }};
  return profiles;
}

}  // namespace seatls::attest::tpm2
