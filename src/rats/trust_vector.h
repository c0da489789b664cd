// The trustworthiness vector and tiers of AR4SI as they stand in tokens: draft-ietf-rats-ar4si, section 2.
#pragma once

#include "codec/cbor.h"
#include "codec/json.h"
#include "rats/claim_view.h"
#include "seatls/error.h"
#include "seatls/result.h"

namespace seatls::rats {

// trustworthiness-vector = { 0/"instance-identity" … 7/"sourced-data" => int .size 1 }
// A claim that is not one of the eight is refused: what it warns of must not be lost.
[[nodiscard]] Result<TrustVector> read_trust_vector(const ClaimView& vector);
// The writers leave out claims that assert nothing (0).
[[nodiscard]] codec::cbor::Value trust_vector_to_cbor(const TrustVector& vector);
[[nodiscard]] codec::json::Value trust_vector_to_json(const TrustVector& vector);

// tier = "none"/0 | "affirming"/2 | "warning"/32 | "contraindicated"/96
[[nodiscard]] Result<Tier> read_tier(const ClaimView& tier);

}  // namespace seatls::rats
