#include "rats/claim_view.h"

#include "base/encoding.h"

namespace seatls::rats {

const codec::cbor::Value* ClaimView::cbor() const {
  const auto* v = std::get_if<const codec::cbor::Value*>(&value_);
  return v == nullptr ? nullptr : *v;
}
const codec::json::Value* ClaimView::json() const {
  const auto* v = std::get_if<const codec::json::Value*>(&value_);
  return v == nullptr ? nullptr : *v;
}

Result<std::int64_t> ClaimView::as_int() const { return is_json() ? json()->as_int() : cbor()->as_int(); }

Result<std::string> ClaimView::as_text() const {
  SEATLS_TRY(const std::string_view t, is_json() ? json()->as_text() : cbor()->as_text());
  return std::string(t);
}

Result<Bytes> ClaimView::as_bytes() const {
  if (is_json()) {
    SEATLS_TRY(const std::string_view t, json()->as_text());
    return base::from_base64url(t);
  }
  SEATLS_TRY(const ByteView b, cbor()->as_bytes());
  return bytes(b);
}

bool ClaimView::is_map() const { return is_json() ? json()->object() != nullptr : cbor()->map() != nullptr; }

Result<std::optional<ClaimView>> ClaimView::find(const ClaimName& claim) const {
  std::optional<ClaimView> out;
  if (!is_json()) {
    if (const auto* v = cbor()->find(claim.number)) out = ClaimView(*v);
    return out;
  }
  const auto* v = json()->find(claim.name);
  const auto* older = claim.older.empty() ? nullptr : json()->find(claim.older);
  if (v != nullptr && older != nullptr)
    return Error{Code::malformed, "stands there as \"" + std::string(claim.older) + "\" too",
                 std::string(claim.name)};
  if (v != nullptr) out = ClaimView(*v);
  if (older != nullptr) out = ClaimView(*older);
  return out;
}

Result<std::vector<std::pair<std::string, ClaimView>>> ClaimView::members() const {
  std::vector<std::pair<std::string, ClaimView>> out;
  if (!is_map()) return Error{Code::malformed, "is no map", ""};
  if (is_json()) {
    for (const auto& [key, content] : *json()->object()) out.emplace_back(key, ClaimView(content));
    return out;
  }
  for (const auto& [key, content] : *cbor()->map()) {
    SEATLS_TRY(const std::string_view label, key.as_text());
    out.emplace_back(label, ClaimView(content));
  }
  return out;
}

std::optional<std::vector<ClaimView>> ClaimView::items() const {
  std::vector<ClaimView> out;
  if (is_json()) {
    if (json()->array() == nullptr) return std::nullopt;
    for (const auto& item : *json()->array()) out.emplace_back(item);
    return out;
  }
  if (cbor()->array() == nullptr) return std::nullopt;
  for (const auto& item : *cbor()->array()) out.emplace_back(item);
  return out;
}

}  // namespace seatls::rats
