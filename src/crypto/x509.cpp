#include "crypto/x509.h"

#include <openssl/objects.h>
#include <openssl/pem.h>

#include "base/remembered.h"
#include "crypto/certificate_impl.h"

namespace seatls::crypto {
namespace {

Error bad_certificate(std::string detail) { return {Code::malformed, std::move(detail), "certificate"}; }

// Cursor walks the elements of a DER value with libcrypto's own reader, so that the two never differ
// on where an element begins.
struct Cursor {
  const unsigned char* at;
  const unsigned char* end;

  // element returns the whole next element, which must be `wanted` (an identifier octet), and where
  // its content lies.
  Result<ByteView> element(std::uint8_t wanted, Cursor* content = nullptr) {
    const unsigned char* inside = at;
    long length = 0;
    int tag = 0, tag_class = 0;
    constexpr int kBroken = 0x80, kIndefinite = 1;  // DER has no indefinite lengths
    const bool expected = at != end && *at == wanted;
    if (!expected ||
        (ASN1_get_object(&inside, &length, &tag, &tag_class, end - at) & (kBroken | kIndefinite)))
      return bad_certificate("the DER structure is not that of a certificate");
    const ByteView whole(at, static_cast<std::size_t>(inside - at + length));
    if (content != nullptr) *content = {inside, inside + length};
    at = inside + length;
    return whole;
  }
};

Result<Time> to_time(const ASN1_TIME* value) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(value, &tm) != 1) return bad_certificate("a validity date that is none");
  const std::chrono::year_month_day date{std::chrono::year(tm.tm_year + 1900),
                                         std::chrono::month(static_cast<unsigned>(tm.tm_mon + 1)),
                                         std::chrono::day(static_cast<unsigned>(tm.tm_mday))};
  return Time(std::chrono::sys_days(date) + std::chrono::hours(tm.tm_hour) + std::chrono::minutes(tm.tm_min) +
              std::chrono::seconds(tm.tm_sec));
}

std::string common_name(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) return "";
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (length < 0) return "";
  std::string out(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length));
  OPENSSL_free(utf8);
  return out;
}

struct PemBlock {
  std::string name;
  Bytes der;
};

// next_block returns nothing at the end of the text.
Result<std::optional<PemBlock>> next_block(BIO* in) {
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  if (PEM_read_bio(in, &name, &header, &data, &length) != 1) {
    if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) return std::optional<PemBlock>();
    return bad_certificate("PEM: " + ErrorScope::reason());
  }
  std::optional<PemBlock> block = PemBlock{name, Bytes(data, data + length)};
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return block;
}

}  // namespace

// TBSCertificate ::= SEQUENCE { version [0] EXPLICIT INTEGER OPTIONAL, serialNumber INTEGER,
//   signature SEQUENCE, issuer SEQUENCE, validity SEQUENCE, subject SEQUENCE,
//   subjectPublicKeyInfo SEQUENCE, … }
Result<Spki> spki_of_certificate(ByteView certificate_der) {
  const ErrorScope errors;
  constexpr std::uint8_t kSequence = 0x30, kInteger = 0x02, kVersion = 0xa0;
  Cursor outer{certificate_der.data(), certificate_der.data() + certificate_der.size()};
  Cursor certificate{}, tbs{};
  SEATLS_CHECK(outer.element(kSequence, &certificate));
  if (outer.at != outer.end)
    return Error{Code::trailing_data, std::to_string(outer.end - outer.at) + " bytes follow the certificate",
                 "certificate"};
  SEATLS_CHECK(certificate.element(kSequence, &tbs));
  if (tbs.at != tbs.end && *tbs.at == kVersion) SEATLS_CHECK(tbs.element(kVersion));
  SEATLS_CHECK(tbs.element(kInteger));
  for (int before_spki = 0; before_spki < 4; ++before_spki) SEATLS_CHECK(tbs.element(kSequence));
  SEATLS_TRY(const ByteView spki, tbs.element(kSequence));
  return Spki(bytes(spki));
}

