// A simulated AWS Nitro enclave, for tests and CI: attestation documents as the Nitro Secure Module writes
// them, byte for byte, below a root that is made up. A relying party accepts them only where its policy names
// that root in danger.simulated_roots, and says so in every result.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "seatls/attester.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/result.h"
#include "seatls/scheme.h"

namespace seatls {

struct SimulatedNitroOptions {
  std::vector<Spki> tiks;  // the keys that it attests
  std::string module_id = "i-0123456789abcdef0-enc0123456789abcdef";
  std::map<unsigned, Bytes> pcrs = {{0, Bytes(48, 0xA0)}, {1, Bytes(48, 0xA1)}, {2, Bytes(48, 0xA2)}};
  Bytes user_data;              // at most 512 bytes; empty: absent
  std::function<Time()> clock;  // empty: the system's
  EvidenceType type = MediaType{"application/vnd.seatls.nitro-document"};
};

// SimulatedNitro is an attester, and the root for danger.simulated_roots. The root's name is
// "SEATLS-SIMULATED-aws.nitro-enclaves": a policy takes no root of another name for a simulated one.
struct SimulatedNitro {
  std::shared_ptr<Attester> attester;
  std::string root_pem;
};

// make_simulated_nitro makes up an enclave. Each document holds the binder in `nonce` and the key's
// SubjectPublicKeyInfo in `public_key`. Errors: configuration.
[[nodiscard]] Result<SimulatedNitro> make_simulated_nitro(SimulatedNitroOptions options);

}  // namespace seatls
