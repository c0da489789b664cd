#include "appraise/policy_checks.h"

namespace seatls::appraise {

void check_named(const std::string& key, const Expect<Bytes>& expected, const Tell& mistake) {
  if (expected.is_any() || expected.is_from_corim() || !expected.values().empty()) return;
  mistake(key, "no value is accepted",
          "list the accepted values in hex, or write \"expect.any\" to accept any, visibly");
}

void check_size(const std::string& key, const Expect<Bytes>& expected, std::size_t size,
                const Tell& mistake) {
  for (const Bytes& value : expected.values())
    if (value.size() != size)
      mistake(key, "a value has " + std::to_string(value.size()) + " bytes",
              "write " + std::to_string(2 * size) + " hex digits");
}

void check_digest(const std::string& key, const Expect<Bytes>& expected, const Tell& mistake) {
  for (const Bytes& value : expected.values())
    if (value.size() != 32 && value.size() != 48 && value.size() != 64)
      mistake(key, "a value has " + std::to_string(value.size()) + " bytes", "digests have 32, 48 or 64");
}

}  // namespace seatls::appraise
