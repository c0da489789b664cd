// Stage 2 of tpm2: what is cryptographic fact. Signatures, who vouches for the attestation key, the
// binder, and that the TIK lives in the very TPM that quoted.
#pragma once

#include <optional>
#include <string>

#include "appraise/context.h"
#include "appraise/schemes/tpm/parse.h"

namespace seatls::appraise::tpm {

// Claims is what a quote and a certification say.
struct Claims {
  std::vector<PcrValue> pcrs;
  std::vector<unsigned> explained;  // PCRs that the event log's replay explains
  bool has_event_log = false;
  std::size_t events = 0;
  std::string ak;       // "sha256:…"
  std::string ak_name;  // "name:…"
  std::string vouched;  // who vouches for the AK
  std::string ek;       // subject of the EK certificate, if one was verified
  Bytes tik_name;
  KeyProvenance key = KeyProvenance::none;
  std::string key_detail;  // why it is not proven
  std::uint64_t firmware_version = 0;
  std::uint64_t clock = 0;
  std::uint32_t reset_count = 0, restart_count = 0;
  bool safe = false;
  Bytes fingerprint;
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

// claims_of tells what evidence says, true or not.
[[nodiscard]] Claims claims_of(const Evidence& evidence);

// verify returns the claims once every cryptographic check has passed; findings name each that did not.
[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);

// objection_to_ak says what keeps a key from being an attestation key, or nothing. A restricted signing
// key signs a digest only of what the TPM made itself, or of what does not start with TPM_GENERATED:
// that is what makes an attestation structure one.
[[nodiscard]] std::string objection_to_ak(const Public& ak);

// verify_ek_chain checks the certificate of an endorsement key: its usage (2.23.133.8.1), and a chain to
// one of the anchors. For enrolment, which ties an AK to an EK by credential activation.
[[nodiscard]] Result<void> verify_ek_chain(const std::vector<crypto::Certificate>& chain,
                                           const std::vector<crypto::Certificate>& anchors, Time at);

}  // namespace seatls::appraise::tpm
