// Credentials from files: what a file holds is found out by its form.
#pragma once

#include <optional>
#include <string>

#include "seatls/cmw.h"
#include "seatls/error.h"
#include "seatls/scheme.h"

namespace seatls::appraise {

// credential_of_file reads a CMW, or raw evidence or a raw result, whose type the caller may tell. Errors:
// decode; misuse for a type that is none.
[[nodiscard]] Result<Cmw> credential_of_file(const Bytes& content, const std::optional<std::string>& type,
                                             const SchemeTable& table);

}  // namespace seatls::appraise
