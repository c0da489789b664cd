// Makers of certificates and requests. The to-be-signed part is put together here and signed by a
// callback, so that a key inside of a TPM goes the same way as one in memory.
#include <openssl/objects.h>
#include <openssl/pem.h>

#include <array>

#include "crypto/certificate_impl.h"
#include "crypto/hash.h"

namespace seatls::crypto {
namespace {

Error bad_spec(std::string detail) { return {Code::configuration, std::move(detail), "certificate"}; }

// ---- DER ---------------------------------------------------------------------------------------

Bytes join(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const auto part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes tlv(std::uint8_t identifier, ByteView content) {
  Bytes out{identifier};
  const std::size_t n = content.size();
  if (n < 0x80) {
    out.push_back(static_cast<std::uint8_t>(n));
  } else {
    unsigned width = 1;
    while (n >> (8 * width) != 0) ++width;
    out.push_back(static_cast<std::uint8_t>(0x80 | width));
    while (width > 0) out.push_back(static_cast<std::uint8_t>(n >> (8 * --width)));
  }
  out.insert(out.end(), content.begin(), content.end());
  return out;
}
Bytes sequence(std::initializer_list<ByteView> parts) { return tlv(0x30, join(parts)); }
Bytes bit_string(ByteView content, std::uint8_t unused_bits = 0) {
  return tlv(0x03, join({{&unused_bits, 1}, content}));
}
Bytes oid(int nid) { return to_der(i2d_ASN1_OBJECT, OBJ_nid2obj(nid)); }
constexpr std::array<std::uint8_t, 3> kTrue = {0x01, 0x01, 0xff};
constexpr std::array<std::uint8_t, 2> kNull = {0x05, 0x00};

Bytes algorithm_identifier(SignatureAlgorithm algorithm) {
  const auto pkcs1 = [](int nid) { return sequence({oid(nid), kNull}); };
  // RFC 4055, 3.1: RSASSA-PSS-params with one hash for both uses, and a salt as long as the hash.
  const auto pss = [](int hash_nid, std::uint8_t salt) {
    const Bytes hash = sequence({oid(hash_nid), kNull});
    const Bytes salt_length = {0x02, 0x01, salt};
    return sequence(
        {oid(NID_rsassaPss),
         sequence({tlv(0xa0, hash), tlv(0xa1, sequence({oid(NID_mgf1), hash})), tlv(0xa2, salt_length)})});
  };
  switch (algorithm) {
    case SignatureAlgorithm::ecdsa_p256_sha256: return sequence({oid(NID_ecdsa_with_SHA256)});
    case SignatureAlgorithm::ecdsa_p384_sha384: return sequence({oid(NID_ecdsa_with_SHA384)});
    case SignatureAlgorithm::ecdsa_p521_sha512: return sequence({oid(NID_ecdsa_with_SHA512)});
    case SignatureAlgorithm::ed25519: return sequence({oid(NID_ED25519)});
    case SignatureAlgorithm::rsa_pss_sha256: return pss(NID_sha256, 32);
    case SignatureAlgorithm::rsa_pss_sha384: return pss(NID_sha384, 48);
    case SignatureAlgorithm::rsa_pss_sha512: return pss(NID_sha512, 64);
    case SignatureAlgorithm::rsa_pkcs1_sha256: return pkcs1(NID_sha256WithRSAEncryption);
    case SignatureAlgorithm::rsa_pkcs1_sha384: return pkcs1(NID_sha384WithRSAEncryption);
    case SignatureAlgorithm::rsa_pkcs1_sha512: return pkcs1(NID_sha512WithRSAEncryption);
  }
  return {};
}

// ---- Name, validity, extensions ----------------------------------------------------------------

Result<Bytes> name_der(const std::string& common_name) {
  const Ptr<X509_NAME, X509_NAME_free> out(X509_NAME_new());
  // A subject may be empty when alternative names are there.
  if (!common_name.empty() &&
      X509_NAME_add_entry_by_NID(out.get(), NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) != 1)
    return bad_spec("common name '" + common_name + "': " + ErrorScope::reason() +
                    "; it has at most 64 characters of UTF-8");
  return to_der(i2d_X509_NAME, out.get());
}

Bytes time_der(Time t) {
  const Ptr<ASN1_TIME, ASN1_TIME_free> out(ASN1_TIME_set(nullptr, t.time_since_epoch().count()));
  return to_der(i2d_ASN1_TIME, out.get());
}

Bytes validity(const CertificateSpec& spec) {
  const Time now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const bool unset = spec.not_before == Time{};
  const Time begin = unset ? now - std::chrono::hours(1) : spec.not_before;
  return sequence({time_der(begin), time_der((unset ? now : begin) + spec.lifetime)});
}

bool is_dns_name(const std::string& s) {
  return !s.empty() && s.size() <= 253 &&
         s.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*") ==
             std::string::npos;
}

Result<Bytes> alternative_names(const CertificateSpec& spec) {
  constexpr std::uint8_t kDnsName = 0x82, kIpAddress = 0x87;
  Bytes out;
  for (const auto& dns : spec.dns_names) {
    if (!is_dns_name(dns)) return bad_spec("'" + dns + "' is not a DNS name; write other scripts as xn--…");
    out = join({out, tlv(kDnsName, view(dns))});
  }
  for (const auto& ip : spec.ip_addresses) {
    const Ptr<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> value(a2i_IPADDRESS(ip.c_str()));
    if (!value) return bad_spec("'" + ip + "' is not an IP address");
    out = join({out, tlv(kIpAddress, {ASN1_STRING_get0_data(value.get()),
                                      static_cast<std::size_t>(ASN1_STRING_length(value.get()))})});
  }
  return out;
}

Result<Bytes> extended_key_usages(const CertificateSpec& spec) {
  if (spec.extended_key_usages.empty()) return sequence({oid(NID_server_auth), oid(NID_client_auth)});
  Bytes out;
  for (const auto& dotted : spec.extended_key_usages) {
    const Ptr<ASN1_OBJECT, ASN1_OBJECT_free> object(OBJ_txt2obj(dotted.c_str(), 1));
    if (!object) return bad_spec("'" + dotted + "' is not a dotted object identifier");
    out = join({out, to_der(i2d_ASN1_OBJECT, object.get())});
  }
  return sequence({out});
}

Bytes extension(int nid, bool critical, ByteView value) {
  return sequence({oid(nid), critical ? ByteView(kTrue) : ByteView(), tlv(0x04, value)});
}

// RFC 7093, 2, method 1, over the whole SubjectPublicKeyInfo.
Bytes key_identifier(const Spki& spki) {
  Bytes out = digest(Hash::sha256, spki.der());
  out.resize(20);
  return out;
}

// extensions returns Extensions ::= SEQUENCE OF Extension. `authority` is the issuer's key identifier.
Result<Bytes> extensions(const CertificateSpec& spec, const Spki& spki, ByteView authority) {
  constexpr std::uint8_t kDigitalSignature[] = {0x80}, kSignCertificatesAndCrls[] = {0x86};
  SEATLS_TRY(const Bytes names, alternative_names(spec));
  Bytes out = extension(NID_basic_constraints, true, sequence({spec.is_ca ? ByteView(kTrue) : ByteView()}));
  out = join({out, extension(NID_key_usage, true,
                             spec.is_ca ? bit_string(kSignCertificatesAndCrls, 1)
                                        : bit_string(kDigitalSignature, 7))});
  if (!spec.is_ca) {
    SEATLS_TRY(const Bytes usages, extended_key_usages(spec));
    out = join({out, extension(NID_ext_key_usage, false, usages)});
  }
  if (!names.empty())
    out = join({out, extension(NID_subject_alt_name, spec.common_name.empty(), sequence({names}))});
  out = join({out, extension(NID_subject_key_identifier, false, tlv(0x04, key_identifier(spki)))});
  if (!authority.empty())
    out = join({out, extension(NID_authority_key_identifier, false, sequence({tlv(0x80, authority)}))});
  for (const auto& more : spec.extensions) {
    const Ptr<ASN1_OBJECT, ASN1_OBJECT_free> object(OBJ_txt2obj(more.oid.c_str(), 1));
    if (!object) return bad_spec("'" + more.oid + "' is not a dotted object identifier");
    out = join({out, sequence({to_der(i2d_ASN1_OBJECT, object.get()),
                               more.critical ? ByteView(kTrue) : ByteView(), tlv(0x04, more.value)})});
  }
  return sequence({out});
}

// ---- Signing -----------------------------------------------------------------------------------

struct SigningKey {
  const PublicKey& public_key;
  SignatureAlgorithm algorithm;
  const ExternalSigner& sign;
};

// signed_object returns SEQUENCE { toBeSigned, signatureAlgorithm, signature BIT STRING }: the shape
// of certificates and requests alike.
Result<Bytes> signed_object(ByteView to_be_signed, const SigningKey& key) {
  SEATLS_TRY(const Bytes signature, key.sign(to_be_signed));
  // A signer that lives elsewhere may hold another key than the one it was asked about.
  if (auto ok = key.public_key.verify(key.algorithm, to_be_signed, signature, EcdsaForm::der); !ok)
    return std::move(ok).error().in("the signer's own signature");
  return sequence({to_be_signed, algorithm_identifier(key.algorithm), bit_string(signature)});
}

Result<Certificate> issue(const CertificateSpec& spec, const Spki& subject_key, ByteView issuer_name,
                          ByteView authority, const SigningKey& key) {
  SEATLS_TRY(const Bytes subject, name_der(spec.common_name));
  SEATLS_TRY(const Bytes all_extensions, extensions(spec, subject_key, authority));
  constexpr std::uint8_t kVersion3[] = {0x02, 0x01, 0x02};
  Bytes serial = random_bytes(16);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);  // positive, and never shorter
  const Bytes tbs = sequence({tlv(0xa0, kVersion3), tlv(0x02, serial), algorithm_identifier(key.algorithm),
                              issuer_name.empty() ? ByteView(subject) : issuer_name, validity(spec), subject,
                              subject_key.der(), tlv(0xa3, all_extensions)});
  SEATLS_TRY(const Bytes der, signed_object(tbs, key));
  return Certificate::from_der(der);
}

// PKCS#1 v1.5 is what every verifier of certificates knows; TLS itself signs with PSS all the same.
SignatureAlgorithm certificate_algorithm(const PrivateKey& key) {
  return key.public_key().type() == KeyType::rsa ? SignatureAlgorithm::rsa_pkcs1_sha256
                                                 : key.default_algorithm();
}

ExternalSigner signer_of(const PrivateKey& key) {
  return [&key](ByteView message) { return key.sign(certificate_algorithm(key), message, EcdsaForm::der); };
}

}  // namespace

Result<Certificate> make_certificate(const CertificateSpec& spec, const PublicKey& subject_key,
                                     const Issuer& issuer) {
  const ErrorScope errors;
  X509* const x509 = issuer.certificate.impl().x509.get();
  const auto* identifier = X509_get0_subject_key_id(x509);
  const ByteView authority = identifier == nullptr
                                 ? ByteView()
                                 : ByteView(ASN1_STRING_get0_data(identifier),
                                            static_cast<std::size_t>(ASN1_STRING_length(identifier)));
  SEATLS_TRY(const auto certified, issuer.certificate.public_key());
  const auto sign = signer_of(issuer.key);
  return issue(spec, subject_key.spki(), to_der(i2d_X509_NAME, X509_get_subject_name(x509)), authority,
               {certified, certificate_algorithm(issuer.key), sign});
}

Result<Certificate> make_self_signed(const CertificateSpec& spec, const PrivateKey& key) {
  return make_self_signed(spec, key.public_key(), certificate_algorithm(key), signer_of(key));
}

Result<Certificate> make_self_signed(const CertificateSpec& spec, const PublicKey& key,
                                     SignatureAlgorithm algorithm, const ExternalSigner& sign) {
  const ErrorScope errors;
  return issue(spec, key.spki(), {}, {}, {key, algorithm, sign});
}

// TBSCertList ::= SEQUENCE { version INTEGER, signature AlgorithmIdentifier, issuer Name,
//   thisUpdate Time, nextUpdate Time, revokedCertificates SEQUENCE OF SEQUENCE { userCertificate
//   INTEGER, revocationDate Time } OPTIONAL, crlExtensions [0] Extensions }
Result<Bytes> make_revocation_list(const Issuer& issuer, const Period& period,
                                   const std::vector<Bytes>& revoked_serials) {
  const ErrorScope errors;
  constexpr std::uint8_t kVersion2[] = {0x02, 0x01, 0x01}, kFirst[] = {0x02, 0x01, 0x01};
  const auto algorithm = certificate_algorithm(issuer.key);
  Bytes revoked;
  for (const auto& serial : revoked_serials) {
    if (serial.empty()) return bad_spec("a serial number has no bytes");
    const Bytes sign(serial[0] >= 0x80 ? 1 : 0, 0);
    revoked = join({revoked, sequence({tlv(0x02, join({sign, serial})), time_der(period.from)})});
  }
  SEATLS_TRY(const auto issuer_key, issuer.certificate.public_key());
  const Bytes list = revoked.empty() ? Bytes() : sequence({revoked});
  const Bytes name = to_der(i2d_X509_NAME, X509_get_subject_name(issuer.certificate.impl().x509.get()));
  const Bytes tbs = sequence({kVersion2, algorithm_identifier(algorithm), name, time_der(period.from),
                              time_der(period.until), list,
                              tlv(0xa0, sequence({extension(NID_crl_number, false, kFirst)}))});
  const auto sign = signer_of(issuer.key);
  return signed_object(tbs, {issuer_key, algorithm, sign});
}

// CertificationRequestInfo ::= SEQUENCE { version INTEGER, subject Name, subjectPKInfo,
//   attributes [0] IMPLICIT SET OF SEQUENCE { type OID, values SET } }
Result<std::string> make_csr(const CertificateSpec& spec, const PublicKey& key, SignatureAlgorithm algorithm,
                             const ExternalSigner& sign) {
  const ErrorScope errors;
  constexpr std::uint8_t kVersion1[] = {0x02, 0x01, 0x00};
  const Spki spki = key.spki();
  SEATLS_TRY(const Bytes subject, name_der(spec.common_name));
  SEATLS_TRY(const Bytes wanted, extensions(spec, spki, {}));
  const Bytes attribute = sequence({oid(NID_ext_req), tlv(0x31, wanted)});
  const Bytes info = sequence({kVersion1, subject, spki.der(), tlv(0xa0, attribute)});
  SEATLS_TRY(const Bytes der, signed_object(info, {key, algorithm, sign}));
  const BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio(out.get(), PEM_STRING_X509_REQ, "", der.data(), static_cast<long>(der.size()));
  return bio_text(out.get());
}

}  // namespace seatls::crypto
