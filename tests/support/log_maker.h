// LogMaker writes event logs in crypto-agile form: TCG PC Client Platform Firmware Profile, section 10.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "crypto/hash.h"
#include "seatls/bytes.h"

namespace seatls::testing {

class LogMaker {
 public:
  explicit LogMaker(Hash bank) : LogMaker(std::vector{bank}) {}
  explicit LogMaker(std::vector<Hash> banks) : banks_(std::move(banks)) {
    Bytes spec = seatls::bytes(std::string_view("Spec ID Event03\0", 16));
    put(spec, 0, 4);           // platformClass
    put(spec, 0x02000200, 4);  // specVersionMinor, specVersionMajor, specErrata, uintnSize
    put(spec, banks_.size(), 4);
    for (const Hash bank : banks_) {
      put(spec, id_of(bank), 2);
      put(spec, size(bank), 2);
    }
    spec.push_back(0);  // vendorInfoSize
    put(log_, 0, 4);
    put(log_, 3, 4);  // EV_NO_ACTION
    log_.resize(log_.size() + 20, 0);
    put(log_, spec.size(), 4);
    log_.insert(log_.end(), spec.begin(), spec.end());
  }
  // event extends a register by the digest of `content`.
  LogMaker& event(unsigned index, std::string_view content, std::uint32_t type = 0x80000007) {
    put(log_, index, 4);
    put(log_, type, 4);
    put(log_, banks_.size(), 4);
    for (const Hash bank : banks_) {
      put(log_, id_of(bank), 2);
      const Bytes digest = digest_of(bank, content);
      log_.insert(log_.end(), digest.begin(), digest.end());
      auto& value = registers_[bank].try_emplace(index, Bytes(size(bank), 0)).first->second;
      value.insert(value.end(), digest.begin(), digest.end());
      value = crypto::digest(bank, value);
    }
    put(log_, content.size(), 4);
    log_.insert(log_.end(), content.begin(), content.end());
    return *this;
  }
  [[nodiscard]] const Bytes& bytes() const { return log_; }
  [[nodiscard]] const Bytes& value(Hash bank, unsigned index) const { return registers_.at(bank).at(index); }
  [[nodiscard]] static Bytes digest_of(Hash bank, std::string_view content) {
    return crypto::digest(bank, view(content));
  }

 private:
  static void put(Bytes& out, std::uint64_t value, unsigned octets) {
    for (unsigned i = 0; i < octets; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  static std::uint64_t id_of(Hash bank) {
    switch (bank) {
      case Hash::sha1: return 4;
      case Hash::sha256: return 0xb;
      case Hash::sha384: return 0xc;
      default: return 0xd;
    }
  }

  std::vector<Hash> banks_;
  Bytes log_;
  std::map<Hash, std::map<unsigned, Bytes>> registers_;
};

}  // namespace seatls::testing
