// An EVP_PKEY whose private half is elsewhere. OpenSSL 3 asks the key's provider to sign; ours is
// built into the process, and lives in a library context of its own: in the application's, every
// other EC key could end up with it.
#include "stack/openssl/external_key.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <openssl/provider.h>

#include <cstring>

#include "crypto/hash.h"
#include "crypto/signature.h"
#include "seatls/openssl.h"
#include "stack/openssl/async_wait.h"

namespace seatls::openssl {
namespace {

constexpr const char* provider_name = "seatls-external";
constexpr const char* provider_properties = "provider=seatls-external";
// A name that no other provider has: OpenSSL finds the signature by the key's provider alone.
constexpr const char* signature_name = "SEATLS-EXTERNAL-ECDSA";
constexpr const char* signer_parameter = "seatls-signer";

thread_local std::optional<Error> signing_error;

// ---- Keys --------------------------------------------------------------------------------------

struct Curve {
  int nid;
  const char* group;
  int bits;
  int security_bits;
  int longest_signature;  // DER
  Hash hash;
  const char* digest;
};
constexpr Curve curves[] = {
    {NID_X9_62_prime256v1, "prime256v1", 256, 128, 72, Hash::sha256, "SHA256"},
    {NID_secp384r1, "secp384r1", 384, 192, 104, Hash::sha384, "SHA384"},
};

const Curve* find_curve(const char* group) {
  const int nid = EC_curve_nist2nid(group) != NID_undef ? EC_curve_nist2nid(group) : OBJ_sn2nid(group);
  for (const Curve& c : curves) {
    if (c.nid == nid) return &c;
  }
  return nullptr;
}

struct SignerAndLimit {
  std::shared_ptr<Signer> signer;
  std::chrono::milliseconds limit;
};

// Key is what the provider keeps for an EVP_PKEY. Without a signer it is a public key, as OpenSSL
// makes of a certificate's key to compare it with ours.
struct Key {
  const Curve* curve = nullptr;
  Bytes point;  // uncompressed
  SignerAndLimit signing;
};

Key* key_of(void* p) { return static_cast<Key*>(p); }
const Key* key_of(const void* p) { return static_cast<const Key*>(p); }

// A certificate may hold the point compressed.
Bytes uncompressed(const Curve& curve, ByteView encoded) {
  Bytes out(1 + 2 * static_cast<std::size_t>(curve.bits) / 8);
  EC_GROUP* group = EC_GROUP_new_by_curve_name(curve.nid);
  EC_POINT* point = group != nullptr ? EC_POINT_new(group) : nullptr;
  const bool ok =
      point != nullptr && EC_POINT_oct2point(group, point, encoded.data(), encoded.size(), nullptr) == 1 &&
      EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out.data(), out.size(), nullptr) ==
          out.size();
  EC_POINT_free(point);
  EC_GROUP_free(group);
  return ok ? out : Bytes{};
}

void* key_new(void*) { return new Key; }
void key_free(void* key) { delete key_of(key); }
void* key_dup(const void* key, int) { return new Key(*key_of(key)); }

int key_has(const void* p, int selection) {
  const Key* key = key_of(p);
  if (key == nullptr || key->curve == nullptr) return 0;
  return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || key->signing.signer != nullptr ? 1 : 0;
}

int key_match(const void* a, const void* b, int selection) {
  const Key* one = key_of(a);
  const Key* two = key_of(b);
  if (one->curve != two->curve) return 0;
  return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0 || one->point == two->point ? 1 : 0;
}

int key_import(void* p, int, const OSSL_PARAM params[]) {
  Key* key = key_of(p);
  const OSSL_PARAM* group = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
  const OSSL_PARAM* point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
  const char* name = nullptr;
  if (group == nullptr || OSSL_PARAM_get_utf8_string_ptr(group, &name) != 1) return 0;
  const Curve* curve = find_curve(name);
  if (curve == nullptr) return 0;
  const void* encoded = nullptr;
  std::size_t size = 0;
  if (point != nullptr) {
    if (OSSL_PARAM_get_octet_string_ptr(point, &encoded, &size) != 1) return 0;
    key->point = uncompressed(*curve, {static_cast<const std::uint8_t*>(encoded), size});
    if (key->point.empty()) return 0;
  }
  key->curve = curve;
  const OSSL_PARAM* signer = OSSL_PARAM_locate_const(params, signer_parameter);
  if (signer != nullptr) {
    const void* given = nullptr;
    if (OSSL_PARAM_get_octet_ptr(signer, &given, &size) != 1) return 0;
    key->signing = *static_cast<const SignerAndLimit*>(given);
  }
  return 1;
}

int key_export(void* p, int selection, OSSL_CALLBACK* callback, void* argument) {
  const Key* key = key_of(p);
  if (key->curve == nullptr || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return 0;
  const bool with_point = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(key->curve->group), 0),
      with_point
          ? OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                              const_cast<std::uint8_t*>(key->point.data()), key->point.size())
          : OSSL_PARAM_construct_end(),
      OSSL_PARAM_construct_end(),
  };
  return callback(params, argument);
}

