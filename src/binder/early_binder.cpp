#include "binder/early_binder.h"

#include "binder/mint.h"
#include "crypto/hash.h"

namespace seatls {

Binder danger::binder_from_bytes(Bytes value, Hash hash, Spki tik) {
  return {std::move(value), hash, std::move(tik)};
}

//= early-attestation#binder-derivation
Result<Binder> binder::derive_early_binder(Hash hash, bool dtls, ByteView transcript_hash, const Spki& tik) {
  if (hash != Hash::sha256 && hash != Hash::sha384)
    return Error{Code::misuse, std::string(name(hash)) + " is the hash of no TLS 1.3 suite that binders use",
                 "binder"};
  if (transcript_hash.size() != size(hash))
    return Error{Code::misuse,
                 "the transcript hash is " + std::to_string(transcript_hash.size()) + " bytes; " +
                     std::string(name(hash)) + " has " + std::to_string(size(hash)),
                 "binder"};
  const auto prefix = dtls ? crypto::LabelPrefix::dtls13 : crypto::LabelPrefix::tls13;
  const Bytes zero(size(hash), 0);
  SEATLS_TRY(const Bytes base,
             crypto::hkdf_expand_label(hash, prefix, zero, "attestation base", transcript_hash, size(hash)));
  SEATLS_TRY(Bytes value, crypto::hkdf_expand_label(hash, prefix, base, "attestation",
                                                    crypto::digest(hash, tik.der()), size(hash)));
  return Mint::make(std::move(value), hash, tik);
}

}  // namespace seatls
