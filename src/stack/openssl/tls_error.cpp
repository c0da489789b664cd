#include "stack/openssl/tls_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "stack/openssl/external_key.h"

namespace seatls::openssl {
namespace {

Code code_of(int reason, const Config& config) {
  switch (reason) {
    case SSL_R_BAD_SIGNATURE:
    case SSL_R_DIGEST_CHECK_FAILED:
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_WRONG_SIGNATURE_TYPE: return Code::handshake_not_verified;
    case SSL_R_CERTIFICATE_VERIFY_FAILED: return Code::identity_rejected;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return config.require && config.require->attestation == Requirement::required
                 ? Code::attestation_required
                 : Code::identity_rejected;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return config.require && config.require->timing != Timing::intra ? Code::attestation_required
                                                                       : Code::tls_failed;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_VERSION_TOO_LOW: return Code::protocol_version;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return Code::closed;
    default: return Code::tls_failed;
  }
}

}  // namespace

Error refused_by_peer(int alert) {
  // OpenSSL does not know the name of TLS 1.3's own alert.
  const char* meaning =
      alert == SSL_AD_CERTIFICATE_REQUIRED ? "certificate required" : SSL_alert_desc_string_long(alert);
  return {Code::refused_by_peer, "alert " + std::to_string(alert) + " (" + meaning + ")", {}};
}

Error error_of_queue(const Config& config) {
  if (auto signing = take_signing_error()) return std::move(*signing);
  const char* data = nullptr;
  int flags = 0;
  const unsigned long packed = ERR_peek_last_error_all(nullptr, nullptr, nullptr, &data, &flags);
  if (packed == 0) return {Code::tls_failed, "OpenSSL gives no reason", {}};
  const int reason = ERR_GET_REASON(packed);
  if (ERR_GET_LIB(packed) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET) {
    return refused_by_peer(reason - SSL_AD_REASON_OFFSET);
  }
  const char* text = ERR_reason_error_string(packed);
  std::string detail = text != nullptr ? text : "reason " + std::to_string(reason);
  if ((flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0') detail += std::string(": ") + data;
  return {
      ERR_GET_LIB(packed) == ERR_LIB_SSL ? code_of(reason, config) : Code::tls_failed, std::move(detail), {}};
}

Error error_of_call(const Config& config, const SSL* ssl, int result) {
  const int why = errno;
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_ZERO_RETURN: return {Code::closed, "close_notify", {}};
    case SSL_ERROR_SYSCALL:
      if (why == 0) return {Code::closed, "the transport ended without close_notify", {}};
      return {Code::network, std::generic_category().message(why), {}};
    default: return error_of_queue(config);
  }
}

}  // namespace seatls::openssl
