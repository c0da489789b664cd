// What a TPM's attestation key says, in whichever evidence it comes: a quote of registers with their values,
// and that it knows another key. tpm2 evidence holds both; azure evidence holds the quote, and may hold both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appraise/context.h"
#include "appraise/schemes/tpm/structures.h"
#include "tee/event_log.h"

namespace seatls::appraise::tpm {

struct PcrValue {
  Hash bank = Hash::sha256;
  unsigned pcr = 0;
  Bytes value;
};

struct Quoted {
  Attest quote;
  Signature quote_signature;
  std::vector<PcrValue> pcrs;  // none twice
  std::optional<tee::EventLog> event_log;
};

// Certified is TPM2_Certify of the TIK.
struct Certified {
  Attest certify;
  Signature certify_signature;
  Public tik;
};

// verify_quoted checks that `ak` signed the quote, that it holds this connection's binder and nothing else,
// that the values are those that it quotes, and that the event log, if there is one, replays to them.
// `scheme` starts the paths of what is found.
void verify_quoted(const Quoted& quoted, const Public& ak, const Context& context, std::string_view scheme,
                   Findings& findings);

// verify_certified checks that `ak` certified the public area given, with this connection's binder, in the
// TPM and between the resets of the quote; and that the area's key is that of the peer's certificate.
void verify_certified(const Certified& certified, const Attest& quote, const Public& ak,
                      const Context& context, std::string_view scheme, Findings& findings);

// objection_to_tik says what keeps a certified key from being one that was made in the TPM, cannot leave it,
// and signs TLS digests; or nothing.
[[nodiscard]] std::string objection_to_tik(const Public& tik);

// missing names the attributes that are not as demanded: "fixedTPM is clear, decrypt is set", or nothing.
[[nodiscard]] std::string missing(const ObjectAttributes& attributes, std::uint32_t demanded,
                                  std::uint32_t forbidden);

// explained lists the quoted registers that the event log mentions.
[[nodiscard]] std::vector<unsigned> explained(const Quoted& quoted);

}  // namespace seatls::appraise::tpm
