#include "preload/fields.h"

namespace seatls::preload {

namespace cbor = codec::cbor;

const cbor::Value& Fields::item() {
  static const cbor::Value nothing;
  if (ok() && next_ >= items_->size()) fail("ends too early");
  return ok() ? (*items_)[next_++] : nothing;
}

std::string Fields::text() {
  const auto value = item().as_text();
  if (!value) fail("lacks a text");
  return value ? std::string(*value) : std::string();
}

Bytes Fields::bytes() {
  const auto value = item().as_bytes();
  if (!value) fail("lacks bytes");
  return value ? seatls::bytes(*value) : Bytes();
}

bool Fields::flag() {
  const auto value = item().as_bool();
  if (!value) fail("lacks a flag");
  return value && *value;
}

std::uint64_t Fields::number(std::uint64_t most) {
  const auto value = item().as_uint();
  if (!value || *value > most) {
    fail("lacks a number within its bounds");
    return 0;
  }
  return *value;
}

const cbor::Array& Fields::items() {
  static const cbor::Array none;
  const cbor::Array* array = item().array();
  if (array == nullptr) fail("lacks an array");
  return array != nullptr ? *array : none;
}

std::vector<std::string> Fields::texts() {
  std::vector<std::string> list;
  for (const auto& value : items()) {
    const auto text = value.as_text();
    if (!text) fail("holds something else than texts");
    if (text) list.emplace_back(*text);
  }
  return list;
}

bool Fields::null() {
  if (!ok() || next_ >= items_->size() || !std::holds_alternative<cbor::Null>((*items_)[next_].data()))
    return false;
  ++next_;
  return true;
}

Result<void> Fields::done() {
  if (ok() && next_ != items_->size()) fail("holds more than it may");
  if (error_) return *error_;
  return {};
}

}  // namespace seatls::preload
