#include "rats/trust_vector.h"

#include <limits>
#include <string>

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
namespace json = codec::json;

Error malformed(std::string what) { return {Code::malformed, std::move(what), ""}; }

std::optional<TrustClaim> claim_from_number(std::int64_t number) {
  if (number < 0 || number >= static_cast<std::int64_t>(trust_claim_count)) return std::nullopt;
  return static_cast<TrustClaim>(number);
}
std::optional<TrustClaim> claim_from_name(std::string_view wanted) {
  for (std::size_t i = 0; i < trust_claim_count; ++i)
    if (name(static_cast<TrustClaim>(i)) == wanted) return static_cast<TrustClaim>(i);
  return std::nullopt;
}

Result<void> read_value(std::optional<TrustClaim> claim, const std::string& shown, const ClaimView& value,
                        TrustVector& out) {
  if (!claim) return malformed("the claim " + shown.substr(0, 40) + " is unknown");
  auto v = value.as_int();
  if (!v) return std::move(v).error().in(name(*claim));
  using Limits = std::numeric_limits<std::int8_t>;
  if (*v < Limits::min() || *v > Limits::max())
    return Error{Code::length_out_of_range, "is " + std::to_string(*v) + "; a claim holds -128 to 127",
                 std::string(name(*claim))};
  out[*claim] = static_cast<std::int8_t>(*v);
  return {};
}

}  // namespace

Result<TrustVector> read_trust_vector(const ClaimView& vector) {
  if (!vector.is_map()) return malformed("is no map");
  TrustVector out;
  if (vector.is_json()) {
    for (const auto& [key, content] : *vector.json()->object())
      SEATLS_CHECK(read_value(claim_from_name(key), "\"" + key + "\"", ClaimView(content), out));
    return out;
  }
  for (const auto& [key, content] : *vector.cbor()->map()) {
    const auto number = key.as_int();
    SEATLS_CHECK(read_value(number ? claim_from_number(*number) : std::nullopt, cbor::brief(key),
                            ClaimView(content), out));
  }
  return out;
}

cbor::Value trust_vector_to_cbor(const TrustVector& vector) {
  cbor::Map out;
  for (std::size_t i = 0; i < trust_claim_count; ++i)
    if (vector.value[i] != 0)
      out.emplace_back(cbor::integer(static_cast<std::int64_t>(i)), cbor::integer(vector.value[i]));
  return cbor::map(std::move(out));
}

json::Value trust_vector_to_json(const TrustVector& vector) {
  json::Object out;
  for (std::size_t i = 0; i < trust_claim_count; ++i)
    if (vector.value[i] != 0)
      out.emplace_back(name(static_cast<TrustClaim>(i)), json::Value(std::int64_t{vector.value[i]}));
  return json::Value(std::move(out));
}

Result<Tier> read_tier(const ClaimView& tier) {
  if (tier.is_json()) {
    SEATLS_TRY(const std::string text, tier.as_text());
    if (const auto known = tier_from_name(text)) return *known;
    return malformed("is \"" + text.substr(0, 24) + "\", which is no tier");
  }
  SEATLS_TRY(const std::int64_t number, tier.as_int());
  for (const Tier known : {Tier::none, Tier::affirming, Tier::warning, Tier::contraindicated})
    if (static_cast<std::int64_t>(known) == number) return known;
  return malformed("is " + std::to_string(number) + ", which is no tier");
}

}  // namespace seatls::rats
