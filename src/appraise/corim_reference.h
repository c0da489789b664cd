// What a CorimReference holds: seatls/corim_policy.h.
#pragma once

#include "rats/corim.h"
#include "seatls/corim_policy.h"

struct seatls::CorimReference::Impl {
  rats::VerifiedCorim corim;
};
