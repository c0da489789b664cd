#include "appraise/corim_reference.h"

#include "appraise/corim_match.h"

#include "crypto/hash.h"

namespace seatls {
namespace {

// A profile may give meanings to values that nobody here knows: such a document is not used.
Result<rats::UnverifiedCorim> parse(ByteView document) {
  SEATLS_TRY(auto corim, rats::parse_corim(document));
  const auto& profile = corim.unverified().profile;
  if (profile && !appraise::known_profile(*profile))
    return Error{Code::unknown_value, "the profile \"" + *profile + "\" is not known", corim.unverified().id};
  return corim;
}

Result<rats::VerifiedCorim> verify(ByteView document, const std::vector<Spki>& keys) {
  SEATLS_TRY(auto corim, parse(document));
  std::vector<crypto::PublicKey> public_keys;
  for (const auto& spki : keys) {
    SEATLS_TRY(auto key, crypto::PublicKey::from_spki(spki.der()));
    public_keys.push_back(std::move(key));
  }
  return rats::VerifiedCorim::verify(std::move(corim), public_keys);
}

}  // namespace

Result<CorimReference> CorimReference::verified_by(ByteView document, const std::vector<Spki>& keys) {
  SEATLS_TRY(auto corim, verify(document, keys));
  return CorimReference(std::make_shared<const Impl>(Impl{std::move(corim)}));
}

Result<CorimReference> CorimReference::pinned(ByteView document, ByteView digest) {
  if (crypto::digest(Hash::sha256, document) != bytes(digest))
    return Error{Code::reference_mismatch, "the document has another SHA-256 than the policy names", "corim"};
  SEATLS_TRY(auto parsed, parse(document));
  // No danger here: whoever wrote the policy vouches for every byte.
  SEATLS_TRY(auto corim, rats::VerifiedCorim::danger_unsigned(std::move(parsed)));
  return CorimReference(std::make_shared<const Impl>(Impl{std::move(corim)}));
}

}  // namespace seatls
