// The TPM 2.0 structures that key and platform attestation are made of, read strictly: TPM 2.0 Library
// Specification, Part 2. Everything is big endian. Nothing is written here, and no TPM software stack
// is needed to judge evidence.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crypto/signature.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "tee/event_log.h"

namespace seatls::appraise::tpm {

using tee::hash_of;

// TPML_PCR_SELECTION: TPMS_PCR_SELECTION { TPMI_ALG_HASH hash; UINT8 sizeofSelect; BYTE pcrSelect[]; }
struct PcrSelection {
  Hash bank = Hash::sha256;
  std::vector<unsigned> pcrs;  // ascending
  bool operator==(const PcrSelection&) const = default;
};

// TPMS_QUOTE_INFO { TPML_PCR_SELECTION pcrSelect; TPM2B_DIGEST pcrDigest; }
struct QuoteInfo {
  std::vector<PcrSelection> selection;  // each bank at most once
  Bytes pcr_digest;
};

// TPMS_CERTIFY_INFO { TPM2B_NAME name; TPM2B_NAME qualifiedName; }
struct CertifyInfo {
  Bytes name;
  Bytes qualified_name;
};

// TPMS_ATTEST { TPM_GENERATED magic; TPMI_ST_ATTEST type; TPM2B_NAME qualifiedSigner; TPM2B_DATA extraData;
//   TPMS_CLOCK_INFO { UINT64 clock; UINT32 resetCount; UINT32 restartCount; TPMI_YES_NO safe; } clockInfo;
//   UINT64 firmwareVersion; TPMU_ATTEST attested; }
struct Attest {
  Bytes raw;  // the bytes that are signed
  Bytes qualified_signer;
  Bytes extra_data;
  std::uint64_t clock = 0;
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool safe = false;
  std::uint64_t firmware_version = 0;
  std::variant<QuoteInfo, CertifyInfo> attested;

  [[nodiscard]] const QuoteInfo* quote() const { return std::get_if<QuoteInfo>(&attested); }
  [[nodiscard]] const CertifyInfo* certify() const { return std::get_if<CertifyInfo>(&attested); }
};

// parse_attest reads a TPMS_ATTEST of type quote or certify, and nothing after it. A structure without
// TPM_GENERATED was not made by a TPM: unknown_value.
[[nodiscard]] Result<Attest> parse_attest(ByteView bytes);

// TPMA_OBJECT, Part 2, section 8.3.
struct ObjectAttributes {
  std::uint32_t bits = 0;
  [[nodiscard]] bool has(std::uint32_t mask) const { return (bits & mask) == mask; }

  static constexpr std::uint32_t fixed_tpm = 1U << 1, fixed_parent = 1U << 4, sensitive_data_origin = 1U << 5,
                                 restricted = 1U << 16, decrypt = 1U << 17, sign = 1U << 18;
  static constexpr std::uint32_t defined = 0x000F0FF6;  // the others are reserved and must be clear
};

enum class SigningScheme : std::uint8_t { rsassa, rsapss, ecdsa };
[[nodiscard]] std::string_view name(SigningScheme scheme);

struct SignatureScheme {
  SigningScheme scheme;
  Hash hash;
  bool operator==(const SignatureScheme&) const = default;
};

// TPMT_PUBLIC { type; nameAlg; objectAttributes; authPolicy; parameters; unique; } of an asymmetric key.
struct Public {
  Bytes raw;
  Hash name_alg = Hash::sha256;
  ObjectAttributes attributes;
  Bytes auth_policy;
  std::optional<SignatureScheme> scheme;  // empty: TPM_ALG_NULL, the caller of the TPM chooses
  crypto::PublicKey key;

  // name is the object's Name: nameAlg ‖ H_nameAlg(TPMT_PUBLIC).
  [[nodiscard]] Bytes name() const;
};

// parse_public reads a TPMT_PUBLIC of an RSA (2048 bits and more) or ECC (P-256, P-384, P-521) key.
[[nodiscard]] Result<Public> parse_public(ByteView bytes);

// TPMT_SIGNATURE { TPMI_ALG_SIG_SCHEME sigAlg; hash; RSA: TPM2B sig; ECDSA: TPM2B r, TPM2B s; }
struct Signature {
  SignatureScheme scheme;
  Bytes rsa;   // RSA only
  Bytes r, s;  // ECDSA only, as they stand
};
[[nodiscard]] Result<Signature> parse_signature(ByteView bytes);

// verify_signature checks `signature` over `signed_bytes` with the key's own scheme: a TPM key that
// fixes one signs with no other. Errors: algorithm_not_allowed, signature_invalid.
[[nodiscard]] Result<void> verify_signature(const Public& key, const Signature& signature,
                                            ByteView signed_bytes);

}  // namespace seatls::appraise::tpm
