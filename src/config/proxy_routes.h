// What HTTP mode of the proxy may do: [[proxy.listener.route]], and the keys of [[proxy.listener]] that only
// HTTP mode reads.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/signature.h"
#include "rats/jws.h"
#include "seatls/config_file.h"
#include "seatls/reattestation.h"

namespace seatls::config {

struct Draft;

struct HttpRoute {
  std::string path;                  // "/v1/transfer", without percent-encoding
  bool below = false;                // "/v1/*": `path` is "/v1", and all below it is meant, too
  std::vector<std::string> methods;  // none: any. GET is HEAD as well
  bool deny = false;
  bool restricted = false;  // may be used while the connection is restricted
  std::optional<std::chrono::milliseconds> max_age;
  reattest::Claims claims;

  [[nodiscard]] bool demands() const { return max_age || !claims.empty(); }
  [[nodiscard]] std::string text() const;  // as it was written: for people
};

enum class ForwardedHeaders : std::uint8_t {
  replace,  // what the peer says of where a request comes from is taken out, and the proxy says it
  append,   // the peer is a proxy itself: what it says stays, with the peer's own address behind it
  remove,
};

// VerdictKey signs what the application is told.
struct VerdictKey {
  rats::JwsKey key;
  std::string id;  // its thumbprint (RFC 7638)
  // Errors: crypto.
  [[nodiscard]] static Result<std::shared_ptr<const VerdictKey>> make(crypto::PrivateKey key);
};

struct HttpRules {
  std::vector<HttpRoute> routes;  // the first that fits decides
  bool forward_others = false;    // what fits none
  ForwardedHeaders forwarded = ForwardedHeaders::replace;
  std::vector<std::string> verdict_claims;        // told to the application: names, or "prefix.*"
  std::shared_ptr<const VerdictKey> verdict_key;  // unset: nothing is signed
  std::string verdict_issuer;
};

// read_http_rules reads one table of [[proxy.listener]], which the file knows as `listener`, of an endpoint
// that `endpoint` describes. What is wrong is noted.
[[nodiscard]] HttpRules read_http_rules(Draft& draft, const std::string& listener,
                                        const LoadedConfig& endpoint);
// refuse_http_keys notes the keys that a listener of another mode may not have.
void refuse_http_keys(Draft& draft, const std::string& listener);

}  // namespace seatls::config
