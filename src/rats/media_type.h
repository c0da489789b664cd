// Media types and CoAP content formats of RATS messages: draft-ietf-rats-msg-wrap-23, RFC 9782.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seatls/error.h"
#include "seatls/scheme.h"

namespace seatls::rats {

namespace content_format {
inline constexpr std::uint16_t eat_cwt = 263, eat_jwt = 264, cmw_cbor = 273, cmw_json = 274;
}

// ParsedMediaType is "type/subtype; name=value…" (the grammar of RFC 9193, section 6), names and the
// type in lower case, values without their quotes.
struct ParsedMediaType {
  std::string type;  // "application/eat+cwt"
  std::vector<std::pair<std::string, std::string>> parameters;
  [[nodiscard]] const std::string* parameter(std::string_view name) const;
};
[[nodiscard]] Result<ParsedMediaType> parse_media_type(std::string_view text);

// media_type_of returns what a registered content format stands for; nothing for others.
[[nodiscard]] std::optional<std::string> media_type_of(std::uint16_t content_format);

// base_type returns the media type without parameters that an EvidenceType means, as far as it is
// known: "application/eat+cwt" for content format 263.
[[nodiscard]] std::optional<std::string> base_type(const EvidenceType& type);

// profile_of returns the `eat_profile` parameter of an EvidenceType's media type (RFC 9782, 3), if it has
// one. same_profile compares two profiles as that RFC does: letters in either case are the same.
[[nodiscard]] std::optional<std::string> profile_of(const EvidenceType& type);
[[nodiscard]] bool same_profile(std::string_view a, std::string_view b);

// TN() of RFC 9277, appendix B: the CBOR tag of a content format, and back. Formats above 65024 have none.
[[nodiscard]] std::optional<std::uint64_t> tag_number(std::uint16_t content_format);
[[nodiscard]] std::optional<std::uint16_t> content_format_of_tag(std::uint64_t tag);

}  // namespace seatls::rats
