// The environment that a program needs to be attested: what `seatls exec` sets, and what the library puts
// back where a program starts another one with less.
#pragma once

#include <cstddef>
#include <string>

namespace seatls::preload {

inline constexpr const char* preload_variable = "LD_PRELOAD";

// Attested holds both variables as they stand in an environment: "LD_PRELOAD=…", "SEATLS_EXEC_HELPER=…".
struct Attested {
  std::string preload, helper;
  // of_process reads them from this process's own environment; empty texts where they are not set.
  [[nodiscard]] static Attested of_process();
};

// length_of counts the entries of an environment.
[[nodiscard]] std::size_t length_of(char* const* environment) noexcept;

// complete writes `environment` with both variables into `into`, which has room for two entries more and the
// null. It takes no memory and no lock, since it runs between fork and exec. Another LD_PRELOAD gives way to
// the one that this program was started with.
void complete(char* const* environment, const Attested& with, char** into) noexcept;

}  // namespace seatls::preload