const OSSL_PARAM* key_types(int) {
  static const OSSL_PARAM types[] = {
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_END,
  };
  return types;
}

const OSSL_PARAM* key_gettable(void*) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0),
      OSSL_PARAM_END,
  };
  return params;
}

int key_get(void* p, OSSL_PARAM params[]) {
  const Key* key = key_of(p);
  if (key->curve == nullptr) return 0;
  const auto set = [params](const char* name, auto setter, auto... value) {
    OSSL_PARAM* param = OSSL_PARAM_locate(params, name);
    return param == nullptr || setter(param, value...) == 1;
  };
  const bool ok =
      set(OSSL_PKEY_PARAM_BITS, OSSL_PARAM_set_int, key->curve->bits) &&
      set(OSSL_PKEY_PARAM_SECURITY_BITS, OSSL_PARAM_set_int, key->curve->security_bits) &&
      set(OSSL_PKEY_PARAM_MAX_SIZE, OSSL_PARAM_set_int, key->curve->longest_signature) &&
      set(OSSL_PKEY_PARAM_DEFAULT_DIGEST, OSSL_PARAM_set_utf8_string, key->curve->digest) &&
      set(OSSL_PKEY_PARAM_GROUP_NAME, OSSL_PARAM_set_utf8_string, key->curve->group) &&
      set(OSSL_PKEY_PARAM_PUB_KEY, OSSL_PARAM_set_octet_string, key->point.data(), key->point.size()) &&
      set(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, OSSL_PARAM_set_octet_string, key->point.data(),
          key->point.size());
  return ok ? 1 : 0;
}

const char* key_operation(int operation) { return operation == OSSL_OP_SIGNATURE ? signature_name : "EC"; }

// ---- Signatures --------------------------------------------------------------------------------

struct Signing {
  const Curve* curve = nullptr;
  SignerAndLimit by;
  Bytes message;  // short: what CertificateVerify signs
};

Signing* signing_of(void* p) { return static_cast<Signing*>(p); }

int refuse(Error error) {
  ERR_raise_data(ERR_LIB_PROV, PROV_R_FAILED_TO_SIGN, "%s", error.message().c_str());
  signing_error = std::move(error);
  return 0;
}

void* signing_new(void*, const char*) { return new Signing; }
void signing_free(void* p) { delete signing_of(p); }
void* signing_dup(void* p) { return new Signing(*signing_of(p)); }

int signing_init(void* p, const char* digest, void* provider_key, const OSSL_PARAM*) {
  Signing* s = signing_of(p);
  const Key* key = key_of(provider_key);
  if (key == nullptr || key->signing.signer == nullptr) return 0;
  if (digest != nullptr && *digest != '\0') {
    EVP_MD* md = EVP_MD_fetch(nullptr, digest, nullptr);
    const bool allowed = md != nullptr && EVP_MD_is_a(md, key->curve->digest) == 1;
    EVP_MD_free(md);
    // The signer makes no other signatures; libssl asks first and goes on to the next scheme.
    if (!allowed) return 0;
  }
  s->curve = key->curve;
  s->by = key->signing;
  s->message.clear();
  return 1;
}

int signing_update(void* p, const unsigned char* data, std::size_t size) {
  Bytes& message = signing_of(p)->message;
  message.insert(message.end(), data, data + size);
  return 1;
}

int signing_final(void* p, unsigned char* out, std::size_t* size, std::size_t room) {
  Signing* s = signing_of(p);
  if (s->curve == nullptr) return 0;
  if (out == nullptr) {
    *size = static_cast<std::size_t>(s->curve->longest_signature);
    return 1;
  }
  auto answer = std::make_shared<Answer<Bytes>>(s->by.limit);
  s->by.signer->sign(crypto::digest(s->curve->hash, s->message),
                     [answer](Result<Bytes> made) { answer->put(std::move(made)); });
  Result<Bytes> signature = answer->wait();
  if (!signature) return refuse(std::move(signature).error().in("private key"));
  if (signature->size() > room) {
    return refuse(
        {Code::internal, "the signature has " + std::to_string(signature->size()) + " bytes", "private key"});
  }
  std::memcpy(out, signature->data(), signature->size());
  *size = signature->size();
  return 1;
}

int signing_whole(void* p, unsigned char* out, std::size_t* size, std::size_t room, const unsigned char* data,
                  std::size_t length) {
  // Asked for the size first, and then again with the same message.
  if (out != nullptr && signing_update(p, data, length) != 1) return 0;
  return signing_final(p, out, size, room);
}

// ---- The provider ------------------------------------------------------------------------------

