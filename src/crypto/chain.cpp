// Chains: from a certificate to an anchor that the configuration names.
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

#include "crypto/certificate_impl.h"

namespace seatls::crypto {
namespace {

using StorePtr = Ptr<X509_STORE, X509_STORE_free>;
using StoreCtxPtr = Ptr<X509_STORE_CTX, X509_STORE_CTX_free>;

constexpr int kLongestChain = 10;
constexpr int kSecurityBits112 = 2;  // libcrypto's level 2: no SHA-1 signatures, no RSA below 2048 bits

std::string dotted(const ASN1_OBJECT* object) {
  char out[128] = {};
  OBJ_obj2txt(out, sizeof out, object, 1);
  return out;
}

bool all_critical_extensions_understood(const X509* certificate, const ChainCheck& check) {
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    X509_EXTENSION* extension = X509_get_ext(certificate, i);
    if (X509_EXTENSION_get_critical(extension) == 0 || X509_supported_extension(extension) != 0) continue;
    const auto oid = dotted(X509_EXTENSION_get_object(extension));
    if (std::ranges::find(check.understood_critical_oids, oid) == check.understood_critical_oids.end())
      return false;
  }
  return true;
}

// judge overrules libcrypto in exactly two cases; see ChainCheck.
int judge(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  const auto& check = *static_cast<const ChainCheck*>(X509_STORE_CTX_get_app_data(context));
  switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
      return all_critical_extensions_understood(X509_STORE_CTX_get_current_cert(context), check) ? 1 : 0;
    case X509_V_ERR_UNABLE_TO_GET_CRL: {
      // Who issued an anchor does not matter, so nobody needs to say that it is not revoked.
      const int last = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
      return X509_STORE_CTX_get_error_depth(context) == last ? 1 : 0;
    }
    default: return 0;
  }
}

Error untrusted(std::string detail) {
  return {Code::untrusted_attestation_key, std::move(detail), "certificate chain"};
}

// code_of tells a chain that nobody vouches for from one that was withdrawn, and both from lists that do
// not say which.
Code code_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_REVOKED: return Code::certificate_revoked;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER: return Code::collateral_missing;
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID: return Code::collateral_stale;
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION: return Code::collateral_invalid;
    default: return Code::untrusted_attestation_key;
  }
}

Result<StorePtr> make_store(const ChainCheck& check) {
  StorePtr store(X509_STORE_new());
  if (!store) return library_error("certificate store");
  for (const auto& anchor : check.anchors)
    if (X509_STORE_add_cert(store.get(), anchor.impl().x509.get()) != 1) return library_error("anchor");
  for (const auto& der : check.crls) {
    const unsigned char* at = der.data();
    const X509CrlPtr crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
    if (!crl || at != der.data() + der.size())
      return Error{Code::malformed, "the certificate revocation list cannot be parsed", "crl"};
    if (X509_CRL_get0_nextUpdate(crl.get()) == nullptr)  // libcrypto would take it for valid for ever
      return Error{Code::malformed, "the certificate revocation list does not say until when it holds",
                   "crl"};
    if (X509_STORE_add_crl(store.get(), crl.get()) != 1) return library_error("crl");
  }
  return store;
}

}  // namespace

Result<void> verify_chain(const Certificate& leaf, const ChainCheck& check) {
  const ErrorScope errors;
  if (check.anchors.empty()) return untrusted("no anchor is configured");
  SEATLS_TRY(const auto store, make_store(check));
  const auto keep = [](STACK_OF(X509) * stack) { sk_X509_free(stack); };
  const std::unique_ptr<STACK_OF(X509), decltype(keep)> untrusted_certificates(sk_X509_new_null(), keep);
  for (const auto& c : check.intermediates) sk_X509_push(untrusted_certificates.get(), c.impl().x509.get());

  const StoreCtxPtr context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), store.get(), leaf.impl().x509.get(),
                                      untrusted_certificates.get()) != 1)
    return library_error("certificate chain");
  X509_STORE_CTX_set_app_data(context.get(), const_cast<ChainCheck*>(&check));
  X509_STORE_CTX_set_verify_cb(context.get(), judge);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
  if (!check.crls.empty()) flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  X509_VERIFY_PARAM_set_flags(parameters, flags);
  X509_VERIFY_PARAM_set_time(parameters, static_cast<std::time_t>(check.at.time_since_epoch().count()));
  X509_VERIFY_PARAM_set_depth(parameters, kLongestChain);
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityBits112);

  if (X509_verify_cert(context.get()) == 1) return {};
  const int error = X509_STORE_CTX_get_error(context.get());
  std::string detail = X509_verify_cert_error_string(error);
  detail +=
      " (certificate " + std::to_string(X509_STORE_CTX_get_error_depth(context.get())) + " of the chain";
  if (X509* current = X509_STORE_CTX_get_current_cert(context.get()); current != nullptr) {
    const BioPtr subject(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(subject.get(), X509_get_subject_name(current), 0, XN_FLAG_RFC2253);
    detail += ", " + bio_text(subject.get());
  }
  return Error{code_of(error), detail + ")", "certificate chain"};
}

}  // namespace seatls::crypto
