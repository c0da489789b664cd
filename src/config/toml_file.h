// One TOML file, read against the schema: after that every value has its type, and knows its line.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/schema.h"
#include "seatls/config_file.h"

namespace seatls::config {

// Mistakes collects what is wrong, so that an operator sees all of it at once.
class Mistakes {
 public:
  explicit Mistakes(std::string file) : file_(std::move(file)) {}
  void add(unsigned line, std::string key, std::string what, std::string remedy,
           Code code = Code::configuration) {
    list_.push_back({file_, line, std::move(key), std::move(what), std::move(remedy), code});
  }
  // take_over adds a mistake that another file of the configuration holds.
  void take_over(ConfigMistake mistake) { list_.push_back(std::move(mistake)); }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  // sorted returns the mistakes in the order of the file, those of other files last.
  [[nodiscard]] std::vector<ConfigMistake> sorted() const;

 private:
  std::string file_;
  std::vector<ConfigMistake> list_;
};

class TomlFile {
 public:
  using Value =
      std::variant<std::string, bool, std::int64_t, std::vector<std::string>, std::vector<std::int64_t>>;

  // parse reads `text` and notes syntax errors, unknown tables and keys, wrong types and values that
  // are not among the choices. What is wrong is left out, so that the rest can still be judged.
  TomlFile(std::string_view text, const std::string& name, Mistakes& mistakes);

  [[nodiscard]] bool broken() const { return broken_; }  // a syntax error: nothing was read
  [[nodiscard]] bool has_table(std::string_view table) const;
  // tables returns the names of the tables that a key of Kind::tables holds.
  [[nodiscard]] std::vector<std::string> tables(std::string_view key) const;
  // rows tells how many tables a key of Kind::rows holds. They are named "proxy.listener[0]" and so on.
  [[nodiscard]] std::size_t rows(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  // mentioned tells whether the key stands in the file, be it with a value that was refused: what is
  // wrong is told once, not again as missing.
  [[nodiscard]] bool mentioned(std::string_view key) const { return mentioned_.contains(key); }
  // line returns where the key stands, or else the innermost table around it, or 0.
  [[nodiscard]] unsigned line(std::string_view key) const;

  // The getters return an empty value for a key that is absent.
  [[nodiscard]] std::string text(std::string_view key) const;  // "endpoint.role"
  [[nodiscard]] std::int64_t number(std::string_view key) const;
  [[nodiscard]] bool flag(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  [[nodiscard]] std::vector<std::int64_t> numbers(std::string_view key) const;

 private:
  struct Entry {
    Value value;
    unsigned line = 0;
  };
  [[nodiscard]] const Entry* find(std::string_view key) const;
  struct Reading;  // of one file
  bool broken_ = false;
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, unsigned, std::less<>> tables_;
  std::set<std::string, std::less<>> mentioned_;
};

}  // namespace seatls::config
