#include "appraise/corim_reference.h"

#include "crypto/hash.h"

namespace seatls {
namespace {

Result<rats::VerifiedCorim> verify(ByteView document, const std::vector<Spki>& keys) {
  SEATLS_TRY(auto corim, rats::parse_corim(document));
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
  SEATLS_TRY(auto parsed, rats::parse_corim(document));
  // No danger here: whoever wrote the policy vouches for every byte.
  SEATLS_TRY(auto corim, rats::VerifiedCorim::danger_unsigned(std::move(parsed)));
  return CorimReference(std::make_shared<const Impl>(Impl{std::move(corim)}));
}

}  // namespace seatls
