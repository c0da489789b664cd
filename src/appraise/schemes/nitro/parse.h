// Stage 1 of nitro: an attestation document, as the Nitro Secure Module writes it
// (github.com/aws/aws-nitro-enclaves-nsm-api, docs/attestation_process.md).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "appraise/findings.h"
#include "codec/cose.h"
#include "crypto/x509.h"
#include "seatls/cmw.h"

namespace seatls::appraise::nitro {

// AttestationDocument = {
//   module_id: text, timestamp: uint .size 8, digest: "SHA384", pcrs: { + index => pcr },
//   certificate: cert, cabundle: [ + cert ],
//   ? public_key: bstr, ? user_data: bstr, ? nonce: bstr }
struct Document {
  codec::cose::Sign1 message;
  std::string module_id;
  Time timestamp{};  // in seconds; the document has milliseconds
  std::map<unsigned, Bytes> pcrs;
  crypto::Certificate certificate;            // of the key that signed
  std::vector<crypto::Certificate> cabundle;  // from the root on
  Bytes public_key, user_data, nonce;         // empty: absent, or empty

  // in_debug_mode: PCRs 0 to 2 hold nothing, as in enclaves that were started with a console.
  [[nodiscard]] bool in_debug_mode() const;
};

class Parser;
using ParsedEvidence = Minted<Document, Parser>;

[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::nitro
