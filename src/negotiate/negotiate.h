// Negotiation of attestation schemes: what a client offers, what a server chooses, what a client
// accepts as a choice. draft-fossati-seat-early-attestation-06, sections "Client Hello", "Server
// Hello", "Certificate Request" and "Following Server Hello"; docs/protocol/negotiation.md has the
// rules in full.
#pragma once

#include <optional>

#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/scheme.h"
#include "wire/remote_attestation.h"

namespace seatls::negotiate {

// offer returns what a client of `config` lists, or nothing when it neither demands nor shows
// anything. `can_authenticate`: it has a certificate to present. Errors: configuration without
// `require`; misuse when attestation is required and nothing can be appraised.
[[nodiscard]] Result<std::optional<wire::ClientOffer>> offer(const Config& config, bool can_authenticate);

// Choice is one scheme per direction, or none.
struct Choice {
  std::optional<AttestationScheme> server_scheme;  // by which the server attests: EncryptedExtensions
  std::optional<AttestationScheme> client_scheme;  // by which the client attests: CertificateRequest

  [[nodiscard]] bool any() const { return server_scheme || client_scheme; }
  bool operator==(const Choice&) const = default;
};

// choose returns what a server of `config` answers. `offer` is null when the client sent none.
// Errors: empty_offer, attestation_required, unsupported_attestation_schemes.
[[nodiscard]] Result<Choice> choose(const Config& config, const wire::ClientOffer* offer);

// check_choice judges, for the client, what the server chose for one direction: `attester` is who
// attests by it. Errors: scheme_not_offered; attestation_required when the server was to attest and
// chose nothing.
[[nodiscard]] Result<void> check_choice(const Config& config, const wire::ClientOffer& offer, Role attester,
                                        const std::optional<AttestationScheme>& chosen);

}  // namespace seatls::negotiate
