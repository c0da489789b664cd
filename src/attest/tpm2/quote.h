// What a TPM states about itself and about the TIK, signed by the attestation key.
#pragma once

#include <vector>

#include "attest/tpm2/tpm.h"
#include "seatls/attesters.h"

namespace seatls::attest::tpm2 {

struct PcrValue {
  std::uint16_t bank;  // TPM_ALG_ID
  std::uint32_t index;
  Bytes value;
};

struct Statements {
  Bytes quote, quote_signature;      // TPMS_ATTEST (TPM_ST_ATTEST_QUOTE), TPMT_SIGNATURE
  std::vector<PcrValue> pcrs;        // those that the quote's digest was made of, in its order
  Bytes certify, certify_signature;  // TPMS_ATTEST (TPM_ST_ATTEST_CERTIFY) of the TIK, TPMT_SIGNATURE
};

// to_tpm turns a selection into the TPM's form. Errors: configuration.
[[nodiscard]] Result<TPML_PCR_SELECTION> to_tpm(const std::vector<PcrSelection>& selection);

// make_statements quotes the PCRs and certifies the TIK, both over `qualifying_data`. The PCR values
// are those of the quote: a PCR that is extended between the two commands makes it start again.
// `digest` is the attestation key's hash. Errors: tpm, configuration (a bank that is not there).
[[nodiscard]] Result<Statements> make_statements(Tpm& tpm, Key& attestation_key, Hash digest, Key& tik,
                                                 const TPML_PCR_SELECTION& selection,
                                                 ByteView qualifying_data);

}  // namespace seatls::attest::tpm2
