#include "cli/inspect_types.h"

#include <array>
#include <charconv>

#include "base/encoding.h"
#include "codec/cbor.h"

namespace seatls::cli {
namespace {

constexpr unsigned most_wrappings = 8;

struct Format {
  std::string_view name;
  Result<Node> (*inspect)(ByteView data, unsigned depth);
  // Formats that any bytes could be are only tried when they are named.
  bool detected;
};

template <auto inspect>
Result<Node> plain(ByteView data, unsigned) {
  return inspect(data);
}

// In the order of detection: those that are told by their first bytes come first, and certificates after what
// may hold them as PEM.
constexpr std::array formats = {
    Format{"ear-jwt", plain<inspect_ear_jwt>, true},
    Format{"cmw", inspect_cmw, true},
    Format{"azure-evidence", plain<inspect_azure_evidence>, true},
    Format{"azure-hcl-report", plain<inspect_azure_hcl_report>, true},
    Format{"azure-vtpm-quote", plain<inspect_azure_vtpm_quote>, true},
    Format{"cca-token", plain<inspect_cca_token>, true},
    Format{"psa-token", plain<inspect_psa_token>, true},
    Format{"nitro-document", plain<inspect_nitro_document>, true},
    Format{"corim", plain<inspect_corim>, true},
    Format{"eat", plain<inspect_eat>, true},
    Format{"ear-claims", plain<inspect_ear_claims>, true},
    Format{"intel-quote", plain<inspect_intel_quote>, true},
    Format{"tpm2-evidence", plain<inspect_tpm2_evidence>, true},
    Format{"tpm2-attest", plain<inspect_tpm2_attest>, true},
    Format{"tpm2-public", plain<inspect_tpm2_public>, true},
    Format{"event-log", plain<inspect_event_log>, true},
    Format{"sev-snp-report", plain<inspect_snp_report>, true},
    Format{"nvidia-evidence", plain<inspect_nvidia_evidence>, true},
    Format{"nvidia-rim", plain<inspect_nvidia_rim>, true},
    Format{"certificate", plain<inspect_certificates>, true},
    Format{"authenticator-request", plain<inspect_authenticator_request>, true},
    Format{"authenticator", inspect_authenticator, true},
    Format{"frames", inspect_frames, false},
    Format{"client-hello", plain<inspect_client_hello_body>, false},
    Format{"encrypted-extensions", plain<inspect_encrypted_extensions_body>, false},
    Format{"certificate-request", plain<inspect_certificate_request_body>, false},
    Format{"certificate-entry", inspect_certificate_body, false},
    Format{"cbor", plain<inspect_cbor>, false},
};

}  // namespace

std::string hex_number(std::uint64_t v) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), v, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

std::string inspect_type_names() {
  std::string names;
  for (const auto& f : formats) names += (names.empty() ? "" : "|") + std::string(f.name);
  return names;
}

Result<Node> inspect_bytes(ByteView data, const std::optional<std::string>& type, unsigned depth) {
  if (depth > most_wrappings)
    return Error{Code::limit_exceeded, "more than " + std::to_string(most_wrappings) + " wrappings", ""};
  if (type) {
    for (const auto& f : formats)
      if (f.name == *type) return f.inspect(data, depth);
    return Error{Code::usage, "there is no type '" + *type + "'", ""};
  }
  if (data.empty()) return Error{Code::malformed, "there is nothing in it", ""};
  for (const auto& f : formats) {
    if (!f.detected) continue;
    if (auto node = f.inspect(data, depth)) return node;
  }
  // Well-formed CBOR of no known kind is shown as such; a single number or text would fit anything.
  if (data[0] >= 0x80)
    if (auto node = inspect_cbor(data)) return node;
  std::string tried;
  for (const auto& f : formats)
    if (f.detected) tried += (tried.empty() ? "" : ", ") + std::string(f.name);
  return Error{Code::malformed,
               std::to_string(data.size()) + " bytes that start with " +
                   base::to_hex(data.first(std::min<std::size_t>(8, data.size()))) +
                   " are none of: " + tried + "; --type says what it is meant to be, and then why it is not",
               ""};
}

Result<Node> inspect_cbor(ByteView data) {
  SEATLS_TRY(const auto value, codec::cbor::parse(data));
  return Node::object().set("type", "cbor").set("diagnostic", codec::cbor::diagnose(value, 1024));
}

}  // namespace seatls::cli
