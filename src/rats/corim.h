// CoRIM: reference values and endorsements, signed by whom the verifier trusts for them
// (draft-ietf-rats-corim-11). Only what a verified, or expressly unsigned, document says may be used.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/cose.h"
#include "crypto/signature.h"
#include "rats/comid.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/result.h"

namespace seatls::rats {

struct Corim {
  std::string id;                      // text, or a UUID in hex
  std::optional<std::string> profile;  // a URI, or a dotted OID
  std::optional<Time> not_before, not_after;
  std::vector<comid::Comid> comids;
  std::size_t other_tags = 0;  // CoSWID, CoTL, and tags that are not known: not used
};

// UnverifiedCorim was parsed, no more.
class UnverifiedCorim {
 public:
  [[nodiscard]] const Corim& unverified() const { return corim_; }
  [[nodiscard]] bool is_signed() const { return signed_.has_value(); }
  [[nodiscard]] const std::optional<std::string>& signer() const { return signer_; }  // as it calls itself

 private:
  friend Result<UnverifiedCorim> parse_corim(ByteView);
  friend class VerifiedCorim;
  struct Signed {
    codec::cose::Sign1 message;
    std::optional<Time> not_before, not_after;  // of the signature
  };
  UnverifiedCorim() = default;
  Corim corim_;
  std::optional<std::string> signer_;
  std::optional<Signed> signed_;
};

// parse_corim reads #6.501 and signed-corim (#6.18). Errors: decode, unknown_critical.
[[nodiscard]] Result<UnverifiedCorim> parse_corim(ByteView data);

// VerifiedCorim exists only where one of the keys verified the signature. Whether document and signature are
// valid is a question of the moment at which they are used.
class VerifiedCorim {
 public:
  // Errors: signature_invalid, algorithm_not_allowed; collateral_invalid for one that nobody signed.
  [[nodiscard]] static Result<VerifiedCorim> verify(UnverifiedCorim corim,
                                                    std::span<const crypto::PublicKey> keys);
  // danger_unsigned takes one that nobody signed at the word of whoever handed it over. Errors: misuse.
  [[nodiscard]] static Result<VerifiedCorim> danger_unsigned(UnverifiedCorim corim);

  // valid_at compares the validity of both. Errors: collateral_stale.
  [[nodiscard]] Result<void> valid_at(Time at) const;
  [[nodiscard]] const Corim& operator*() const { return corim_; }
  [[nodiscard]] const Corim* operator->() const { return &corim_; }

 private:
  VerifiedCorim(Corim corim, std::optional<Time> not_before, std::optional<Time> not_after)
      : corim_(std::move(corim)), not_before_(not_before), not_after_(not_after) {}
  Corim corim_;
  std::optional<Time> not_before_, not_after_;  // of the signature
};

}  // namespace seatls::rats
