// How configuration names a key of a TPM: a key file ("TSS2 PRIVATE KEY"), or a persistent handle.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::attest::tpm2 {

inline constexpr std::uint32_t owner_hierarchy = 0x40000001, endorsement_hierarchy = 0x4000000B;

// KeyFile is a key that only its TPM can load: draft-bottomley-tpm2-keys, also read by tpm2-openssl
// and tpm2-tools.
//
//   TPMKey ::= SEQUENCE {
//     type        OBJECT IDENTIFIER,                  -- 2.23.133.10.1.3, loadable key
//     emptyAuth   [0] EXPLICIT BOOLEAN OPTIONAL,
//     policy      [1] EXPLICIT SEQUENCE OF TPMPolicy OPTIONAL,
//     secret      [2] EXPLICIT OCTET STRING OPTIONAL,
//     parent      INTEGER,
//     pubkey      OCTET STRING,
//     privkey     OCTET STRING }
//
// Keys with a policy or an import secret are refused. A key with a password loads, and its use fails:
// seatls signs unattended.
struct KeyFile {
  std::uint32_t parent = owner_hierarchy;  // a hierarchy, or a persistent handle 0x81……
  Bytes public_area;                       // TPM2B_PUBLIC
  Bytes private_area;                      // TPM2B_PRIVATE
  bool operator==(const KeyFile&) const = default;
};

[[nodiscard]] Result<KeyFile> parse_key_file(std::string_view pem);
[[nodiscard]] std::string write_key_file(const KeyFile& file);

struct PersistentHandle {
  std::uint32_t value;  // 0x81000000 to 0x81FFFFFF
  bool operator==(const PersistentHandle&) const = default;
};
using KeyReference = std::variant<KeyFile, PersistentHandle>;

// names_key_of_tpm tells such a text from that of a key that lies in a file.
[[nodiscard]] bool names_key_of_tpm(std::string_view text);
// parse_key_reference reads "tpm:0x81000001" or the text of a key file.
[[nodiscard]] Result<KeyReference> parse_key_reference(std::string_view text);

}  // namespace seatls::attest::tpm2
