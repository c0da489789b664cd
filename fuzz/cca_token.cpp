// Any bytes as an attestation token of Arm CCA: what is read can be judged, and nothing passes that no
// trusted platform signed.
#include "appraise/schemes/cca/parse.h"
#include "crypto/signature.h"
#include "fuzz/scheme.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  static const Policy policy = [] {
    Policy p;
    p.id = "fuzz";
    p.schemes = {"cca"};
    p.cca.cpak = {crypto::PrivateKey::generate(crypto::KeyType::p384)->public_key().spki()};
    p.cca.initial_measurement = expect::OneOf<Bytes>{{Bytes(32, 5)}};
    p.cca.components = expect::OneOf<Bytes>{{Bytes(32, 3)}};
    return p;
  }();
  const Cmw cmw = fuzz::evidence_of("cca", data, size);
  if (const auto read = appraise::cca::parse(cmw); read.ok()) {
    const auto& [platform, realm] = **read;
    demand(platform.instance_id.size() == 33 && platform.implementation_id.size() == 32);
    demand(!platform.components.empty() && realm.challenge.size() == 64);
    demand(realm.initial_measurement.size() >= 32 && realm.personalization.size() == 64);
  } else {
    fuzz::demand_reason(read.error());
  }
  fuzz::demand_refused("cca", cmw, policy);
  return 0;
}
