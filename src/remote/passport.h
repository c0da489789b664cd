// The attester of seatls/passport.h, with what it asks by told apart.
#pragma once

#include <functional>
#include <memory>

#include "net/http.h"
#include "seatls/passport.h"

namespace seatls::remote {

[[nodiscard]] Result<std::shared_ptr<Attester>> make_passport(RenewingPassportOptions options,
                                                              std::shared_ptr<net::HttpLoop> loop,
                                                              std::function<double()> random = {});

}  // namespace seatls::remote
