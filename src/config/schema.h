// The keys that a configuration file may hold: one table for reading, for "did you mean", and for
// the tests that hold docs/usage/configuration.md against it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seatls::config {

// `names` is a text, or a list of texts. `tables` holds tables of any name, each with the keys of the table
// around them, but for such a key itself. `rows` holds any number of tables, [[proxy.listener]], whose keys
// are those of the schema's table of that name.
enum class Kind : std::uint8_t { text, flag, number, texts, names, numbers, tables, rows };

struct KeySpec {
  std::string_view table;
  std::string_view key;
  Kind kind = Kind::text;
  std::string_view choices = {};  // "server|client"; empty: any value
};

[[nodiscard]] std::span<const KeySpec> schema();

// closest returns the candidate that `word` was probably meant to be, or an empty string.
[[nodiscard]] std::string closest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace seatls::config
