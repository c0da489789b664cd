// Changes to a claims set before it is signed.
#pragma once

#include <cstdint>
#include <functional>

#include "codec/cbor.h"

namespace seatls::testing {

using ClaimsEdit = std::function<void(codec::cbor::Map&)>;

inline ClaimsEdit without(codec::cbor::Value key) {
  return
      [=](codec::cbor::Map& map) { std::erase_if(map, [&](const auto& row) { return row.first == key; }); };
}
inline ClaimsEdit set(codec::cbor::Value key, codec::cbor::Value value) {
  return [=](codec::cbor::Map& map) {
    without(key)(map);
    map.emplace_back(key, value);
  };
}
inline ClaimsEdit without(std::int64_t key) { return without(codec::cbor::integer(key)); }
inline ClaimsEdit set(std::int64_t key, codec::cbor::Value value) {
  return set(codec::cbor::integer(key), std::move(value));
}

inline ClaimsEdit without(const char* key) { return without(codec::cbor::text(key)); }
inline ClaimsEdit set(const char* key, codec::cbor::Value value) {
  return set(codec::cbor::text(key), std::move(value));
}

inline codec::cbor::Value filled(std::size_t size, std::uint8_t value) {
  return codec::cbor::bytes(Bytes(size, value));
}

}  // namespace seatls::testing
