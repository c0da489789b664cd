// Stage 2 of nitro: what is cryptographic fact. The chain up to AWS, the document's signature, the binder.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "appraise/context.h"
#include "appraise/schemes/nitro/parse.h"

namespace seatls::appraise::nitro {

// Claims is what a document says.
struct Claims {
  std::string module_id;
  Time timestamp{};
  std::map<unsigned, Bytes> pcrs;
  Bytes user_data;
  bool debug = false;
  bool names_key = false;  // public_key is the TLS key
  std::string root;
  bool simulated = false;  // that root is one of danger.simulated_roots
  Bytes fingerprint;
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

[[nodiscard]] Claims claims_of(const Document& document);
[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);

// aws_root is AWS's own certificate, "aws.nitro-enclaves".
[[nodiscard]] const crypto::Certificate& aws_root();

}  // namespace seatls::appraise::nitro
