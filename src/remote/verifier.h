// The verifier of seatls/remote_verifier.h, with what it asks by told apart.
#pragma once

#include <functional>
#include <memory>

#include "net/http.h"
#include "seatls/remote_verifier.h"

namespace seatls::remote {

[[nodiscard]] Result<std::shared_ptr<Verifier>> make_verifier(RemoteVerifierOptions options,
                                                              std::shared_ptr<net::HttpLoop> loop,
                                                              std::function<double()> random = {});

}  // namespace seatls::remote
