// What two endpoints negotiate: AttestationScheme, and the names that configuration uses for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "seatls/bytes.h"

namespace seatls {

struct ContentFormat {
  std::uint16_t id = 0;
  bool operator==(const ContentFormat&) const = default;
};
struct MediaType {
  std::string name;  // 1 to 2^16-1 bytes on the wire; empty is refused
  bool operator==(const MediaType&) const = default;
};
// VerifierIdentity names the verifier whose Attestation Results are meant: stable, e.g. a DNS SAN.
struct VerifierIdentity {
  std::string name;
  bool operator==(const VerifierIdentity&) const = default;
};

using EvidenceType = std::variant<ContentFormat, MediaType>;

// AttestationScheme is one way to attest: evidence of a type (background check), or a result of a
// verifier (passport). Compared byte for byte.
struct AttestationScheme {
  std::variant<EvidenceType, VerifierIdentity> argument;

  [[nodiscard]] bool is_result() const { return argument.index() == 1; }
  bool operator==(const AttestationScheme&) const = default;
};

// describe returns "evidence content-format 263", "evidence application/vnd.…", "result of NAME".
[[nodiscard]] std::string describe(const AttestationScheme& scheme);

// SchemeTable maps the names of configuration ("tpm2") to evidence types on the wire and back:
// docs/protocol, Decision 16. IANA has assigned none, so every row may be replaced.
class SchemeTable {
 public:
  [[nodiscard]] static const SchemeTable& defaults();
  [[nodiscard]] std::optional<EvidenceType> find(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> name_of(const EvidenceType& type) const;
  void set(std::string name, EvidenceType type);
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::vector<std::pair<std::string, EvidenceType>> rows_;
};

}  // namespace seatls
