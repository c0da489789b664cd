// The table that brings the certificates of a SEV-SNP report along: struct cert_table of the GHCB
// specification (AMD 56421).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::tee {

using Guid = std::array<std::uint8_t, 16>;
// As they stand there: in the order of their text.
inline constexpr Guid ark_guid = {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52,
                                  0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae};
inline constexpr Guid ask_guid = {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4,
                                  0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82};
inline constexpr Guid vcek_guid = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                                   0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
inline constexpr Guid vlek_guid = {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e,
                                   0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1};

// TableEntry looks at a content that it does not own.
struct TableEntry {
  Guid guid{};
  ByteView content;
};

// read_certificate_table reads a table, padded with zeros at will: contents lie behind the entries and apart
// from each other, no GUID stands there twice. Errors: decode, limit_exceeded.
[[nodiscard]] Result<std::vector<TableEntry>> read_certificate_table(ByteView data);
[[nodiscard]] Bytes write_certificate_table(const std::vector<TableEntry>& entries);

}  // namespace seatls::tee
