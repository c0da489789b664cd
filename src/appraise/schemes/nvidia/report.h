// The attestation report of an NVIDIA GPU or switch: what it was asked and what it answered, one after the
// other, as SPDM 1.1 (DMTF DSP0274, 10.11) writes GET_MEASUREMENTS and MEASUREMENTS.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::appraise::nvidia {

inline constexpr std::size_t nonce_size = 32;
inline constexpr std::size_t signature_size = 96;  // ECDSA with P-384: r, s

struct Measurement {
  std::uint8_t type = 0;  // DMTFSpecMeasurementValueType
  Bytes value;
};

// Numbers of the fields of OpaqueData that seatls reads.
enum class Field : std::uint16_t {
  driver_version = 3,
  vbios_version = 6,
  nvdec0_status = 11,
  project = 17,
  project_sku = 18,
  fwid = 20,
  protected_pcie = 21,
  device_id = 22,  // of a switch, its own; of a GPU, those of the switches around it
  chip = 35,
  feature_flag = 36,
};

struct Report {
  Bytes nonce;        // of the request: what the asker chose
  Bytes signed_part;  // the request, and the response up to its signature
  Bytes signature;
  std::map<unsigned, Measurement> measurements;  // by index, 1 to 255
  std::map<std::uint16_t, Bytes> opaque;         // by type, each once

  [[nodiscard]] const Bytes* field(Field type) const;
  [[nodiscard]] std::string driver_version() const;  // empty: not stated (switches)
  [[nodiscard]] std::string vbios_version() const;   // "96.00.74.00.20"
  // nvdec0_disabled tells whether the decoder is off, which leaves one measurement without a meaning.
  [[nodiscard]] bool nvdec0_disabled() const;
};

// parse_report reads a whole report. Errors: category decode, unknown_value.
[[nodiscard]] Result<Report> parse_report(ByteView bytes);

}  // namespace seatls::appraise::nvidia
