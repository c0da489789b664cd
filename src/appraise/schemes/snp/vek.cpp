#include "appraise/schemes/snp/vek.h"

#include <algorithm>

#include "base/encoding.h"
#include "codec/cursor.h"
#include "codec/der.h"

namespace seatls::appraise::snp {
namespace {

namespace der = codec::der;

constexpr std::string_view arc = "1.3.6.1.4.1.3704.1.";
constexpr std::string_view vcek_name = "SEV-VCEK", vlek_name = "SEV-VLEK";
constexpr std::size_t hwid_size = 64, turin_hwid_size = 8;

Error bad(std::string_view name, std::string detail) {
  return {Code::malformed, std::move(detail), std::string(name)};
}

Result<Bytes> extension(const crypto::Certificate& c, std::string_view number, std::string_view name) {
  SEATLS_TRY(auto value, c.extension(std::string(arc) + std::string(number)));
  if (!value) return bad(name, "the extension " + std::string(arc) + std::string(number) + " is missing");
  return std::move(*value);
}

// spl reads a component of the TCB: INTEGER (0..255).
Result<std::uint8_t> spl(const crypto::Certificate& c, std::string_view number, std::string_view name) {
  SEATLS_TRY(const Bytes value, extension(c, number, name));
  const auto digits = der::only(value, der::tag::integer);
  const auto level = digits ? der::to_unsigned(*digits) : Result<std::uint64_t>(digits.error());
  if (!level || *level > 0xFF) return bad(name, base::to_hex(value) + " is no INTEGER from 0 to 255");
  return static_cast<std::uint8_t>(*level);
}

Result<std::string> ia5(const crypto::Certificate& c, std::string_view number, std::string_view name) {
  SEATLS_TRY(const Bytes value, extension(c, number, name));
  const auto letters = der::only(value, der::tag::ia5_string);
  if (!letters) return bad(name, base::to_hex(value) + " is no IA5String");
  return text(*letters);
}

// "Milan-B0" is Milan: a stepping may follow.
Result<SnpProduct> product(const crypto::Certificate& c) {
  SEATLS_TRY(const auto written, ia5(c, "2", "productName"));
  const auto line = std::string_view(written).substr(0, written.find('-'));
  for (const auto known : {SnpProduct::milan, SnpProduct::genoa, SnpProduct::turin})
    if (line == seatls::name(known)) return known;
  return bad("productName", "\"" + written + "\" is not of a known product (Milan, Genoa, Turin)");
}

// The bytes stand there bare, or in an OCTET STRING.
Result<Bytes> hwid(const crypto::Certificate& c, SnpProduct product) {
  const std::size_t size = product == SnpProduct::turin ? turin_hwid_size : hwid_size;
  SEATLS_TRY(auto value, extension(c, "4", "hwID"));
  if (value.size() == size) return value;
  const auto wrapped = der::only(value, der::tag::octet_string);
  if (!wrapped || wrapped->size() != size)
    return bad("hwID", "has " + std::to_string(value.size()) + " bytes; " +
                           std::string(seatls::name(product)) + " has " + std::to_string(size));
  return bytes(*wrapped);
}

Result<SnpTcb> tcb(const crypto::Certificate& c, SnpProduct product) {
  SnpTcb out;
  SEATLS_TRY(out.bootloader, spl(c, "3.1", "blSPL"));
  SEATLS_TRY(out.tee, spl(c, "3.2", "teeSPL"));
  SEATLS_TRY(out.snp, spl(c, "3.3", "snpSPL"));
  SEATLS_TRY(out.microcode, spl(c, "3.8", "ucodeSPL"));
  if (product == SnpProduct::turin) {
    SEATLS_TRY(out.fmc, spl(c, "3.9", "fmcSPL"));
  }
  return out;
}

// ---- The table ---------------------------------------------------------------------------------

using Guid = std::array<std::uint8_t, 16>;
// As they stand there: in the order of their text.
constexpr Guid ark_guid = {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52,
                           0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae};
constexpr Guid ask_guid = {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4,
                           0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82};
constexpr Guid vcek_guid = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                            0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
constexpr Guid vlek_guid = {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e,
                            0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1};

constexpr std::size_t entry_size = 24, most_entries = 16;

struct Entry {
  Guid guid{};
  std::size_t offset = 0, length = 0;
};

// struct cert_table { struct { u8 guid[16]; u32 offset; u32 length; } entry[]; }, ended by one of zeros
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

// A certificate stands there as DER or as PEM.
Result<crypto::Certificate> read_certificate(ByteView data) {
  constexpr std::string_view pem = "-----BEGIN";
  if (data.size() < pem.size() || text(data.first(pem.size())) != pem)
    return crypto::Certificate::from_der(data);
  SEATLS_TRY(auto list, crypto::parse_pem_certificates(text(data)));
  if (list.size() != 1) return Error{Code::malformed, "must be one certificate", ""};
  return std::move(list.front());
}

}  // namespace

bool is_vek(const crypto::Certificate& certificate) {
  const auto name = certificate.subject_common_name();
  return name == vcek_name || name == vlek_name;
}

Result<Vek> read_vek(const crypto::Certificate& certificate) {
  SEATLS_TRY(auto key, certificate.public_key());
  Vek out{.certificate = certificate, .key = std::move(key), .tcb = {}, .hwid = {}, .csp_id = {}};
  const auto name = certificate.subject_common_name();
  if (name != vcek_name && name != vlek_name)
    return bad("subject", "is \"" + name + "\", and neither SEV-VCEK nor SEV-VLEK");
  out.kind = name == vcek_name ? SigningKey::vcek : SigningKey::vlek;
  if (out.key.type() != crypto::KeyType::p384)
    return bad("subjectPublicKeyInfo", "is " + std::string(crypto::name(out.key.type())) + " and not P-384");
  SEATLS_TRY(out.product, product(certificate));
  SEATLS_TRY(out.tcb, tcb(certificate, out.product));
  if (out.kind == SigningKey::vcek) {
    SEATLS_TRY(out.hwid, hwid(certificate, out.product));
  } else {
    SEATLS_TRY(out.csp_id, ia5(certificate, "5", "csp_id"));
  }
  return out;
}

Result<Certificates> parse_certificate_table(ByteView data) {
  SEATLS_TRY(const auto entries, read_entries(data));
  SEATLS_CHECK(check_places(data, entries));
  Certificates out;
  for (const auto& e : entries) {
    const bool vek = e.guid == vcek_guid || e.guid == vlek_guid;
    const bool issuer = e.guid == ask_guid || e.guid == ark_guid;
    if (!vek && !issuer) continue;
    auto certificate = read_certificate(data.subspan(e.offset, e.length));
    if (!certificate) {
      const auto place = e.guid == vcek_guid   ? "VCEK"
                         : e.guid == vlek_guid ? "VLEK"
                         : e.guid == ask_guid  ? "ASK"
                                               : "ARK";
      return std::move(certificate).error().in(place);
    }
    (vek ? out.veks : out.issuers).push_back(std::move(*certificate));
  }
  return out;
}

}  // namespace seatls::appraise::snp
