// Certificates and revocation lists that the project itself never makes: put together with libcrypto.
#pragma once

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <functional>

#include "crypto/signature_openssl.h"
#include "crypto/x509.h"

namespace seatls::crypto::testing {

inline Time now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

inline Bytes der_of(X509* x509) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(x509, &der);
  Bytes out(der, der + length);
  OPENSSL_free(der);
  return out;
}

// changed returns `original` after `change` and a new signature by `issuer_key`.
inline Certificate changed(const Certificate& original, const PrivateKey& issuer_key,
                           const std::function<void(X509*)>& change, const EVP_MD* md = EVP_sha256()) {
  const unsigned char* at = original.der().data();
  X509* x509 = d2i_X509(nullptr, &at, static_cast<long>(original.der().size()));
  change(x509);
  X509_sign(x509, native(issuer_key), md);
  const Bytes der = der_of(x509);
  X509_free(x509);
  return *Certificate::from_der(der);
}

inline void add_extension(X509* x509, const char* oid, bool critical, std::string_view value) {
  ASN1_OBJECT* object = OBJ_txt2obj(oid, 1);
  ASN1_OCTET_STRING* content = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(content, reinterpret_cast<const unsigned char*>(value.data()),
                        static_cast<int>(value.size()));
  X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, object, critical ? 1 : 0, content);
  X509_add_ext(x509, extension, -1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(content);
  ASN1_OBJECT_free(object);
}

// replace_extension puts a value (configuration syntax of OpenSSL) in the place of one that is there.
inline void replace_extension(X509* x509, int nid, const char* value) {
  for (int i = X509_get_ext_by_NID(x509, nid, -1); i >= 0; i = X509_get_ext_by_NID(x509, nid, -1))
    X509_EXTENSION_free(X509_delete_ext(x509, i));
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  X509_add_ext(x509, extension, -1);
  X509_EXTENSION_free(extension);
}

struct CrlSpec {
  Time from = now() - std::chrono::hours(1), until = now() + std::chrono::hours(24);
  std::vector<Certificate> revoked{};
};
inline Bytes make_crl(const Certificate& issuer, const PrivateKey& key, const CrlSpec& spec = {}) {
  const auto asn1 = [](Time t) { return ASN1_TIME_set(nullptr, t.time_since_epoch().count()); };
  const auto parse = [](const Certificate& c) {
    const unsigned char* at = c.der().data();
    return d2i_X509(nullptr, &at, static_cast<long>(c.der().size()));
  };
  X509_CRL* crl = X509_CRL_new();
  X509* issuer_x509 = parse(issuer);
  X509_CRL_set_version(crl, X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer_x509));
  ASN1_TIME *from = asn1(spec.from), *until = asn1(spec.until);
  X509_CRL_set1_lastUpdate(crl, from);
  X509_CRL_set1_nextUpdate(crl, until);
  for (const auto& r : spec.revoked) {
    X509* x509 = parse(r);
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(x509));
    X509_REVOKED_set_revocationDate(entry, from);
    X509_CRL_add0_revoked(crl, entry);
    X509_free(x509);
  }
  X509_CRL_sort(crl);
  X509_CRL_sign(crl, native(key), EVP_sha256());
  unsigned char* der = nullptr;
  const int length = i2d_X509_CRL(crl, &der);
  Bytes out(der, der + length);
  OPENSSL_free(der);
  ASN1_TIME_free(from);
  ASN1_TIME_free(until);
  X509_free(issuer_x509);
  X509_CRL_free(crl);
  return out;
}

}  // namespace seatls::crypto::testing
