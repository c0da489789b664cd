// Revocation lists by themselves; with a chain, they go into ChainCheck (x509.h).
#pragma once

#include "crypto/x509.h"

namespace seatls::crypto {

// verify_crl says that `issuer` signed the list. Errors: malformed; signature_invalid.
[[nodiscard]] Result<void> verify_crl(ByteView crl_der, const Certificate& issuer);

// read_crl reads a list that is DER, PEM or hex digits, and returns DER. Errors: malformed.
[[nodiscard]] Result<Bytes> read_crl(ByteView content);

}  // namespace seatls::crypto
