// [service]: what `seatls verifier` reads besides the sections that any server has.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/collateral.h"
#include "seatls/error.h"
#include "seatls/policy.h"
#include "seatls/signer.h"

namespace seatls::config {

struct ServiceSettings {
  std::string store = "sqlite:verifier.db";  // a relative file is beside the configuration
  std::vector<Policy> policies;              // judge beside those of the store
  std::vector<Spki> corim_keys;
  std::optional<CollateralOptions> collateral;

  Secret signing_key{Bytes{}};  // PEM, where no TPM holds it
  std::shared_ptr<Signer> signing_key_of_tpm;
  std::string issuer;
  bool ietf_results = false;  // draft-ietf-rats-ear-03 instead of Veraison's profile
  std::chrono::seconds result_lifetime{600}, session_lifetime{150};
  bool retain_evidence = false;

  std::vector<Bytes> administrators;  // SHA-256 of their tokens
  std::string operations;             // ADDRESS:PORT; empty: nowhere
  std::uint32_t requests_per_second = 100, sessions = 10'000, connections = 2048;
  std::uint32_t connections_of_client = 256, workers = 4;
  std::uint32_t largest_body = 1U << 20U;  // bytes
};

// load_service reads [service] and [collateral] of a file that check_config has found right. Errors: io,
// configuration.
[[nodiscard]] Result<ServiceSettings> load_service(const std::string& path);

}  // namespace seatls::config
