#include "session/conclusion.h"

#include <algorithm>

#include "session/resumption_guard.h"

namespace seatls::session {
namespace {

// The rule for a peer that no evidence speaks for: PKI names it, or nothing does.
Result<void> check_unattested_identity(const Config& config, const Handshake& handshake) {
  if (!config.require || handshake.proof.pki_verified()) return {};
  // The evidence that will vouch for the key comes after the handshake.
  const bool later = config.require->timing == Timing::post;
  if (later && config.require->identity == IdentityRule::attested_key && handshake.peer_certificate)
    return {};
  const bool anonymous = !handshake.peer_certificate && !handshake.resumed;
  if (anonymous && config.role == Role::server) {
    // Whether a client must have a certificate at all is the stack's setting, except where PKI is
    // the only thing that the configuration asks for.
    if (config.require->identity != IdentityRule::pki) return {};
    return Error{Code::identity_rejected, "the client presented no certificate", ""};
  }
  return Error{Code::identity_rejected,
               "the peer is not attested, and no configured authority vouches for its certificate", ""};
}

void add_unique(std::vector<std::string>& into, const std::vector<std::string>& from) {
  for (const std::string& s : from)
    if (std::find(into.begin(), into.end(), s) == into.end()) into.push_back(s);
}

}  // namespace

Result<SessionReport> conclude(const Config& config, Handshake handshake) {
  SEATLS_CHECK(refuse_shortcut(config, handshake.resumed, handshake.early_data));

  SessionReport report;
  report.role = config.role;
  report.requirement = config.require ? config.require->attestation : Requirement::off;
  if (config.require) report.timing = config.require->timing;
  report.pki_verified = handshake.proof.pki_verified();
  report.peer_name = handshake.proof.peer_name();
  report.resumed = handshake.resumed;
  report.dangers = config.dangers;

  //= early-attestation#optional-never-looks-attested
  if (handshake.verdict) {
    // A resumed handshake has no Certificate: a verdict beside it belongs to something else.
    if (handshake.resumed || !config.require)
      return Error{Code::internal, "a verdict came out of a handshake that cannot have one", ""};
    report.peer_scheme = handshake.verdict->binding().scheme;
    report.peer_binder = bytes(handshake.verdict->binding().binder.bytes());
    SEATLS_TRY(AttestedPeer peer,
               Authorizer::authorize(*config.require, std::move(*handshake.verdict), handshake.proof));
    add_unique(report.dangers, peer.result()->dangers);
    report.peer = std::move(peer);
  } else {
    //= early-attestation#required-fails-closed
    if (config.require && config.require->needed_in_handshake())
      return Error{Code::attestation_required, "the handshake ended without a credential of the peer", ""};
    SEATLS_CHECK(check_unattested_identity(config, handshake));
  }

  if (handshake.self) {
    report.self_attested = true;
    report.self_scheme = handshake.self->scheme;
    report.self_binder = bytes(handshake.self->binder.bytes());
  }
  return report;
}

}  // namespace seatls::session
