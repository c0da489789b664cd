// A policy that accepts what a good document of AWS Nitro says.
#include <algorithm>

#include "appraise/schemes/nitro/parse.h"
#include "base/encoding.h"
#include "cli/learn.h"

namespace seatls::cli {

Result<std::string> learn_nitro(const Cmw& evidence) {
  SEATLS_TRY(const auto parsed, appraise::nitro::parse(evidence));
  const auto quoted = [](ByteView value) { return "[\"" + base::to_hex(value) + "\"]\n"; };
  std::string out;
  if (!parsed->user_data.empty()) out += "[nitro]\nuser_data = " + quoted(parsed->user_data) + "\n";
  out +=
      "# The image (0), its kernel (1) and its application (2); the parent's role (3), and so "
      "on.\n[nitro.pcrs]\n";
  for (const auto& [index, value] : parsed->pcrs) {
    // A register that nobody extended says nothing, unless it is the image's: then the enclave is in debug
    // mode.
    const bool untouched = std::ranges::all_of(value, [](auto byte) { return byte == 0; });
    if (!untouched || index <= 2) out += std::to_string(index) + " = " + quoted(value);
  }
  if (parsed->in_debug_mode())
    out += "\n[danger]\nallow_debug = true                    # the parent can read the enclave's console\n";
  return out;
}

}  // namespace seatls::cli
