// Reference values from CoRIM documents: a part of a Policy. docs/usage/policy.md tells every key.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls {

// CorimReference is a CoRIM (draft-ietf-rats-corim-11) that someone vouches for: whoever signed it, or
// whoever wrote its digest into the policy. Its validity is judged at the time of each appraisal.
class CorimReference {
 public:
  // verified_by reads a signed document. Errors: decode, signature_invalid, algorithm_not_allowed;
  // collateral_invalid for one that nobody signed.
  [[nodiscard]] static Result<CorimReference> verified_by(ByteView document, const std::vector<Spki>& keys);
  // pinned reads one that nobody signed, and whose SHA-256 is `digest`. Errors: decode, reference_mismatch;
  // misuse for a signed one.
  [[nodiscard]] static Result<CorimReference> pinned(ByteView document, ByteView digest);

  struct Impl;  // src/appraise
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  explicit CorimReference(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace seatls
