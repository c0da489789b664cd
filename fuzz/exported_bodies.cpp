// The structures inside of requests and authenticators: what decodes has one encoding, the one it came in.
#include <algorithm>

#include "fuzz/fuzz.h"
#include "wire/exported_messages.h"

namespace {

template <class T>
void decode_and_encode(seatls::ByteView in) {
  using namespace seatls;
  const auto decoded = codec::decode<T>(in);
  if (!decoded) return fuzz::demand(!decoded.error().detail.empty());
  const auto encoded = codec::encode(*decoded);
  if (encoded) return fuzz::demand(std::ranges::equal(*encoded, in));
  fuzz::demand(encoded.error().code == Code::evidence_too_large);  // longer than this endpoint would send it
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  const ByteView in{data, size};
  decode_and_encode<wire::HandshakeMessage>(in);
  decode_and_encode<wire::CertificateRequest>(in);
  decode_and_encode<wire::Certificate>(in);
  decode_and_encode<wire::CertificateVerify>(in);
  decode_and_encode<wire::SignatureSchemeList>(in);
  decode_and_encode<wire::ServerNameList>(in);
  decode_and_encode<wire::CmwAttestation>(in);
  decode_and_encode<wire::WantedSchemes>(in);
  decode_and_encode<wire::PassportChallenge>(in);
  decode_and_encode<wire::PassportProof>(in);
  return 0;
}
