// What both roles do with credentials: make one's own fit into a Certificate message, and take the
// peer's out of it, with every check that needs no verifier.
#pragma once

#include <optional>
#include <string>

#include "early/events.h"
#include "session/authorization.h"

namespace seatls::early {

// extension_of returns the place of the extension in a message: "server EncryptedExtensions >
// remoteAttestation".
[[nodiscard]] std::string extension_of(Role sender, std::string_view message);

// request_own returns what to ask the attester for. Errors: binder_too_long; what derivation says.
[[nodiscard]] Result<EvidenceRequest> request_own(const Config& config, Role own, AttestationScheme scheme,
                                                  const event::CertificateNeeded& needed);

struct OwnCredential {
  Bytes extension;  // extension_data for the first CertificateEntry
  Bytes digest;     // SHA-256 of the CMW
};
// wrap_own returns the extension that carries what the attester made. Errors: the attester's own, as
// unavailable or local; misuse when it made something else than it was asked for; evidence_too_large.
[[nodiscard]] Result<OwnCredential> wrap_own(Role own, const AttestationScheme& scheme, Result<Cmw> made);

// open_peer takes the peer's credential out of its Certificate and binds it to this connection.
// Errors, in this order: misplaced_extension, attestation_required, decode, evidence_malformed,
// credential_type_mismatch; what derivation says.
[[nodiscard]] Result<AppraisalRequest> open_peer(Role peer, const AttestationScheme& scheme,
                                                 const event::CertificateReceived& received);

// expect_plain refuses a credential that nothing asked for: misplaced_extension,
// unsolicited_extension.
[[nodiscard]] Result<void> expect_plain(Role peer, const PeerCertificate& certificate);

// refuse_own_key and refuse_own_credential stop reflection by `peer` (Decision 6): the binders of the
// two directions differ only by the key. Error reflected.
[[nodiscard]] Result<void> refuse_own_key(Role peer, const Spki& own, const Spki& received);
[[nodiscard]] Result<void> refuse_own_credential(Role peer, ByteView own_digest, ByteView received_digest);

[[nodiscard]] inline session::Binding binding_of(const AppraisalRequest& request) {
  return {request.scheme, request.binder, request.credential_digest};
}

}  // namespace seatls::early
