// Stage 2 of azure: what is cryptographic fact, link by link. The processor's report verifies as one of its
// TEE does; its report data is the hash of the variable data; that names the virtual TPM's attestation key;
// this key signed the quote, whose extraData is the binder, and certified the TIK.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "appraise/context.h"
#include "appraise/schemes/azure/parse.h"
#include "appraise/schemes/snp/verify.h"
#include "appraise/schemes/tdx/verify.h"

namespace seatls::appraise::azure {

// Claims is what the paravisor and its virtual TPM say.
struct Claims {
  bool tdx = false;  // else SEV-SNP
  std::vector<tpm::PcrValue> pcrs;
  bool has_event_log = false;
  std::size_t events = 0;
  std::vector<unsigned> explained;  // PCRs that the event log's replay explains
  std::vector<std::pair<std::string, std::string>> configuration;
  std::optional<Bytes> user_data;
  bool user_data_is_binder = false;  // the binder, then zeros
  Hash hash = Hash::sha256;          // of the variable data
  std::string ak;                    // "sha256:…"
  Bytes tik_name;                    // empty: no key is certified
  KeyProvenance key = KeyProvenance::none;
  std::string key_detail;  // why it is not proven
  std::uint64_t firmware_version = 0;
  std::uint64_t clock = 0;
  std::uint32_t reset_count = 0, restart_count = 0;
  bool safe = false;
  Bytes fingerprint;

  [[nodiscard]] std::string_view tee() const { return tdx ? "tdx" : "sev-snp"; }
};

// Verified is what both say, the processor's report as its own TEE verified it.
struct Verified {
  Claims claims;
  std::variant<snp::VerifiedClaims, tdx::VerifiedClaims> hardware;
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Verified, ClaimsVerifier>;

// claims_of tells what evidence says, true or not.
[[nodiscard]] Claims claims_of(const Evidence& evidence, const Context& context);

// verify returns the claims once every cryptographic check has passed; findings name each that did not.
[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);

}  // namespace seatls::appraise::azure
