// The forms of Azure evidence: which bytes stand where. What they mean is read in parse.cpp.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "appraise/schemes/tpm/statements.h"
#include "crypto/x509.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::appraise::azure {

// seatls: docs/protocol/formats.md. The others are JSON: coco is az-snp-vtpm and az-tdx-vtpm evidence of
// github.com/confidential-containers/trustee, without a version, and of versions 1 and 2; flashbots is the
// AttestationDocument of github.com/flashbots/attested-tls.
enum class Form : std::uint8_t { seatls, coco, flashbots };
[[nodiscard]] std::string_view name(Form form);

// VtpmQuote is a quote as az-cvm-vtpm writes it: PCRs are the values in the order in which they were quoted.
struct VtpmQuote {
  Bytes message, signature;
  std::vector<Bytes> pcrs;
};

// Parts is what a file holds, unread but for what only its form tells how to read.
struct Parts {
  Form form = Form::seatls;
  Bytes hcl_report;
  Bytes td_quote;                                 // TDX
  std::vector<crypto::Certificate> certificates;  // SEV-SNP: of the chip's key, and its issuers
  tpm::Quoted quoted;
  std::optional<tpm::Certified> certified;
  std::optional<crypto::PublicKey> ak_certificate_key;
  bool binder_in_user_data = false;
};

// unpack reads any of the forms. Errors: decode; unknown_value for unknown versions and keys.
[[nodiscard]] Result<Parts> unpack(ByteView raw);
// is_evidence tells, by its outermost members, whether something means to be one of them.
[[nodiscard]] bool is_evidence(ByteView raw);

// parse_vtpm_quote reads a quote alone: JSON, or as the crate's serializer writes it (bincode).
[[nodiscard]] Result<VtpmQuote> parse_vtpm_quote(ByteView raw);
// quoted_of reads what such a quote says. It is signed with RSASSA and SHA-256, over PCRs of that bank.
[[nodiscard]] Result<tpm::Quoted> quoted_of(const VtpmQuote& quote);

}  // namespace seatls::appraise::azure
