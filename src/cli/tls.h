// What connect, serve and the demo share of TLS.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "cli/node.h"
#include "seatls/config_file.h"
#include "seatls/openssl.h"
#include "seatls/verifier.h"

namespace seatls::cli {

struct FreeContext {
  void operator()(ssl_ctx_st* ctx) const;
};
using ContextPtr = std::unique_ptr<ssl_ctx_st, FreeContext>;

// presents_certificate tells whether this endpoint sent a certificate.
[[nodiscard]] bool presents_certificate(const openssl::Connection& connection);

// end_entity_spki is the key that the configuration's certificate is about.
[[nodiscard]] Result<Spki> end_entity_spki(const LoadedConfig& loaded);

// Verdicts remembers the last verdict of a verifier: a refusal is told with all of its reasons.
class Verdicts {
 public:
  void put(const AttestationResult& result);
  [[nodiscard]] std::optional<AttestationResult> last() const;
  [[nodiscard]] Node node() const;  // {"peer":{…}} of a refused peer, or null

 private:
  mutable std::mutex mutex_;
  std::optional<AttestationResult> last_;
};
// record_verdicts puts a recorder in front of the configuration's verifier, if it has one.
[[nodiscard]] std::shared_ptr<Verdicts> record_verdicts(LoadedConfig& loaded);

}  // namespace seatls::cli