template <class F>
OSSL_DISPATCH entry(int id, F* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
  static const OSSL_DISPATCH keys[] = {
      entry(OSSL_FUNC_KEYMGMT_NEW, key_new),
      entry(OSSL_FUNC_KEYMGMT_FREE, key_free),
      entry(OSSL_FUNC_KEYMGMT_DUP, key_dup),
      entry(OSSL_FUNC_KEYMGMT_HAS, key_has),
      entry(OSSL_FUNC_KEYMGMT_MATCH, key_match),
      entry(OSSL_FUNC_KEYMGMT_IMPORT, key_import),
      entry(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_types),
      entry(OSSL_FUNC_KEYMGMT_EXPORT, key_export),
      entry(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_types),
      entry(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get),
      entry(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable),
      entry(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, key_operation),
      {0, nullptr},
  };
  static const OSSL_DISPATCH signatures[] = {
      entry(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),
      entry(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
      entry(OSSL_FUNC_SIGNATURE_DUPCTX, signing_dup),
      entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signing_init),
      entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, signing_update),
      entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, signing_final),
      entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signing_whole),
      {0, nullptr},
  };
  static const OSSL_ALGORITHM key_algorithms[] = {
      {"EC:id-ecPublicKey:1.2.840.10045.2.1", provider_properties, keys, "key held by a signer"},
      {nullptr, nullptr, nullptr, nullptr},
  };
  static const OSSL_ALGORITHM signature_algorithms[] = {
      {signature_name, provider_properties, signatures, "ECDSA by a signer"},
      {nullptr, nullptr, nullptr, nullptr},
  };
  *no_cache = 0;
  if (operation == OSSL_OP_KEYMGMT) return key_algorithms;
  if (operation == OSSL_OP_SIGNATURE) return signature_algorithms;
  return nullptr;
}

int provider_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH*, const OSSL_DISPATCH** out,
                  void** context) {
  static const OSSL_DISPATCH functions[] = {entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query), {0, nullptr}};
  *out = functions;
  *context = const_cast<OSSL_CORE_HANDLE*>(handle);
  return 1;
}

// Never freed: an application may free its last key after everything else. The default provider is
// there to encode public keys.
OSSL_LIB_CTX* own_context() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* c = OSSL_LIB_CTX_new();
    const bool ok = c != nullptr && OSSL_PROVIDER_add_builtin(c, provider_name, provider_init) == 1 &&
                    OSSL_PROVIDER_load(c, provider_name) != nullptr &&
                    OSSL_PROVIDER_load(c, "default") != nullptr;
    return ok ? c : nullptr;
  }();
  return context;
}

}  // namespace

Result<evp_pkey_st*> external_key(std::shared_ptr<Signer> signer, std::chrono::milliseconds limit) {
  if (signer == nullptr) return Error{Code::misuse, "no signer", ""};
  SEATLS_TRY(const crypto::PublicKey public_key, crypto::PublicKey::from_spki(signer->public_key().der()));
  const Curve* curve = nullptr;
  if (public_key.type() == crypto::KeyType::p256) curve = &curves[0];
  if (public_key.type() == crypto::KeyType::p384) curve = &curves[1];
  if (curve == nullptr || curve->hash != signer->hash()) {
    return Error{
        Code::configuration,
        "a signer has a key on P-256 and signs SHA-256, or on P-384 and signs SHA-384; this one has " +
            std::string(crypto::name(public_key.type())) + " and " + std::string(name(signer->hash())),
        "private key"};
  }
  SEATLS_TRY(const crypto::EcPoint coordinates, public_key.point());
  Bytes point = {POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), coordinates.x.begin(), coordinates.x.end());
  point.insert(point.end(), coordinates.y.begin(), coordinates.y.end());

  SignerAndLimit signing{std::move(signer), limit};
  void* signing_pointer = &signing;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(curve->group), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_octet_ptr(signer_parameter, &signing_pointer, sizeof signing),
      OSSL_PARAM_construct_end(),
  };
  EVP_PKEY* key = nullptr;
  EVP_PKEY_CTX* maker = EVP_PKEY_CTX_new_from_name(own_context(), "EC", provider_properties);
  const bool ok = own_context() != nullptr && maker != nullptr && EVP_PKEY_fromdata_init(maker) == 1 &&
                  EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEYPAIR, params) == 1;
  EVP_PKEY_CTX_free(maker);
  if (!ok) return Error{Code::crypto, "OpenSSL does not take the signer's key", "private key"};
  return key;
}

std::optional<Error> take_signing_error() {
  const unsigned long first = ERR_peek_error();
  if (ERR_GET_LIB(first) != ERR_LIB_PROV || ERR_GET_REASON(first) != PROV_R_FAILED_TO_SIGN) return {};
  return std::exchange(signing_error, std::nullopt);
}

}  // namespace seatls::openssl
