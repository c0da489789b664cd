#include "appraise/schemes/snp/vek.h"

#include "base/encoding.h"
#include "codec/der.h"
#include "tee/certificate_table.h"

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
  SEATLS_TRY(const auto entries, tee::read_certificate_table(data));
  Certificates out;
  for (const auto& e : entries) {
    const bool vek = e.guid == tee::vcek_guid || e.guid == tee::vlek_guid;
    const bool issuer = e.guid == tee::ask_guid || e.guid == tee::ark_guid;
    if (!vek && !issuer) continue;
    auto certificate = read_certificate(e.content);
    if (!certificate) {
      const auto place = e.guid == tee::vcek_guid   ? "VCEK"
                         : e.guid == tee::vlek_guid ? "VLEK"
                         : e.guid == tee::ask_guid  ? "ASK"
                                                    : "ARK";
      return std::move(certificate).error().in(place);
    }
    (vek ? out.veks : out.issuers).push_back(std::move(*certificate));
  }
  return out;
}

}  // namespace seatls::appraise::snp
