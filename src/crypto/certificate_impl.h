// What a Certificate holds. Inside of this module only.
#pragma once

#include "crypto/openssl_ptr.h"
#include "crypto/x509.h"

namespace seatls::crypto {

struct Certificate::Impl {
  X509Ptr x509;
  Time not_before, not_after;
};

}  // namespace seatls::crypto
