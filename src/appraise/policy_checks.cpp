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

void check_pcr_banks(const std::string& key, const std::map<Hash, std::map<unsigned, Expect<Bytes>>>& banks,
                     const Tell& mistake) {
  if (banks.empty())
    mistake(key, "no PCR is judged",
            "add [" + key +
                ".sha256] with lines such as 0 = [\"HEX\"]; 0 = \"expect.any\" accepts any "
                "value, visibly");
  for (const auto& [bank, pcrs] : banks) {
    const std::string table = key + "." + std::string(name(bank));
    if (bank == Hash::sha1)
      mistake(table, "SHA-1 values can be made to collide", "use the bank sha256, sha384 or sha512");
    if (pcrs.empty())
      mistake(table, "the bank names no PCR", "add lines such as 0 = [\"HEX\"], or leave it out");
    for (const auto& [index, expected] : pcrs) {
      const std::string place = table + "." + std::to_string(index);
      if (index > 23) mistake(place, "a TPM has the PCRs 0 to 23", "use one of them");
      check_named(place, expected, mistake);
      check_size(place, expected, size(bank), mistake);
    }
  }
}

}  // namespace seatls::appraise
