#include "crypto/kem.h"

#include <string_view>

#include "crypto/hash.h"
#include "crypto/key_impl.h"

namespace seatls::crypto {
namespace {

// RFC 9180, 7.1: the KEMs that are spoken here.
struct Suite {
  KeyType curve;
  std::uint16_t kem_id;
  Hash hash;
  std::size_t coordinate;  // bytes
};
constexpr Suite suites[] = {{KeyType::p256, 0x0010, Hash::sha256, 32},
                            {KeyType::p384, 0x0011, Hash::sha384, 48}};

Result<Suite> suite_of(KeyType type) {
  for (const Suite& suite : suites)
    if (suite.curve == type) return suite;
  return Error{Code::algorithm_not_allowed,
               "a key of type " + std::string(name(type)) + " encapsulates nothing; use P-256 or P-384",
               "kem"};
}

void append(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }
void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

// concat("HPKE-v1", suite_id, label); suite_id = concat("KEM", I2OSP(kem_id, 2))
void append_label(Bytes& out, const Suite& suite, std::string_view label) {
  append(out, "HPKE-v1KEM");
  out.push_back(static_cast<std::uint8_t>(suite.kem_id >> 8));
  out.push_back(static_cast<std::uint8_t>(suite.kem_id));
  append(out, label);
}

// SerializePublicKey: the uncompressed point.
Result<Bytes> serialize(const PublicKey& key) {
  SEATLS_TRY(const EcPoint point, key.point());
  Bytes out{4};
  append(out, point.x);
  append(out, point.y);
  return out;
}

Result<PublicKey> deserialize(const Suite& suite, ByteView enc) {
  const std::size_t n = suite.coordinate;
  if (enc.size() != 1 + 2 * n || enc[0] != 4)
    return Error{
        Code::malformed,
        "is " + std::to_string(enc.size()) + " bytes; an uncompressed point has " + std::to_string(1 + 2 * n),
        "kem > enc"};
  auto key = PublicKey::from_ec_point(suite.curve, {bytes(enc.subspan(1, n)), bytes(enc.subspan(1 + n))});
  if (!key) return std::move(key).error().in("kem > enc");
  return key;
}

// DH(skX, pkY): the x coordinate. libcrypto refuses a point that is not on the curve.
Result<Secret> diffie_hellman(const PrivateKey& own, const PublicKey& peer) {
  const ErrorScope errors;
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.impl().key.get(), nullptr));
  std::size_t length = 0;
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer_ex(context.get(), peer.impl().key.get(), 1) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &length) != 1)
    return library_error("ECDH");
  Bytes shared(length);
  if (EVP_PKEY_derive(context.get(), shared.data(), &length) != 1 || length != shared.size())
    return library_error("ECDH");
  return Secret(std::move(shared));
}

// ExtractAndExpand(dh, kem_context), with LabeledExtract and LabeledExpand written out:
//   eae_prk = LabeledExtract("", "eae_prk", dh)
//   shared_secret = LabeledExpand(eae_prk, "shared_secret", kem_context, Nsecret)
Result<Secret> extract_and_expand(const Suite& suite, const Secret& dh, ByteView kem_context) {
  Bytes labeled;
  append_label(labeled, suite, "eae_prk");
  append(labeled, dh.reveal());
  const Secret input(std::move(labeled));
  const Secret prk(hkdf_extract(suite.hash, {}, input.reveal()));
  const std::size_t n_secret = size(suite.hash);
  Bytes info{static_cast<std::uint8_t>(n_secret >> 8), static_cast<std::uint8_t>(n_secret)};
  append_label(info, suite, "shared_secret");
  append(info, kem_context);
  SEATLS_TRY(Bytes out, hkdf_expand(suite.hash, prk.reveal(), info, n_secret));
  return Secret(std::move(out));
}

// kem_context = concat(enc, pkRm)
Result<Secret> agree(const Suite& suite, const PrivateKey& own, const PublicKey& peer, ByteView enc,
                     const PublicKey& recipient) {
  SEATLS_TRY(const Secret dh, diffie_hellman(own, peer));
  Bytes kem_context = bytes(enc);
  SEATLS_TRY(const Bytes serialized, serialize(recipient));
  append(kem_context, serialized);
  return extract_and_expand(suite, dh, kem_context);
}

}  // namespace

Result<Encapsulation> encapsulate(const PublicKey& recipient) {
  SEATLS_TRY(const Suite suite, suite_of(recipient.type()));
  SEATLS_TRY(const PrivateKey ephemeral, PrivateKey::generate(suite.curve));
  SEATLS_TRY(Bytes enc, serialize(ephemeral.public_key()));
  SEATLS_TRY(Secret shared_secret, agree(suite, ephemeral, recipient, enc, recipient));
  return Encapsulation{std::move(enc), std::move(shared_secret)};
}

Result<Secret> decapsulate(const PrivateKey& recipient, ByteView enc) {
  SEATLS_TRY(const Suite suite, suite_of(recipient.public_key().type()));
  SEATLS_TRY(const PublicKey ephemeral, deserialize(suite, enc));
  return agree(suite, recipient, ephemeral, enc, recipient.public_key());
}

}  // namespace seatls::crypto
