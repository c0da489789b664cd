// Judge holds the verifiers of the moment: made from the policies and endorsements that are active in the
// store, and from those of the configuration, anew whenever the store's revision is another.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "seatls/collateral.h"
#include "seatls/keys.h"
#include "seatls/policy.h"
#include "seatls/verifier.h"
#include "seatls/verifiers.h"
#include "service/store.h"

namespace seatls::service {

struct JudgeOptions {
  std::vector<Policy> policies;  // of the configuration: they judge beside the store's
  std::vector<Spki> corim_keys;  // whose signature on a CoRIM counts
  std::optional<CollateralOptions> collateral;
  LocalVerifierOptions local;
};

// Bench is what judges at one revision. A credential is judged by every policy that accepts its scheme, and
// what one of them refuses is refused.
struct Bench {
  struct Seat {
    AttestationScheme scheme;
    std::string name;  // "tdx"
    std::shared_ptr<Verifier> verifier;
    std::vector<std::string> policies;  // their ids
  };
  std::uint64_t revision = 0;
  std::vector<Seat> seats;  // empty: nothing is accepted

  [[nodiscard]] const Seat* find(const AttestationScheme& scheme) const;
  // media_types returns what may be submitted: those of the seats, and of CMWs.
  [[nodiscard]] std::vector<std::string> media_types() const;
};

class Judge {
 public:
  Judge(JudgeOptions options, std::shared_ptr<Store> store)
      : options_(std::move(options)), store_(std::move(store)) {}

  // bench returns the one of the store's revision, at least. Errors: those of the store, and configuration
  // when a policy that is active cannot be used: then nobody is judged, since to leave it out would be to
  // accept more.
  [[nodiscard]] Result<std::shared_ptr<const Bench>> bench(std::uint64_t at_least = 0);
  // drop has the next one made anew.
  void drop();

  // check_policy tells what is wrong with a policy before it is kept. Errors: configuration.
  [[nodiscard]] static Result<Policy> check_policy(const std::string& text, const std::string& id);
  // check_endorsement verifies a CoRIM that was submitted by someone who may. Errors: those of
  // CorimReference.
  [[nodiscard]] Result<CorimReference> check_endorsement(const Endorsement& endorsement) const;

 private:
  [[nodiscard]] Result<std::shared_ptr<const Bench>> made() const;

  const JudgeOptions options_;
  const std::shared_ptr<Store> store_;
  std::mutex mutex_;
  std::shared_ptr<const Bench> current_;
};

}  // namespace seatls::service
