// X.509: the key of a certificate as it stands there, chains, and the few certificates that the
// project makes itself (init, ephemeral clients, tests).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/signature.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/result.h"

namespace seatls::crypto {

class Certificate {
 public:
  [[nodiscard]] static Result<Certificate> from_der(ByteView der);  // trailing bytes are refused
  [[nodiscard]] ByteView der() const { return der_; }
  // spki is cut out of the received bytes; it is not encoded anew.
  [[nodiscard]] const Spki& spki() const { return spki_; }
  [[nodiscard]] Result<PublicKey> public_key() const { return PublicKey::from_spki(spki_.der()); }
  [[nodiscard]] std::string subject() const;  // RFC 2253 one-liner, for people
  // The common names, or nothing where there is none or more than one.
  [[nodiscard]] std::string subject_common_name() const;
  [[nodiscard]] std::string issuer_common_name() const;
  [[nodiscard]] Bytes serial() const;  // magnitude, big endian
  [[nodiscard]] Time not_before() const;
  [[nodiscard]] Time not_after() const;
  [[nodiscard]] bool has_extended_key_usage(std::string_view oid) const;
  // extension returns the value (the OCTET STRING's content) of the extension with this dotted OID, or
  // nothing. One that stands there twice is malformed.
  [[nodiscard]] Result<std::optional<Bytes>> extension(std::string_view oid) const;

  struct Impl;  // holds libcrypto's X509
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  Certificate(Bytes der, Spki spki, std::shared_ptr<const Impl> impl)
      : der_(std::move(der)), spki_(std::move(spki)), impl_(std::move(impl)) {}
  Bytes der_;
  Spki spki_;
  std::shared_ptr<const Impl> impl_;
};

[[nodiscard]] Result<std::vector<Certificate>> parse_pem_certificates(std::string_view pem);
[[nodiscard]] std::string to_pem(const Certificate& certificate);
// spki_of_certificate cuts the SubjectPublicKeyInfo out of a DER certificate.
[[nodiscard]] Result<Spki> spki_of_certificate(ByteView certificate_der);

struct ChainCheck {
  std::vector<Certificate> anchors{};        // trusted roots, also partial chains
  std::vector<Certificate> intermediates{};  // untrusted helpers
  std::vector<Bytes> crls{};                 // DER; when any is given, every issuer needs one
  Time at{};                                 // the moment that validity is judged at
  // Critical extensions that the caller understands itself (e.g. TPM EK subject alternative names).
  std::vector<std::string> understood_critical_oids{};
};
// verify_chain builds and verifies a chain from `leaf` to an anchor. Only what `check` holds counts: no
// store of the system, no network. Errors, with libcrypto's reason: certificate_revoked;
// collateral_missing, collateral_stale, collateral_invalid for revocation lists; malformed for one that
// cannot be parsed or has no end; untrusted_attestation_key for everything else.
[[nodiscard]] Result<void> verify_chain(const Certificate& leaf, const ChainCheck& check);

// Period is when a revocation list holds: from thisUpdate to nextUpdate, which it must have.
struct Period {
  Time from{}, until{};
};
[[nodiscard]] Result<Period> crl_period(ByteView crl_der);

// CertificateRequest and makers of certificates. Extensions are those that TLS peers expect:
// BasicConstraints, KeyUsage, ExtendedKeyUsage (server and client), SubjectAltName.
struct CertificateExtension {
  std::string oid;  // dotted
  bool critical = false;
  Bytes value;  // DER
};
struct CertificateSpec {
  std::string common_name{};
  std::vector<std::string> dns_names{};
  std::vector<std::string> ip_addresses{};
  // Dotted OIDs of an end-entity certificate's usages; empty: TLS server and client. The certificate
  // of a TPM attestation key has 2.23.133.8.3 (tcg-kp-AIKCertificate) and no other.
  std::vector<std::string> extended_key_usages{};
  bool is_ca = false;
  std::chrono::seconds lifetime{std::chrono::hours{24 * 30}};
  Time not_before{};                               // default: now, less an hour for clocks that differ
  std::vector<CertificateExtension> extensions{};  // besides the usual ones
};
struct Issuer {
  const Certificate& certificate;
  const PrivateKey& key;
};
// make_certificate certifies `subject_key`; self-signed needs the matching private key as issuer key
// and no issuer certificate.
[[nodiscard]] Result<Certificate> make_certificate(const CertificateSpec& spec, const PublicKey& subject_key,
                                                   const Issuer& issuer);
[[nodiscard]] Result<Certificate> make_self_signed(const CertificateSpec& spec, const PrivateKey& key);
// make_revocation_list returns a CRL as DER.
[[nodiscard]] Result<Bytes> make_revocation_list(const Issuer& issuer, const Period& period,
                                                 const std::vector<Bytes>& revoked_serials);

// Signer signs with a key that this process does not hold (a TPM): DER ECDSA over the message.
using ExternalSigner = std::function<Result<Bytes>(ByteView message)>;
[[nodiscard]] Result<Certificate> make_self_signed(const CertificateSpec& spec, const PublicKey& key,
                                                   SignatureAlgorithm algorithm, const ExternalSigner& sign);
// make_csr returns a PKCS#10 request as PEM.
[[nodiscard]] Result<std::string> make_csr(const CertificateSpec& spec, const PublicKey& key,
                                           SignatureAlgorithm algorithm, const ExternalSigner& sign);

}  // namespace seatls::crypto
