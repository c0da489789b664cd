// Readers of the CBOR maps in which evidence with TPM structures stands: integer keys, nothing ignored.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appraise/schemes/tpm/statements.h"
#include "codec/cbor.h"
#include "crypto/x509.h"

namespace seatls::appraise::tpm {

// EvidenceMap reads the members of one map; errors name the member.
class EvidenceMap {
 public:
  // read parses `raw`, a map with keys from 1 to `last_key`.
  [[nodiscard]] static Result<EvidenceMap> read(ByteView raw, std::int64_t last_key);

  [[nodiscard]] const codec::cbor::Value* find(std::int64_t key) const { return map_.find(key); }
  [[nodiscard]] Result<const codec::cbor::Value*> item(std::int64_t key, std::string_view what) const;

  // field reads a byte string with `parse`.
  template <class F>
  auto field(std::int64_t key, std::string_view what, F parse) const -> decltype(parse(ByteView{})) {
    SEATLS_TRY(const auto* value, item(key, what));
    const auto raw = value->as_bytes();
    if (!raw) return Error(raw.error()).in(what);
    auto parsed = parse(*raw);
    if (!parsed) return std::move(parsed).error().in(what);
    return parsed;
  }
  [[nodiscard]] Result<Bytes> octets(std::int64_t key, std::string_view what) const;
  [[nodiscard]] Result<Attest> quote(std::int64_t key) const;
  [[nodiscard]] Result<Attest> certify(std::int64_t key) const;
  [[nodiscard]] Result<std::vector<PcrValue>> pcrs(std::int64_t key) const;
  // chain reads an array of certificates; an absent one is empty.
  [[nodiscard]] Result<std::vector<crypto::Certificate>> chain(std::int64_t key, std::string_view what) const;
  [[nodiscard]] Result<std::optional<tee::EventLog>> event_log(std::int64_t key) const;

 private:
  explicit EvidenceMap(codec::cbor::Value map) : map_(std::move(map)) {}
  codec::cbor::Value map_;
};

}  // namespace seatls::appraise::tpm
