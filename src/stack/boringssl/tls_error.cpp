#include "stack/boringssl/tls_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>

namespace seatls::boringssl {
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
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER: return Code::protocol_version;
    case SSL_R_READ_TIMEOUT_EXPIRED: return Code::timed_out;
    case SSL_R_UNEXPECTED_RECORD:
    case SSL_R_UNEXPECTED_MESSAGE: return Code::unexpected_message;
    default: return Code::tls_failed;
  }
}

Error refused_by_peer(int alert) {
  return {Code::refused_by_peer,
          "alert " + std::to_string(alert) + " (" + SSL_alert_desc_string_long(alert) + ")",
          {}};
}

}  // namespace

Error error_of_queue(const Config& config) {
  const char* data = nullptr;
  int flags = 0;
  const std::uint32_t packed = ERR_peek_last_error_line_data(nullptr, nullptr, &data, &flags);
  if (packed == 0) return {Code::tls_failed, "BoringSSL gives no reason", {}};
  const int reason = ERR_GET_REASON(packed);
  const bool of_tls = ERR_GET_LIB(packed) == ERR_LIB_SSL;
  if (of_tls && reason > SSL_AD_REASON_OFFSET) return refused_by_peer(reason - SSL_AD_REASON_OFFSET);
  const char* text = ERR_reason_error_string(packed);
  std::string detail = text != nullptr ? text : "reason " + std::to_string(reason);
  if ((flags & ERR_FLAG_STRING) != 0 && data != nullptr && *data != '\0') detail += std::string(": ") + data;
  return {of_tls ? code_of(reason, config) : Code::tls_failed, std::move(detail), {}};
}

}  // namespace seatls::boringssl
