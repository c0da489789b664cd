#include "fake/slow_signer.h"

#include <openssl/evp.h>

#include "crypto/signature_openssl.h"

namespace seatls::fake {

Result<Bytes> SlowSigner::sign_digest(const Bytes& digest) const {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(nullptr, crypto::native(key_), nullptr);
  Bytes out(256);
  std::size_t size = out.size();
  const bool ok = context != nullptr && EVP_PKEY_sign_init(context) == 1 &&
                  EVP_PKEY_sign(context, out.data(), &size, digest.data(), digest.size()) == 1;
  EVP_PKEY_CTX_free(context);
  if (!ok) return Error{Code::crypto, "EVP_PKEY_sign", ""};
  out.resize(size);
  return out;
}

}  // namespace seatls::fake
