#include "session/resumption_guard.h"

namespace seatls::session {

//= early-attestation#no-resumption
bool full_handshakes_only(const Config& config) {
  return config.require && config.require->attestation == Requirement::required;
}

bool may_issue_ticket(const Config& config, bool attestation_negotiated) {
  return !full_handshakes_only(config) && !attestation_negotiated;
}

Result<void> refuse_psk(const Config& config, bool offers_psk) {
  if (offers_psk && full_handshakes_only(config))
    return Error{Code::resumption_refused,
                 "a session or PSK is set on a connection that requires attestation; set none",
                 "ClientHello"};
  return {};
}

Result<void> refuse_shortcut(const Config& config, bool resumed, bool early_data) {
  if (!full_handshakes_only(config)) return {};
  if (resumed)
    return Error{Code::resumption_refused, "attestation is required, so every handshake must be a full one",
                 ""};
  if (early_data)
    return Error{Code::early_data_refused, "attestation is required, so no data may precede it", ""};
  return {};
}

}  // namespace seatls::session
