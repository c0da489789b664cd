// The verifier of seatls/collateral.h, with what it fetches by told apart.
#pragma once

#include <memory>
#include <vector>

#include "collateral/collector.h"
#include "seatls/collateral.h"

namespace seatls::collateral {

[[nodiscard]] Result<std::shared_ptr<Verifier>> make_verifier(std::vector<Policy> policies,
                                                              LocalVerifierOptions options,
                                                              const CollateralOptions& collateral,
                                                              std::shared_ptr<const net::HttpClient> http,
                                                              CollectorLimits limits = {});

// prefetch is prefetch_collateral by `http`, at a given time.
[[nodiscard]] Result<std::vector<CollateralStatus>> prefetch(const CollateralWish& wish,
                                                             const CollateralOptions& options,
                                                             std::shared_ptr<const net::HttpClient> http,
                                                             Time at);

}  // namespace seatls::collateral
