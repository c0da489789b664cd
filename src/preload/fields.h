// Fields reads the items of a CBOR array one after the other. The first mistake stays.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/cbor.h"
#include "seatls/error.h"

namespace seatls::preload {

class Fields {
 public:
  Fields(const codec::cbor::Value& value, const char* what) : what_(what), items_(value.array()) {
    if (items_ == nullptr) fail("is no array");
  }

  [[nodiscard]] const codec::cbor::Value& item();
  [[nodiscard]] std::string text();
  [[nodiscard]] Bytes bytes();
  [[nodiscard]] bool flag();
  [[nodiscard]] std::uint64_t number(std::uint64_t most);
  [[nodiscard]] std::vector<std::string> texts();
  // items returns those of an array in this place.
  [[nodiscard]] const codec::cbor::Array& items();
  [[nodiscard]] bool null();  // and passes it, when it is one
  // one_of reads a number as an enumerator; `known` decides.
  template <class E, class Known>
  [[nodiscard]] E one_of(Known known) {
    const auto value = static_cast<E>(number(255));
    if (ok() && !known(value)) fail("holds an unknown value");
    return value;
  }

  void fail(const char* why) {
    if (!error_) error_ = Error{Code::malformed, std::string(what_) + " " + why, "message of the helper"};
  }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  [[nodiscard]] bool ok() const { return !error_; }
  // done tells what was wrong, items that are left included.
  [[nodiscard]] Result<void> done();

 private:
  const char* what_;
  const codec::cbor::Array* items_;
  std::size_t next_ = 0;
  std::optional<Error> error_;
};

}  // namespace seatls::preload
