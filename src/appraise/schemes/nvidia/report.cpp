#include "appraise/schemes/nvidia/report.h"

#include "base/encoding.h"
#include "codec/cursor.h"

namespace seatls::appraise::nvidia {
namespace {

using codec::Cursor;
using codec::Endian;

constexpr std::uint8_t spdm_1_1 = 0x11, get_measurements = 0xe0, measurements_code = 0x60;
constexpr std::uint8_t with_signature = 0x01, all_measurements = 0xff, dmtf = 0x01;
constexpr std::uint8_t decoder_off = 0x55;

void demand(Cursor& c, std::uint8_t value, std::uint8_t wanted, std::string_view field) {
  if (value != wanted)
    c.fail(Code::unknown_value, field, "is " + std::to_string(value) + " and not " + std::to_string(wanted));
}

// GET_MEASUREMENTS { SPDMVersion; RequestResponseCode; Param1: attributes; Param2: operation; Nonce[32];
// SlotIDParam }
void read_request(Cursor& c, Report& report) {
  demand(c, c.u8("request > SPDMVersion"), spdm_1_1, "request > SPDMVersion");
  demand(c, c.u8("request > code"), get_measurements, "request > code");
  demand(c, c.u8("request > Param1"), with_signature, "request > Param1");
  // A device that is asked for one measurement signs that one alone.
  demand(c, c.u8("request > Param2"), all_measurements, "request > Param2");
  report.nonce = bytes(c.take(nonce_size, "request > Nonce"));
  (void)c.u8("request > SlotIDParam");
}

// MeasurementBlock { Index; MeasurementSpecification; MeasurementSize[2];
//   { DMTFSpecMeasurementValueType; DMTFSpecMeasurementValueSize[2]; DMTFSpecMeasurementValue } }
Result<void> read_record(ByteView record, unsigned blocks, Report& report) {
  Cursor c(record, Endian::little);
  for (unsigned i = 0; i < blocks && !c.failed(); ++i) {
    const unsigned index = c.u8("Index");
    demand(c, c.u8("MeasurementSpecification"), dmtf, "MeasurementSpecification");
    Cursor block(c.take(c.u16("MeasurementSize"), "Measurement"), Endian::little);
    SEATLS_CHECK(c.so_far());
    Measurement m;
    m.type = block.u8("DMTFSpecMeasurementValueType");
    m.value = bytes(block.take(block.u16("DMTFSpecMeasurementValueSize"), "DMTFSpecMeasurementValue"));
    if (auto whole = block.done(); !whole) return std::move(whole).error().in(std::to_string(index));
    if (index == 0 || !report.measurements.emplace(index, std::move(m)).second)
      c.fail(Code::unknown_value, "Index", std::to_string(index) + " is no index, or stands there twice");
  }
  return c.done();
}

// OpaqueData of NVIDIA: { DataType[2]; DataSize[2]; Data } to its end.
Result<void> read_opaque(ByteView data, Report& report) {
  Cursor c(data, Endian::little);
  while (!c.failed() && !c.rest().empty()) {
    const std::uint16_t type = c.u16("DataType");
    const ByteView value = c.take(c.u16("DataSize"), "Data");
    if (!report.opaque.emplace(type, bytes(value)).second)
      c.fail(Code::unknown_value, "DataType", std::to_string(type) + " stands there twice");
  }
  return c.done();
}

std::string until_nul(const Bytes& field) {
  const std::string whole = text(field);
  return whole.substr(0, whole.find('\0'));
}

}  // namespace

Result<Report> parse_report(ByteView raw) {
  Report report;
  Cursor c(raw, Endian::little);
  read_request(c, report);
  // MEASUREMENTS { SPDMVersion; RequestResponseCode; Param1; Param2; NumberOfBlocks;
  // MeasurementRecordLength[3];
  //   MeasurementRecord; Nonce[32]; OpaqueLength[2]; OpaqueData; Signature }
  demand(c, c.u8("SPDMVersion"), spdm_1_1, "SPDMVersion");
  demand(c, c.u8("code"), measurements_code, "code");
  (void)c.take(2, "Param1, Param2");
  const unsigned blocks = c.u8("NumberOfBlocks");
  const std::size_t low = c.u16("MeasurementRecordLength");
  const std::size_t length = low | static_cast<std::size_t>(c.u8("MeasurementRecordLength")) << 16U;
  const ByteView record = c.take(length, "MeasurementRecord");
  (void)c.take(nonce_size, "Nonce");
  const ByteView opaque = c.take(c.u16("OpaqueLength"), "OpaqueData");
  SEATLS_CHECK(c.so_far());
  report.signed_part = bytes(raw.first(raw.size() - c.rest().size()));
  report.signature = bytes(c.take(signature_size, "Signature"));
  SEATLS_CHECK(c.done());
  if (auto read = read_record(record, blocks, report); !read)
    return std::move(read).error().in("MeasurementRecord");
  if (auto read = read_opaque(opaque, report); !read) return std::move(read).error().in("OpaqueData");
  return report;
}

const Bytes* Report::field(Field type) const {
  const auto found = opaque.find(static_cast<std::uint16_t>(type));
  return found == opaque.end() ? nullptr : &found->second;
}

std::string Report::driver_version() const {
  const auto* version = field(Field::driver_version);
  return version == nullptr ? "" : until_nul(*version);
}

// A GPU writes 8 bytes, little endian, of which five count; a switch writes text.
std::string Report::vbios_version() const {
  const auto* version = field(Field::vbios_version);
  if (version == nullptr) return "";
  if (version->size() != 8) return until_nul(*version);
  std::string out;
  for (const std::size_t i : {3U, 2U, 1U, 0U, 4U})
    out += (out.empty() ? "" : ".") + base::to_hex({&(*version)[i], 1});
  for (char& c : out)
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

bool Report::nvdec0_disabled() const {
  const auto* status = field(Field::nvdec0_status);
  return status != nullptr && *status == Bytes{decoder_off};
}

}  // namespace seatls::appraise::nvidia
