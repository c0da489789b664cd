// The forms of others.
#pragma once

#include "appraise/schemes/azure/forms.h"

namespace seatls::appraise::azure {

[[nodiscard]] bool is_json(ByteView raw);  // a JSON object, by its first character that is no space
[[nodiscard]] Result<Parts> unpack_json(ByteView raw);
[[nodiscard]] bool is_foreign_evidence(ByteView raw);

}  // namespace seatls::appraise::azure
