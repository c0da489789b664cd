// What is in some bytes, told without judging: one function per format, and the detection of formats.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/node.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/scheme.h"

namespace seatls::cli {

// inspect_type_names are the values of `--type`.
[[nodiscard]] std::string inspect_type_names();  // "cmw|eat|…"

// inspect_bytes tells what is there; `type` (of inspect_type_names) leaves detection out. `depth` counts
// the wrappings around it. Errors: malformed with what was tried; the format's own for a named type.
[[nodiscard]] Result<Node> inspect_bytes(ByteView data, const std::optional<std::string>& type,
                                         unsigned depth = 0);

// hex_number writes a number as its documents do: "0x1f".
[[nodiscard]] std::string hex_number(std::uint64_t v);

// The formats. Each returns an object whose first member is "type".
[[nodiscard]] Result<Node> inspect_cmw(ByteView data, unsigned depth);
[[nodiscard]] Result<Node> inspect_eat(ByteView data);  // CWT in COSE_Sign1
[[nodiscard]] Result<Node> inspect_ear_jwt(ByteView data);
[[nodiscard]] Result<Node> inspect_ear_claims(ByteView data);  // JSON that nothing protects
[[nodiscard]] Result<Node> inspect_tpm2_evidence(ByteView data);
[[nodiscard]] Result<Node> inspect_tpm2_attest(ByteView data);
[[nodiscard]] Result<Node> inspect_tpm2_public(ByteView data);
[[nodiscard]] Result<Node> inspect_intel_quote(ByteView data);  // TDX, SGX
[[nodiscard]] Result<Node> inspect_event_log(ByteView data);
[[nodiscard]] Result<Node> inspect_nitro_document(ByteView data);
[[nodiscard]] Result<Node> inspect_azure_evidence(ByteView data);  // in the forms of others too
[[nodiscard]] Result<Node> inspect_azure_hcl_report(ByteView data);
[[nodiscard]] Result<Node> inspect_azure_vtpm_quote(ByteView data);
[[nodiscard]] Result<Node> inspect_cca_token(ByteView data);
[[nodiscard]] Result<Node> inspect_psa_token(ByteView data);
[[nodiscard]] Result<Node> inspect_nvidia_evidence(ByteView data);
[[nodiscard]] Result<Node> inspect_nvidia_rim(ByteView data);
[[nodiscard]] Result<Node> inspect_snp_report(ByteView data);  // with its certificates, if there are any
[[nodiscard]] Result<Node> inspect_corim(ByteView data);       // signed or not
[[nodiscard]] Result<Node> inspect_certificates(ByteView data);
[[nodiscard]] Result<Node> inspect_client_hello_body(ByteView data);
[[nodiscard]] Result<Node> inspect_encrypted_extensions_body(ByteView data);
[[nodiscard]] Result<Node> inspect_certificate_request_body(ByteView data);
[[nodiscard]] Result<Node> inspect_certificate_body(ByteView data, unsigned depth);
// RFC 9261, with or without attestation; and the frames of one direction of a seatls/1 connection.
[[nodiscard]] Result<Node> inspect_authenticator_request(ByteView data);
[[nodiscard]] Result<Node> inspect_authenticator(ByteView data, unsigned depth);
[[nodiscard]] Result<Node> inspect_frames(ByteView data, unsigned depth);
[[nodiscard]] Result<Node> inspect_cbor(ByteView data);

}  // namespace seatls::cli
