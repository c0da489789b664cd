// The verify callback: the one place where OpenSSL lets a certificate be refused whose attestation
// extension is absent, and where the identity rule is put over the chain's errors.
#pragma once

#include <openssl/ssl.h>

namespace seatls::openssl {

// on_verify chains to the callback that the application has set.
int on_verify(int ok, X509_STORE_CTX* store);

}  // namespace seatls::openssl
