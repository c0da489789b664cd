// A simulated AWS Nitro enclave: attestation documents as the Nitro Secure Module writes them, byte for byte.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/result.h"
#include "seatls/scheme.h"
#include "seatls/simulated.h"

namespace seatls {

struct SimulatedNitroOptions {
  std::vector<Spki> tiks;      // the keys that it attests
  SimulatedPlatform platform;  // none: one is made up
  std::string module_id = "i-0123456789abcdef0-enc0123456789abcdef";
  std::map<unsigned, Bytes> pcrs = {{0, Bytes(48, 0xA0)}, {1, Bytes(48, 0xA1)}, {2, Bytes(48, 0xA2)}};
  Bytes user_data;              // at most 512 bytes; empty: absent
  std::function<Time()> clock;  // empty: the system's
  EvidenceType type = MediaType{"application/vnd.seatls.nitro-document"};
};

// make_simulated_nitro makes an attester whose documents hold the binder in `nonce` and the key's
// SubjectPublicKeyInfo in `public_key`. Errors: configuration.
[[nodiscard]] Result<Simulated> make_simulated_nitro(SimulatedNitroOptions options);

}  // namespace seatls
