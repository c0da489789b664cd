// A measured component of the EAT claim `measurements`, content format 295:
// draft-ietf-rats-eat-measured-component-12.
#pragma once

#include <optional>
#include <string>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::rats {

inline constexpr std::uint16_t measured_component_cbor = 295;

// MeasuredComponent in its digested form; raw measurements are refused.
struct MeasuredComponent {
  std::string name;
  std::optional<std::string> version;
  Hash hash = Hash::sha256;
  Bytes digest;  // size(hash) bytes
  bool operator==(const MeasuredComponent&) const = default;
};

// Errors: decode.
[[nodiscard]] Result<MeasuredComponent> read_measured_component(ByteView cbor);
[[nodiscard]] Result<Bytes> write_measured_component(const MeasuredComponent& component);

}  // namespace seatls::rats
