// A SubjectPublicKeyInfo: what is accepted has one canonical encoding, which leads back to the same key.
#include <algorithm>

#include "crypto/signature.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  const auto key = crypto::PublicKey::from_spki({data, size});
  if (!key) {
    fuzz::demand(!key.error().detail.empty());
    return 0;
  }
  const auto canonical = key->spki();
  const auto again = crypto::PublicKey::from_spki(canonical.der());
  fuzz::demand(again.ok() && again->same_key(*key) && again->spki() == canonical);
  if (const auto point = key->point(); point.ok()) {
    const auto rebuilt = crypto::PublicKey::from_ec_point(key->type(), *point);
    fuzz::demand(rebuilt.ok() && rebuilt->same_key(*key));
  }
  if (key->type() == crypto::KeyType::rsa) {
    const auto modulus = key->rsa_modulus();
    const auto exponent = key->rsa_exponent();
    fuzz::demand(modulus.ok() && exponent.ok() && crypto::PublicKey::from_rsa(*modulus, *exponent).ok());
  }
  const Bytes signature(64, 1);
  (void)key->verify(crypto::SignatureAlgorithm::ecdsa_p256_sha256, view("message"), signature,
                    crypto::EcdsaForm::fixed);
  (void)key->verify(crypto::SignatureAlgorithm::ed25519, view("message"), signature,
                    crypto::EcdsaForm::fixed);
  return 0;
}
