#include "crypto/tpm_credential.h"

#include <openssl/rsa.h>

#include "crypto/hash.h"
#include "crypto/key_impl.h"

namespace seatls::crypto {
namespace {

void append(Bytes& to, ByteView more) { to.insert(to.end(), more.begin(), more.end()); }
void append_u16(Bytes& to, std::size_t n) {
  to.push_back(static_cast<std::uint8_t>(n >> 8));
  to.push_back(static_cast<std::uint8_t>(n));
}
void append_u32(Bytes& to, std::uint32_t n) {
  append_u16(to, n >> 16);
  append_u16(to, n & 0xffff);
}
// TPM2B: UINT16 size, then as many bytes.
Bytes sized(ByteView content) {
  Bytes out;
  append_u16(out, content.size());
  append(out, content);
  return out;
}

// KDFa, Part 1, 11.4.10.2: HMAC(key, [i]32 ‖ label ‖ 00 ‖ contextU ‖ contextV ‖ [bits]32), for as many i
// as it takes. Both contexts are one here: never are both used.
Bytes kdf_a(Hash hash, const Secret& key, std::string_view label, ByteView context, std::size_t length) {
  Bytes out;
  for (std::uint32_t i = 1; out.size() < length; ++i) {
    Bytes input;
    append_u32(input, i);
    append(input, view(label));
    input.push_back(0);
    append(input, context);
    append_u32(input, static_cast<std::uint32_t>(8 * length));
    append(out, hmac(hash, key.reveal(), input));
  }
  out.resize(length);
  return out;
}

// KDFe, Part 1, 11.4.10.3: H([1]32 ‖ Z ‖ label ‖ 00 ‖ PartyUInfo ‖ PartyVInfo), of one block.
Secret kdf_e(Hash hash, const Secret& z, std::string_view label, ByteView party_u, ByteView party_v) {
  Bytes input;
  append_u32(input, 1);
  append(input, z.reveal());
  append(input, view(label));
  input.push_back(0);
  append(input, party_u);
  append(input, party_v);
  return Secret(digest(hash, input));
}

constexpr std::string_view identity = "IDENTITY";

struct Seed {
  Secret value;
  Bytes encrypted;  // for the endorsement key; TPMU_ENCRYPTED_SECRET
};

const char* digest_name(Hash hash) { return hash == Hash::sha384 ? "SHA384" : "SHA256"; }

Result<Seed> rsa_seed(const PublicKey& ek, Hash hash) {
  Secret value(random_bytes(size(hash)));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, ek.impl().key.get(), nullptr));
  // The label ends with its zero byte. OpenSSL frees it.
  void* label = OPENSSL_memdup(identity.data(), identity.size() + 1);
  const bool ready = context && label != nullptr && EVP_PKEY_encrypt_init(context.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_rsa_oaep_md_name(context.get(), digest_name(hash), nullptr) == 1 &&
                     EVP_PKEY_CTX_set_rsa_mgf1_md_name(context.get(), digest_name(hash), nullptr) == 1;
  if (!ready || EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label, identity.size() + 1) != 1) {
    OPENSSL_free(label);
    return library_error("RSA-OAEP");
  }
  Bytes encrypted(static_cast<std::size_t>(EVP_PKEY_get_size(ek.impl().key.get())));
  std::size_t length = encrypted.size();
  const ByteView plain = value.reveal();
  if (EVP_PKEY_encrypt(context.get(), encrypted.data(), &length, plain.data(), plain.size()) != 1) {
    return library_error("RSA-OAEP");
  }
  encrypted.resize(length);
  return Seed{std::move(value), std::move(encrypted)};
}

Result<Seed> ecc_seed(const PublicKey& ek, Hash hash) {
  SEATLS_TRY(const PrivateKey ephemeral, PrivateKey::generate(ek.type()));
  SEATLS_TRY(const EcPoint ours, ephemeral.public_key().point());
  SEATLS_TRY(const EcPoint theirs, ek.point());
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, ephemeral.impl().key.get(), nullptr));
  Bytes shared(theirs.x.size());
  std::size_t length = shared.size();
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), ek.impl().key.get()) != 1 ||
      EVP_PKEY_derive(context.get(), shared.data(), &length) != 1) {
    return library_error("ECDH");
  }
  const Secret z(std::move(shared));
  Bytes point = sized(ours.x);  // TPMS_ECC_POINT
  append(point, sized(ours.y));
  return Seed{kdf_e(hash, z, identity, ours.x, theirs.x), std::move(point)};
}

Result<Bytes> aes_cfb(const Secret& key, ByteView plain) {
  const Ptr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = key.size() == 16 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128();
  const std::uint8_t no_iv[16] = {};
  Bytes out(plain.size());
  int length = 0;
  if (!context || EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.reveal().data(), no_iv) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &length, plain.data(), static_cast<int>(plain.size())) !=
          1) {
    return library_error("AES-CFB");
  }
  return out;
}

}  // namespace

Result<TpmCredential> make_tpm_credential(const PublicKey& endorsement_key, Hash name_hash,
                                          ByteView object_name, const Secret& secret) {
  const ErrorScope errors;
  if (name_hash != Hash::sha256 && name_hash != Hash::sha384) {
    return Error{Code::configuration, "an endorsement key has the nameAlg sha256 or sha384",
                 "endorsement key"};
  }
  if (secret.size() > size(name_hash) || secret.size() == 0) {
    return Error{Code::misuse, "the secret has 1 to " + std::to_string(size(name_hash)) + " bytes", ""};
  }
  const KeyType type = endorsement_key.type();
  if (type != KeyType::rsa && type != KeyType::p256 && type != KeyType::p384) {
    return Error{Code::configuration,
                 "an endorsement key is RSA or on P-256 or P-384; this one is " + std::string(name(type)),
                 "endorsement key"};
  }
  SEATLS_TRY(const Seed seed, type == KeyType::rsa ? rsa_seed(endorsement_key, name_hash)
                                                   : ecc_seed(endorsement_key, name_hash));
  const std::size_t aes_key_size = name_hash == Hash::sha256 ? 16 : 32;
  const Secret storage_key(kdf_a(name_hash, seed.value, "STORAGE", object_name, aes_key_size));
  const Secret integrity_key(kdf_a(name_hash, seed.value, "INTEGRITY", {}, size(name_hash)));

  const Secret plain(sized(secret.reveal()));
  SEATLS_TRY(const Bytes encrypted, aes_cfb(storage_key, plain.reveal()));
  Bytes protected_bytes = encrypted;
  append(protected_bytes, object_name);
  // TPMS_ID_OBJECT { TPM2B_DIGEST integrityHMAC; encIdentity, which fills the rest; }
  Bytes id_object = sized(hmac(name_hash, integrity_key.reveal(), protected_bytes));
  append(id_object, encrypted);
  return TpmCredential{sized(id_object), sized(seed.encrypted)};
}

}  // namespace seatls::crypto
