// What the checks of the sections of a policy share.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "seatls/bytes.h"
#include "seatls/expect.h"
#include "seatls/keys.h"

namespace seatls::appraise {

// Tell notes a mistake: key, what is wrong, what to write instead.
using Tell = std::function<void(std::string key, std::string what, std::string remedy)>;

// check_named demands that the policy says which values it accepts.
void check_named(const std::string& key, const Expect<Bytes>& expected, const Tell& mistake);

// check_size demands that every listed value has `size` bytes; check_digest, that it is one of SHA-2.
void check_size(const std::string& key, const Expect<Bytes>& expected, std::size_t size, const Tell& mistake);
void check_digest(const std::string& key, const Expect<Bytes>& expected, const Tell& mistake);

// check_pcr_banks demands that PCRs of a TPM are judged, by values that they can have.
void check_pcr_banks(const std::string& key, const std::map<Hash, std::map<unsigned, Expect<Bytes>>>& banks,
                     const Tell& mistake);

}  // namespace seatls::appraise
