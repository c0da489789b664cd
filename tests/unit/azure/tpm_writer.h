// TPM 2.0 structures, written by a TPM that does not exist.
#pragma once

#include <map>

#include "crypto/hash.h"
#include "crypto/signature.h"
#include "seatls/bytes.h"

namespace seatls::testing::azure {

// Big writes what TPMs write: big endian.
class Big {
 public:
  Big& number(std::size_t width, std::uint64_t value) {
    for (std::size_t i = width; i-- > 0;) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }
  Big& raw(ByteView value) {
    out_.insert(out_.end(), value.begin(), value.end());
    return *this;
  }
  Big& sized(ByteView value) { return number(2, value.size()).raw(value); }
  [[nodiscard]] Bytes take() const { return out_; }

 private:
  Bytes out_;
};

// What every attestation structure starts with.
inline Big attest(std::uint16_t type, ByteView signer, ByteView extra_data, std::uint32_t reset_count) {
  return Big()
      .number(4, 0xFF544347)
      .number(2, type)
      .sized(signer)
      .sized(extra_data)
      .number(8, 123456)
      .number(4, reset_count)
      .number(4, 1)
      .number(1, 1)
      .number(8, 0x2020031200120003);
}

// TPML_PCR_SELECTION of SHA-256, and the digest of the values.
inline Big quoted(Big out, const std::map<unsigned, Bytes>& pcrs) {
  Bytes bitmap(3, 0), values;
  for (const auto& [index, value] : pcrs) {
    bitmap[index / 8] |= static_cast<std::uint8_t>(1U << (index % 8));
    values.insert(values.end(), value.begin(), value.end());
  }
  return out.number(4, 1)
      .number(2, 0x000B)
      .number(1, bitmap.size())
      .raw(bitmap)
      .sized(crypto::digest(Hash::sha256, values));
}

inline constexpr std::uint32_t tik_attributes = 1U << 1 | 1U << 4 | 1U << 5 | 1U << 18;

// TPMT_PUBLIC of a P-256 key that signs with SHA-256.
inline Bytes public_area(const crypto::PublicKey& key, std::uint32_t attributes) {
  const auto point = key.point().value();
  return Big()
      .number(2, 0x0023)
      .number(2, 0x000B)
      .number(4, attributes)
      .sized({})
      .number(2, 0x0010)
      .number(2, 0x0018)
      .number(2, 0x000B)
      .number(2, 0x0003)
      .number(2, 0x0010)
      .sized(point.x)
      .sized(point.y)
      .take();
}

inline Bytes name_of(ByteView area) {
  return Big().number(2, 0x000B).raw(crypto::digest(Hash::sha256, area)).take();
}

// RSASSA with SHA-256, bare and as a TPMT_SIGNATURE.
inline Bytes rsassa(const crypto::PrivateKey& key, ByteView message) {
  return key.sign(crypto::SignatureAlgorithm::rsa_pkcs1_sha256, message, crypto::EcdsaForm::fixed).value();
}
inline Bytes signature(const crypto::PrivateKey& key, ByteView message) {
  return Big().number(2, 0x0014).number(2, 0x000B).sized(rsassa(key, message)).take();
}

}  // namespace seatls::testing::azure
