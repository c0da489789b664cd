#include "crypto/crl.h"

#include <openssl/pem.h>

#include "base/encoding.h"
#include "crypto/certificate_impl.h"

namespace seatls::crypto {

Result<void> verify_crl(ByteView crl_der, const Certificate& issuer) {
  const ErrorScope errors;
  const unsigned char* at = crl_der.data();
  const X509CrlPtr crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(crl_der.size())));
  if (!crl || at != crl_der.data() + crl_der.size())
    return Error{Code::malformed, "this is no certificate revocation list", "crl"};
  X509* const by = issuer.impl().x509.get();
  if (X509_NAME_cmp(X509_CRL_get_issuer(crl.get()), X509_get_subject_name(by)) != 0)
    return Error{Code::signature_invalid, "is issued by another than " + issuer.subject(), "crl"};
  EVP_PKEY* const key = X509_get0_pubkey(by);
  if (key == nullptr || X509_CRL_verify(crl.get(), key) != 1)
    return Error{Code::signature_invalid, "is not signed by " + issuer.subject(), "crl"};
  return {};
}

Result<Bytes> read_crl(ByteView content) {
  const ErrorScope errors;
  std::string_view written(reinterpret_cast<const char*>(content.data()), content.size());
  while (!written.empty() && (written.back() == '\n' || written.back() == '\r')) written.remove_suffix(1);
  Bytes der = bytes(content);
  if (written.starts_with("-----BEGIN")) {
    const BioPtr in = read_bio(written);
    const X509CrlPtr crl(PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr));
    if (!crl) return Error{Code::malformed, "this is no certificate revocation list", "crl"};
    der = to_der(i2d_X509_CRL, crl.get());
  } else if (auto digits = base::from_hex(written); digits && !written.empty()) {
    der = std::move(*digits);
  }
  SEATLS_CHECK(crl_period(der));
  return der;
}

}  // namespace seatls::crypto
