// A certificate: the key that is cut out of it is part of it, and stands where libcrypto finds it.
#include <algorithm>

#include "crypto/x509.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  const ByteView in(data, size);
  const auto spki = crypto::spki_of_certificate(in);
  const auto certificate = crypto::Certificate::from_der(in);
  if (!spki) fuzz::demand(!certificate && !spki.error().detail.empty());
  if (!certificate) return 0;
  fuzz::demand(certificate->spki() == *spki);
  fuzz::demand(!std::ranges::search(in, spki->der()).empty());
  fuzz::demand(std::ranges::equal(certificate->der(), in));
  (void)certificate->subject();
  (void)certificate->has_extended_key_usage("2.23.133.8.3");
  // A certificate is its own anchor, and so verifies, or is refused, without any other.
  crypto::ChainCheck check{.anchors = {*certificate}, .at = certificate->not_before()};
  (void)crypto::verify_chain(*certificate, check);
  check.crls = {bytes(in)};
  fuzz::demand(!crypto::verify_chain(*certificate, check));  // a certificate is no CRL
  return 0;
}
