// What the attestation tokens of Arm have in common, PSA (RFC 9783) and CCA: claims sets in COSE_Sign1, with
// instances, lifecycles and software components among them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codec/cbor.h"
#include "codec/cose.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::appraise::arm {

inline constexpr codec::cbor::Limits limits{.depth = 6, .items = 512};

// psa-software-component = { ? 1 => type, 2 => measurement-value, ? 4 => version, 5 => signer-id,
//   ? 6 => measurement-desc }
struct Component {
  std::string type, version;
  Bytes value, signer_id;
};

// Message is one COSE_Sign1 and the map that it signs.
struct Message {
  codec::cose::Sign1 envelope;
  codec::cbor::Value claims;
};
[[nodiscard]] Result<Message> parse_message(ByteView raw);

[[nodiscard]] Error malformed(std::string_view field, std::string detail);
[[nodiscard]] Result<Bytes> as_bytes(const codec::cbor::Value& value, std::string_view name,
                                     std::size_t least, std::size_t most);
[[nodiscard]] Result<Bytes> as_digest(const codec::cbor::Value& value, std::string_view name);  // of SHA-2

// ClaimReader reads claims by their keys; `name` is told in errors. It looks at a map that it does not own.
class ClaimReader {
 public:
  explicit ClaimReader(const codec::cbor::Value& map) : map_(map) {}

  [[nodiscard]] bool has(std::int64_t key) const { return map_.find(key) != nullptr; }
  [[nodiscard]] Result<const codec::cbor::Value*> item(std::int64_t key, std::string_view name) const;
  [[nodiscard]] Result<Bytes> bytes(std::int64_t key, std::string_view name, std::size_t least,
                                    std::size_t most) const;
  [[nodiscard]] Result<Bytes> digest(std::int64_t key, std::string_view name) const;
  [[nodiscard]] Result<std::string> text(std::int64_t key, std::string_view name) const;
  [[nodiscard]] Result<std::string> optional_text(std::int64_t key, std::string_view name) const;
  [[nodiscard]] Result<Hash> hash(std::int64_t key, std::string_view name) const;  // "sha-256", …

  [[nodiscard]] Result<Bytes> implementation_id(std::int64_t key) const;  // 32 bytes
  [[nodiscard]] Result<Bytes> instance_id(std::int64_t key) const;        // 33 bytes, the first 0x01
  [[nodiscard]] Result<std::uint16_t> lifecycle(std::int64_t key) const;
  [[nodiscard]] Result<std::vector<Component>> components(std::int64_t key) const;

 private:
  const codec::cbor::Value& map_;
};

}  // namespace seatls::appraise::arm
