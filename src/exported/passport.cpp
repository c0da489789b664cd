#include "exported/passport.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/kem.h"
#include "exported/messages.h"
#include "wire/exported_messages.h"

namespace seatls {
namespace {

class KemKeyInMemory final : public KemKey {
 public:
  explicit KemKeyInMemory(crypto::PrivateKey key)
      : key_(std::move(key)), public_key_(key_.public_key().spki()) {}
  [[nodiscard]] const Spki& public_key() const override { return public_key_; }
  [[nodiscard]] Result<Secret> decapsulate(ByteView enc) override { return crypto::decapsulate(key_, enc); }

 private:
  const crypto::PrivateKey key_;
  const Spki public_key_;
};

}  // namespace

Result<std::shared_ptr<KemKey>> make_kem_key(const Secret& pem) {
  SEATLS_TRY(auto key, crypto::PrivateKey::from_pem(text(pem.reveal())));
  const auto type = key.public_key().type();
  if (type != crypto::KeyType::p256 && type != crypto::KeyType::p384)
    return Error{Code::algorithm_not_allowed,
                 "a key of type " + std::string(crypto::name(type)) + " is no keK; use P-256 or P-384",
                 "keK"};
  return std::shared_ptr<KemKey>(std::make_shared<KemKeyInMemory>(std::move(key)));
}

namespace post {
namespace {

constexpr std::string_view place = "interactive_passport";
constexpr std::string_view proof_label = "seatls keK proof";

Bytes id_of(const Spki& kek) { return crypto::digest(Hash::sha256, kek.der()); }

Result<Bytes> mac_of(const exported::Connection& connection, Role prover,
                     const exported::AuthenticatorRequest& request, const Spki& tik,
                     const Secret& shared_secret) {
  const Hash hash = connection.hash;
  SEATLS_TRY(const exported::AuthenticatorKeys keys, exported::export_keys(connection, prover));
  crypto::Hasher transcript(hash);
  transcript.update(keys.handshake_context);
  transcript.update(request.encoded());
  const Bytes transcript_hash = transcript.current();

  const Secret prk(crypto::hkdf_extract(hash, {}, shared_secret.reveal()));
  SEATLS_TRY(Bytes key, crypto::hkdf_expand_label(hash, crypto::LabelPrefix::tls13, prk.reveal(), proof_label,
                                                  transcript_hash, size(hash)));
  const Secret mac_key(std::move(key));
  Bytes input = transcript_hash;
  input.insert(input.end(), tik.der().begin(), tik.der().end());
  const ByteView shared = shared_secret.reveal();
  input.insert(input.end(), shared.begin(), shared.end());
  const Secret mac_input(std::move(input));
  return crypto::hmac(hash, mac_key.reveal(), mac_input.reveal());
}

Error unproven(std::string why) {
  return {Code::possession_unproven, std::move(why), "Certificate[0] > " + std::string(place)};
}

}  // namespace

Result<Challenge> make_challenge(const Spki& kek) {
  auto key = crypto::PublicKey::from_spki(kek.der());
  auto made = key ? crypto::encapsulate(*key) : Result<crypto::Encapsulation>(key.error());
  if (!made) return unproven("the keK of the result takes no challenge: " + made.error().message());
  SEATLS_TRY(Bytes extension, codec::encode(wire::PassportChallenge{id_of(kek), std::move(made->enc)}));
  return Challenge{kek, std::move(made->shared_secret), std::move(extension)};
}

Result<Bytes> answer_challenge(const InteractivePassport& own, const exported::Connection& connection,
                               const exported::AuthenticatorRequest& request, const Bytes& challenge,
                               const Spki& tik) {
  auto read = codec::decode<wire::PassportChallenge>(challenge);
  if (!read) return std::move(read).error().in(place);
  for (const auto& kek : own.keys) {
    if (id_of(kek->public_key()) != read->kek_id) continue;
    auto secret = kek->decapsulate(read->enc);
    if (!secret && category(secret.error().code) == Category::decode)
      return Error{Code::unknown_value, secret.error().message(), std::string(place)};
    if (!secret) return Error{Code::attester_unavailable, secret.error().message(), std::string(place)};
    SEATLS_TRY(Bytes mac, mac_of(connection, connection.role, request, tik, *secret));
    return codec::encode(wire::PassportProof{std::move(mac)});
  }
  return Error{
      Code::attester_unavailable,
      "the challenge is for the keK with the SHA-256 " + base::to_hex(read->kek_id) + ", which is not held",
      std::string(place)};
}

Result<void> verify_answer(const Challenge& challenge, const exported::Connection& connection,
                           const exported::AuthenticatorRequest& request, const Bytes* answer,
                           const Spki& tik) {
  if (answer == nullptr) return unproven("the answer to the challenge is missing");
  const auto proof = codec::decode<wire::PassportProof>(*answer);
  if (!proof) return unproven("the answer to the challenge cannot be read: " + proof.error().message());
  SEATLS_TRY(const Bytes expected,
             mac_of(connection, other(connection.role), request, tik, challenge.shared_secret));
  if (!constant_time_equal(expected, proof->mac))
    return unproven("the answer was made without the keK, or for another request, connection or key");
  return {};
}

}  // namespace post
}  // namespace seatls
