#include "tee/certificate_table.h"

#include <algorithm>
#include <string>

#include "codec/cursor.h"

namespace seatls::tee {
namespace {

constexpr std::size_t entry_size = 24, most_entries = 16;

struct Entry {
  Guid guid{};
  std::size_t offset = 0, length = 0;
};

Result<std::vector<Entry>> read_entries(ByteView data) {
  codec::Cursor in(data, codec::Endian::little);
  std::vector<Entry> list;
  while (true) {
    const std::string place = "entry[" + std::to_string(list.size()) + "]";
    Entry e;
    e.guid = in.array<16>(place);
    e.offset = in.u32(place);
    e.length = in.u32(place);
    SEATLS_CHECK(in.so_far());
    if (e.guid == Guid{} && e.offset == 0 && e.length == 0) return list;
    if (list.size() == most_entries)
      return Error{Code::limit_exceeded, "at most " + std::to_string(most_entries) + " are read", place};
    if (std::ranges::find(list, e.guid, &Entry::guid) != list.end())
      return Error{Code::malformed, "its GUID stands there twice", place};
    list.push_back(e);
  }
}

// check_places demands that contents lie behind the entries, apart from each other, and that nothing but
// zeros lies between them.
Result<void> check_places(ByteView data, std::vector<Entry> entries) {
  std::ranges::sort(entries, {}, &Entry::offset);
  std::size_t at = (entries.size() + 1) * entry_size;
  const auto only_zeros = [&](std::size_t from, std::size_t to) {
    return std::ranges::all_of(data.subspan(from, to - from), [](std::uint8_t b) { return b == 0; });
  };
  for (const auto& e : entries) {
    if (e.offset < at || e.offset > data.size() || e.length > data.size() - e.offset)
      return Error{Code::length_out_of_range,
                   std::to_string(e.length) + " bytes at " + std::to_string(e.offset) + "; free are " +
                       std::to_string(at) + " to " + std::to_string(data.size()),
                   "entry"};
    if (!only_zeros(at, e.offset))
      return Error{Code::trailing_data, "bytes lie between two entries", "entry"};
    at = e.offset + e.length;
  }
  if (!only_zeros(at, data.size()))
    return Error{Code::trailing_data, "bytes lie behind the last entry", "entry"};
  return {};
}

}  // namespace

// struct cert_table { struct { u8 guid[16]; u32 offset; u32 length; } entry[]; }, ended by one of zeros
Result<std::vector<TableEntry>> read_certificate_table(ByteView data) {
  SEATLS_TRY(const auto entries, read_entries(data));
  SEATLS_CHECK(check_places(data, entries));
  std::vector<TableEntry> out;
  for (const auto& e : entries) out.push_back({e.guid, data.subspan(e.offset, e.length)});
  return out;
}

Bytes write_certificate_table(const std::vector<TableEntry>& entries) {
  Bytes out;
  const auto u32 = [&out](std::size_t value) {
    for (unsigned i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  std::size_t offset = (entries.size() + 1) * entry_size;
  for (const auto& e : entries) {
    out.insert(out.end(), e.guid.begin(), e.guid.end());
    u32(offset);
    u32(e.content.size());
    offset += e.content.size();
  }
  out.resize(out.size() + entry_size, 0);
  for (const auto& e : entries) out.insert(out.end(), e.content.begin(), e.content.end());
  return out;
}

}  // namespace seatls::tee