Result<Certificate> Certificate::from_der(ByteView der) {
  // A platform's certificates come again with all of its evidence, and libcrypto decodes the key of each: on
  // P-384 four of them take as long as a verification. Never freed: threads may still verify while the
  // process ends.
  using Certificates = base::Remembered<Bytes, Certificate>;
  static Certificates& read = *new Certificates(256);
  constexpr std::size_t longest_remembered = 8192;
  const bool usual = der.size() <= longest_remembered;
  Bytes encoded = bytes(der);
  if (usual)
    if (auto known = read.find(encoded)) return std::move(*known);

  const ErrorScope errors;
  SEATLS_TRY(auto spki, spki_of_certificate(der));
  const unsigned char* at = der.data();
  X509Ptr x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!x509) return bad_certificate(ErrorScope::reason());
  SEATLS_TRY(const auto not_before, to_time(X509_get0_notBefore(x509.get())));
  SEATLS_TRY(const auto not_after, to_time(X509_get0_notAfter(x509.get())));
  auto impl = std::make_shared<const Impl>(Impl{std::move(x509), not_before, not_after});
  Certificate out(encoded, std::move(spki), std::move(impl));
  if (usual) read.keep(std::move(encoded), out);
  return out;
}

std::string Certificate::subject() const {
  const BioPtr out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_subject_name(impl_->x509.get()), 0, XN_FLAG_RFC2253);
  return bio_text(out.get());
}

std::string Certificate::subject_common_name() const {
  return common_name(X509_get_subject_name(impl_->x509.get()));
}
std::string Certificate::issuer_common_name() const {
  return common_name(X509_get_issuer_name(impl_->x509.get()));
}

Bytes Certificate::serial() const {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(impl_->x509.get());
  const auto* data = ASN1_STRING_get0_data(serial);
  return {data, data + ASN1_STRING_length(serial)};
}

Result<std::optional<Bytes>> Certificate::extension(std::string_view oid) const {
  const ErrorScope errors;
  const Ptr<ASN1_OBJECT, ASN1_OBJECT_free> wanted(OBJ_txt2obj(std::string(oid).c_str(), 1));
  const X509* x509 = impl_->x509.get();
  const int at = wanted ? X509_get_ext_by_OBJ(x509, wanted.get(), -1) : -1;
  if (at < 0) return std::optional<Bytes>();
  if (X509_get_ext_by_OBJ(x509, wanted.get(), at) >= 0)
    return bad_certificate("the extension " + std::string(oid) + " stands there twice");
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(x509, at));
  const auto* data = ASN1_STRING_get0_data(value);
  return std::optional(Bytes(data, data + ASN1_STRING_length(value)));
}

Time Certificate::not_before() const { return impl_->not_before; }
Time Certificate::not_after() const { return impl_->not_after; }

bool Certificate::has_extended_key_usage(std::string_view oid) const {
  const ErrorScope errors;
  const Ptr<ASN1_OBJECT, ASN1_OBJECT_free> wanted(OBJ_txt2obj(std::string(oid).c_str(), 1));
  const Ptr<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> usages(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(impl_->x509.get(), NID_ext_key_usage, nullptr, nullptr)));
  if (!wanted || !usages) return false;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i)
    if (OBJ_cmp(sk_ASN1_OBJECT_value(usages.get(), i), wanted.get()) == 0) return true;
  return false;
}

Result<Period> crl_period(ByteView crl_der) {
  const ErrorScope errors;
  const unsigned char* at = crl_der.data();
  const X509CrlPtr crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(crl_der.size())));
  if (!crl || at != crl_der.data() + crl_der.size() || X509_CRL_get0_nextUpdate(crl.get()) == nullptr)
    return Error{Code::malformed, "this is no certificate revocation list with an end", "crl"};
  SEATLS_TRY(const auto from, to_time(X509_CRL_get0_lastUpdate(crl.get())));
  SEATLS_TRY(const auto until, to_time(X509_CRL_get0_nextUpdate(crl.get())));
  return Period{from, until};
}

Result<std::vector<Certificate>> parse_pem_certificates(std::string_view pem) {
  const ErrorScope errors;
  const BioPtr in = read_bio(pem);
  std::vector<Certificate> out;
  for (;;) {
    SEATLS_TRY(const auto block, next_block(in.get()));
    if (!block) break;
    if (block->name != PEM_STRING_X509) continue;  // a file may hold the key beside its certificates
    auto certificate = Certificate::from_der(block->der);
    if (!certificate) return std::move(certificate).error().in("PEM block " + std::to_string(out.size()));
    out.push_back(std::move(certificate).value());
  }
  if (out.empty()) return bad_certificate("the PEM text holds no certificate");
  return out;
}

std::string to_pem(const Certificate& certificate) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio(out.get(), PEM_STRING_X509, "", certificate.der().data(),
                static_cast<long>(certificate.der().size()));
  return bio_text(out.get());
}

}  // namespace seatls::crypto
