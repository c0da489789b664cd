#include "appraise/schemes/snp/report.h"

#include "base/encoding.h"
#include "codec/cursor.h"

namespace seatls::appraise::snp {
namespace {

using codec::Cursor;
using codec::Endian;

constexpr std::uint32_t oldest_version = 2, newest_version = 5;
constexpr std::uint32_t lowest_privilege = 3;
constexpr std::uint64_t policy_one = 1ULL << 17;
constexpr std::uint64_t policy_reserved = ~((1ULL << 26) - 1);
constexpr std::uint64_t platform_reserved = ~0xBFULL;
constexpr std::uint32_t key_info_reserved = ~0x1FU;

std::string hex(std::uint64_t value) {
  const auto digits = "0123456789abcdef";
  std::string out;
  do out.insert(out.begin(), digits[value & 0xf]);
  while ((value >>= 4) != 0);
  return "0x" + out;
}

// POLICY: bit 17 is one, bits 63 to 26 are reserved.
std::uint64_t read_policy(Cursor& in) {
  const auto policy = in.u64("POLICY");
  if (!in.failed() && ((policy & policy_reserved) != 0 || (policy & policy_one) == 0))
    in.fail(Code::unknown_value, "POLICY",
            "is " + hex(policy) + "; bit 17 is one and bits 63 to 26 are zero");
  return policy;
}

// PLATFORM_INFO: bit 6 and bits 63 to 8 are reserved.
std::uint64_t read_platform_info(Cursor& in) {
  const auto info = in.u64("PLATFORM_INFO");
  if ((info & platform_reserved) != 0)
    in.fail(Code::unknown_value, "PLATFORM_INFO", "is " + hex(info) + "; bit 6 and bits 63 to 8 are zero");
  return info;
}

// uint32 { AUTHOR_KEY_EN : 1; MASK_CHIP_KEY : 1; SIGNING_KEY : 3; reserved : 27; }
void read_key_info(Cursor& in, Report& out) {
  const auto info = in.u32("SIGNING_KEY");
  const auto key = (info >> 2) & 7;
  out.author_key_en = (info & 1) != 0;
  out.mask_chip_key = (info & 2) != 0;
  out.signing_key = static_cast<SigningKey>(key);
  if ((info & key_info_reserved) != 0)
    in.fail(Code::unknown_value, "SIGNING_KEY", "is " + hex(info) + "; bits 31 to 5 are zero");
  if (key != 0 && key != 1 && key != 7)
    in.fail(Code::unknown_value, "SIGNING_KEY",
            "is " + std::to_string(key) + "; known are 0 (VCEK), 1 (VLEK), 7 (none)");
}

std::uint32_t read_limited(Cursor& in, std::string_view field, std::uint32_t least, std::uint32_t most) {
  const auto value = in.u32(field);
  if (!in.failed() && (value < least || value > most))
    in.fail(Code::unknown_value, field,
            "is " + std::to_string(value) + "; known are " + std::to_string(least) + " to " +
                std::to_string(most));
  return value;
}

FirmwareVersion read_version(Cursor& in, std::string_view field) {
  FirmwareVersion out;
  out.build = in.u8(field);
  out.minor = in.u8(field);
  out.major = in.u8(field);
  in.reserved(1, field);
  return out;
}

}  // namespace

Result<Report> parse_report(ByteView data) {
  Cursor in(data, Endian::little);
  Report out;
  out.version = read_limited(in, "VERSION", oldest_version, newest_version);  // 0x000
  out.guest_svn = in.u32("GUEST_SVN");
  out.policy = read_policy(in);
  out.family_id = in.array<16>("FAMILY_ID");
  out.image_id = in.array<16>("IMAGE_ID");
  out.vmpl = read_limited(in, "VMPL", 0, lowest_privilege);  // 0x030
  out.signature_algo = in.u32("SIGNATURE_ALGO");
  out.current_tcb = in.array<8>("CURRENT_TCB");
  out.platform_info = read_platform_info(in);  // 0x040
  read_key_info(in, out);
  in.reserved(4, "reserved 0x4c");
  out.report_data = in.array<64>("REPORT_DATA");
  out.measurement = in.array<48>("MEASUREMENT");  // 0x090
  out.host_data = in.array<32>("HOST_DATA");
  out.id_key_digest = in.array<48>("ID_KEY_DIGEST");
  out.author_key_digest = in.array<48>("AUTHOR_KEY_DIGEST");
  out.report_id = in.array<32>("REPORT_ID");  // 0x140
  out.report_id_ma = in.array<32>("REPORT_ID_MA");
  out.reported_tcb = in.array<8>("REPORTED_TCB");  // 0x180
  if (out.version >= 3) {
    const auto cpuid = in.array<3>("CPUID");
    out.cpuid = Cpuid{cpuid[0], cpuid[1], cpuid[2]};
    in.reserved(21, "reserved 0x18b");
  } else {
    in.reserved(24, "reserved 0x188");
  }
  out.chip_id = in.array<64>("CHIP_ID");  // 0x1a0
  out.committed_tcb = in.array<8>("COMMITTED_TCB");
  out.current = read_version(in, "CURRENT_VERSION");  // 0x1e8
  out.committed = read_version(in, "COMMITTED_VERSION");
  out.launch_tcb = in.array<8>("LAUNCH_TCB");  // 0x1f0
  if (out.version >= 5) {
    out.launch_mit_vector = in.u64("LAUNCH_MIT_VECTOR");
    out.current_mit_vector = in.u64("CURRENT_MIT_VECTOR");
    in.reserved(152, "reserved 0x208");
  } else {
    in.reserved(168, "reserved 0x1f8");
  }
  out.r = in.array<72>("SIGNATURE R");  // 0x2a0
  out.s = in.array<72>("SIGNATURE S");
  in.reserved(368, "reserved 0x330");
  if (auto done = in.done(); !done) return std::move(done).error().in("report");
  out.signed_part = bytes(data.first(signed_size));
  return out;
}

std::string_view name(SigningKey key) {
  switch (key) {
    case SigningKey::vcek: return "VCEK";
    case SigningKey::vlek: return "VLEK";
    case SigningKey::none: return "none";
  }
  return "?";
}

// Milan, Genoa: { bootloader, tee, reserved[4], snp, microcode }
// Turin:        { fmc, bootloader, tee, snp, reserved[3], microcode }
Result<SnpTcb> read_tcb(const RawTcb& raw, SnpProduct product) {
  Cursor in(raw, Endian::little);
  SnpTcb out;
  if (product == SnpProduct::turin) {
    out.fmc = in.u8("fmc");
    out.bootloader = in.u8("bootloader");
    out.tee = in.u8("tee");
    out.snp = in.u8("snp");
    in.reserved(3, "reserved");
  } else {
    out.bootloader = in.u8("bootloader");
    out.tee = in.u8("tee");
    in.reserved(4, "reserved");
    out.snp = in.u8("snp");
  }
  out.microcode = in.u8("microcode");
  SEATLS_CHECK(in.done());
  return out;
}

std::optional<SnpProduct> product_of(const Cpuid& cpuid) {
  const auto within = [&](unsigned least, unsigned most) {
    return cpuid.model >= least && cpuid.model <= most;
  };
  if (cpuid.family == 0x19 && within(0x00, 0x0F)) return SnpProduct::milan;
  // Bergamo and Siena (A0 to AF) are of Genoa's line, and below its root.
  if (cpuid.family == 0x19 && (within(0x10, 0x1F) || within(0xA0, 0xAF))) return SnpProduct::genoa;
  if (cpuid.family == 0x1A && within(0x00, 0x11)) return SnpProduct::turin;
  return std::nullopt;
}

}  // namespace seatls::appraise::snp

namespace seatls {

std::string to_text(const SnpTcb& tcb) {
  return (tcb.fmc == 0 ? "" : "fmc " + std::to_string(tcb.fmc) + ", ") + "bootloader " +
         std::to_string(tcb.bootloader) + ", tee " + std::to_string(tcb.tee) + ", snp " +
         std::to_string(tcb.snp) + ", microcode " + std::to_string(tcb.microcode);
}

}  // namespace seatls
