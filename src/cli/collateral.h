// The verb `collateral`.
#pragma once

#include "cli/program.h"

namespace seatls::cli {

void add_collateral(Program& program);

}  // namespace seatls::cli
