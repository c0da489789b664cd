// What is read as a compact JWS is, joined again, the text that it was.
#include <string_view>

#include "codec/jose.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto s = codec::jose::parse_compact_jws(text);
  if (!s) return 0;
  (void)s->kid();
  fuzz::demand(codec::jose::join_compact_jws(s->signing_input, s->signature) == text);
  return 0;
}
