// CMW, the Conceptual Message Wrapper that conveys every attestation credential:
// draft-ietf-rats-msg-wrap-23.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/scheme.h"

namespace seatls {

enum class CmwForm : std::uint8_t { json, cbor, cbor_tag };

// A record's indicator bits (section 3.3): what kind of conceptual message it holds.
namespace cmw_indicator {
inline constexpr std::uint32_t reference_values = 1, endorsements = 2, evidence = 4, attestation_results = 8,
                               appraisal_policy = 16;
}

struct CmwRecord {
  EvidenceType type;  // content format or media type
  Bytes value;
  std::uint32_t indicator = 0;  // 0: not stated
  bool operator==(const CmwRecord&) const = default;
};

class Cmw;
struct CmwCollection {
  std::string type;                                       // "__cmwc_t"; empty: not stated
  using Label = std::variant<std::int64_t, std::string>;  // integers in CBOR only
  std::vector<std::pair<Label, Cmw>> entries;             // at least one, labels unique
  bool operator==(const CmwCollection&) const;
};

// Cmw is a record or a collection, and the form in which it came or is to be written.
class Cmw {
 public:
  Cmw(CmwRecord record, CmwForm form = CmwForm::cbor) : content_(std::move(record)), form_(form) {}
  Cmw(CmwCollection collection, CmwForm form = CmwForm::cbor);

  [[nodiscard]] const CmwRecord* record() const;          // nullptr for a collection
  [[nodiscard]] const CmwCollection* collection() const;  // nullptr for a record
  [[nodiscard]] CmwForm form() const { return form_; }
  bool operator==(const Cmw&) const;

 private:
  std::variant<CmwRecord, std::shared_ptr<const CmwCollection>> content_;
  CmwForm form_;
};

struct CmwLimits {
  std::size_t size = 65528;  // bytes of the whole message; 1 MiB in the CLI and the service
  std::size_t depth = 8;     // collections in collections
  std::size_t entries = 64;  // per collection
};

// parse_cmw reads any of the three forms, told apart by the first byte. Signed CMWs are not CMWs
// here: their media type says what they are. Errors: category decode.
[[nodiscard]] Result<Cmw> parse_cmw(ByteView bytes, const CmwLimits& limits = {});
[[nodiscard]] Result<Bytes> encode_cmw(const Cmw& cmw);

}  // namespace seatls
