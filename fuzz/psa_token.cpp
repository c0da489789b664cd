// Any bytes as a PSA attestation token: what is read can be judged, and nothing passes that no trusted device
// signed.
#include "appraise/schemes/psa/parse.h"
#include "crypto/signature.h"
#include "fuzz/scheme.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  static const Policy policy = [] {
    Policy p;
    p.id = "fuzz";
    p.schemes = {"psa"};
    p.psa.iak = {crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key().spki()};
    p.psa.components = expect::OneOf<Bytes>{{Bytes(32, 3)}};
    return p;
  }();
  const Cmw cmw = fuzz::evidence_of("psa", data, size);
  if (const auto read = appraise::psa::parse(cmw); read.ok()) {
    const auto& token = **read;
    demand(token.instance_id.size() == 33 && token.implementation_id.size() == 32);
    demand(token.nonce.size() >= 32 && token.client_id != 0);
    demand(!token.components.empty() || token.profile == "PSA_IOT_PROFILE_1");
  } else {
    fuzz::demand_reason(read.error());
  }
  fuzz::demand_refused("psa", cmw, policy);
  return 0;
}
