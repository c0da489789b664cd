#include "appraise/schemes/intel/pck.h"

#include <charconv>
#include <set>

#include "codec/der.h"

namespace seatls::appraise::intel {
namespace {

namespace der = codec::der;

constexpr std::size_t most_certificates = 8;

// What the extension holds; every field is there once, or the extension is not read.
struct Fields {
  std::optional<Bytes> ppid, cpu_svn, pce_id, fmspc, platform_instance_id;
  std::array<std::optional<std::uint16_t>, 16> components;
  std::optional<std::uint16_t> pce_svn;
  std::optional<unsigned> sgx_type;
  std::optional<bool> dynamic_platform, cached_keys, smt_enabled;
};

Error bad(std::string detail) { return {Code::malformed, std::move(detail), ""}; }

Result<Bytes> octets(ByteView element, std::size_t size) {
  SEATLS_TRY(const auto content, der::only(element, der::tag::octet_string));
  if (content.size() != size)
    return bad("has " + std::to_string(content.size()) + " bytes; " + std::to_string(size) + " are needed");
  return bytes(content);
}

Result<std::uint16_t> svn(ByteView element) {
  SEATLS_TRY(const auto content, der::only(element, der::tag::integer));
  SEATLS_TRY(const auto value, der::to_unsigned(content));
  if (value > UINT16_MAX) return bad("is " + std::to_string(value) + ", above 65535");
  return static_cast<std::uint16_t>(value);
}

Result<bool> truth(ByteView element) {
  SEATLS_TRY(const auto content, der::only(element, der::tag::boolean));
  return der::to_bool(content);
}

// A group is a SEQUENCE OF SEQUENCE { OBJECT IDENTIFIER, value }, where each identifier is the group's own
// and one more arc. `put` gets that arc and the value's whole element.
template <class F>
Result<void> each(ByteView group, const std::string& prefix, F put) {
  SEATLS_TRY(const auto content, der::only(group, der::tag::sequence));
  der::Reader rows(content);
  std::set<unsigned> seen;
  while (!rows.done()) {
    SEATLS_TRY(const auto row, rows.take(der::tag::sequence));
    der::Reader columns(row);
    SEATLS_TRY(const auto raw_oid, columns.take(der::tag::object_identifier));
    SEATLS_TRY(const auto oid, der::to_dotted(raw_oid));
    const ByteView value = row.subspan(row.size() - columns.rest().size());
    unsigned arc = 0;
    const char* const end = oid.data() + oid.size();
    if (!oid.starts_with(prefix + ".") ||
        std::from_chars(oid.data() + prefix.size() + 1, end, arc).ptr != end)
      return bad(oid + " stands below " + prefix);
    if (!seen.insert(arc).second) return bad(oid + " stands there twice");
    if (auto done = put(arc, value); !done) return std::move(done).error().in(oid);
  }
  return {};
}

Result<void> read_tcb(ByteView group, const std::string& prefix, Fields& f) {
  return each(group, prefix, [&](unsigned arc, ByteView value) -> Result<void> {
    if (arc >= 1 && arc <= 16) {
      SEATLS_TRY(f.components[arc - 1], svn(value));
    } else if (arc == 17) {
      SEATLS_TRY(f.pce_svn, svn(value));
    } else if (arc == 18) {
      SEATLS_TRY(f.cpu_svn, octets(value, 16));
    }
    return {};
  });
}

Result<void> read_configuration(ByteView group, const std::string& prefix, Fields& f) {
  return each(group, prefix, [&](unsigned arc, ByteView value) -> Result<void> {
    if (arc == 1) {
      SEATLS_TRY(f.dynamic_platform, truth(value));
    } else if (arc == 2) {
      SEATLS_TRY(f.cached_keys, truth(value));
    } else if (arc == 3) {
      SEATLS_TRY(f.smt_enabled, truth(value));
    }
    return {};
  });
}

// SGX extensions ::= SEQUENCE OF { .1 PPID, .2 TCB { .1 … .16 SVNs, .17 PCESVN, .18 CPUSVN }, .3 PCE-ID,
//   .4 FMSPC, .5 SGX type, .6 platform instance ID, .7 configuration }
Result<Fields> read_fields(ByteView extension) {
  const std::string prefix(pck_extension);
  Fields f;
  SEATLS_CHECK(each(extension, prefix, [&](unsigned arc, ByteView value) -> Result<void> {
    switch (arc) {
      case 1: {
        SEATLS_TRY(f.ppid, octets(value, 16));
        return {};
      }
      case 2: return read_tcb(value, prefix + ".2", f);
      case 3: {
        SEATLS_TRY(f.pce_id, octets(value, 2));
        return {};
      }
      case 4: {
        SEATLS_TRY(f.fmspc, octets(value, 6));
        return {};
      }
      case 5: {
        SEATLS_TRY(const auto content, der::only(value, der::tag::enumerated));
        SEATLS_TRY(const auto type, der::to_unsigned(content));
        if (type > 2) return bad("is " + std::to_string(type) + "; 0, 1 and 2 are known");
        f.sgx_type = static_cast<unsigned>(type);
        return {};
      }
      case 6: {
        SEATLS_TRY(f.platform_instance_id, octets(value, 16));
        return {};
      }
      case 7: return read_configuration(value, prefix + ".7", f);
      default: return {};
    }
  }));
  bool whole = f.ppid && f.cpu_svn && f.pce_id && f.fmspc && f.pce_svn && f.sgx_type;
  for (const auto& component : f.components) whole = whole && component;
  if (!whole) return bad("a field that every PCK certificate has is missing");
  return f;
}

}  // namespace

Result<Pck> read_pck(const crypto::Certificate& certificate) {
  SEATLS_TRY(const auto extension, certificate.extension(pck_extension));
  if (!extension)
    return Error{Code::malformed, "the certificate has no SGX extension: it is of no PCK", "pck"};
  auto fields = read_fields(*extension);
  if (!fields) return std::move(fields).error().in("pck > SGX extension");
  SEATLS_TRY(auto key, certificate.public_key());
  Pck pck{.certificate = certificate,
          .key = std::move(key),
          .ppid = std::move(*fields->ppid),
          .components = {},
          .pce_svn = *fields->pce_svn,
          .cpu_svn = std::move(*fields->cpu_svn),
          .pce_id = std::move(*fields->pce_id),
          .fmspc = std::move(*fields->fmspc),
          .sgx_type = *fields->sgx_type,
          .platform_instance_id = std::move(fields->platform_instance_id),
          .dynamic_platform = fields->dynamic_platform,
          .cached_keys = fields->cached_keys,
          .smt_enabled = fields->smt_enabled};
  for (std::size_t i = 0; i < pck.components.size(); ++i) pck.components[i] = *fields->components[i];
  return pck;
}

Result<std::vector<crypto::Certificate>> read_pck_chain(ByteView certification) {
  while (!certification.empty() && certification.back() == 0)
    certification = certification.first(certification.size() - 1);
  auto chain = crypto::parse_pem_certificates(text(certification));
  if (!chain) return std::move(chain).error().in("certification_data");
  if (chain->size() < 2 || chain->size() > most_certificates)
    return Error{Code::limit_exceeded,
                 std::to_string(chain->size()) + " certificates; 2 to " + std::to_string(most_certificates),
                 "certification_data"};
  return chain;
}

std::optional<PckName> read_pck_name(std::uint16_t type, ByteView certification) {
  // PPID (16 bytes, or RSA-2048 or RSA-3072 ciphertext), CPUSVN, PCESVN, PCE-ID
  constexpr std::array<std::size_t, 3> ppid_sizes = {16, 256, 384};
  if (type < 1 || type > ppid_sizes.size()) return std::nullopt;
  const std::size_t at = ppid_sizes[type - 1];
  if (certification.size() != at + 20) return std::nullopt;
  const ByteView rest = certification.subspan(at);
  PckName out{.ppid = std::nullopt,
              .cpu_svn = bytes(rest.first(16)),
              .pce_id = bytes(rest.subspan(18)),
              .pce_svn = static_cast<std::uint16_t>(rest[16] | rest[17] << 8)};
  if (type == 1) out.ppid = bytes(certification.first(at));
  return out;
}

std::optional<crypto::PublicKey> claimed_pck_key(ByteView certification) {
  const auto chain = read_pck_chain(certification);
  auto key = chain ? chain->front().public_key() : Result<crypto::PublicKey>(chain.error());
  return key ? std::optional(std::move(*key)) : std::nullopt;
}

}  // namespace seatls::appraise::intel
