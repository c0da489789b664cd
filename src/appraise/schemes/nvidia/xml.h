// XML with an enveloped signature, read by libxml2: what is signed, in its canonical form, and a tree to read
// it by. No document type, no entities, nothing from elsewhere.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::appraise::nvidia::xml {

struct Element {
  using Name = std::pair<std::string, std::string>;  // namespace, local name
  Name name;
  std::map<Name, std::string> attributes;
  std::vector<Element> children;
  std::string text;  // of the element itself

  [[nodiscard]] const std::string* attribute(std::string_view local_name,
                                             std::string_view name_space = "") const;
  // only returns the one child of that name; nothing where there is none, or more.
  [[nodiscard]] const Element* only(std::string_view name_space, std::string_view local_name) const;
};

inline constexpr std::string_view dsig = "http://www.w3.org/2000/09/xmldsig#";

struct SignedDocument {
  Element root;       // without its signature
  Element signature;  // ds:Signature, a child of the root, and the only one in the document
  // In Canonical XML 1.1, without comments.
  Bytes content;      // the document without its signature (the transform enveloped-signature)
  Bytes signed_info;  // ds:SignedInfo
};

// parse_signed reads UTF-8 of at most 1 MiB. Errors: malformed, limit_exceeded.
[[nodiscard]] Result<SignedDocument> parse_signed(std::string_view text);

}  // namespace seatls::appraise::nvidia::xml
