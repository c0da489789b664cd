#include "config/toml_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

#include "config/schema.h"

namespace seatls::config {
namespace {

unsigned line_of(const toml::node& node) { return static_cast<unsigned>(node.source().begin.line); }

std::string quoted(std::string_view s) { return "\"" + std::string(s) + "\""; }

std::vector<std::string> split_choices(std::string_view choices) {
  std::vector<std::string> list;
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    list.emplace_back(choices.substr(0, bar));
    choices = bar == std::string_view::npos ? std::string_view() : choices.substr(bar + 1);
  }
  return list;
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& s : list) out += (out.empty() ? "" : ", ") + s;
  return out;
}

std::string_view expected(Kind kind) {
  switch (kind) {
    case Kind::text: return "a text in quotes";
    case Kind::flag: return "true or false";
    case Kind::number: return "a whole number";
    case Kind::texts: return "a list of texts, [\"…\", \"…\"]";
    case Kind::names: return "a text in quotes, or a list of them";
    case Kind::numbers: return "a list of whole numbers, [0, 1]";
    case Kind::tables: return "tables";
    case Kind::rows: return "tables, [[…]]";
  }
  return "";
}

template <class T>
std::optional<std::vector<T>> list_of(const toml::array& array) {
  std::vector<T> out;
  for (const auto& element : array) {
    const auto* value = element.as<T>();
    if (value == nullptr) return {};
    out.push_back(value->get());
  }
  return out;
}

std::optional<TomlFile::Value> typed(const toml::node& node, Kind kind) {
  switch (kind) {
    case Kind::text:
      if (const auto* v = node.as_string()) return v->get();
      break;
    case Kind::flag:
      if (const auto* v = node.as_boolean()) return v->get();
      break;
    case Kind::number:
      if (const auto* v = node.as_integer()) return v->get();
      break;
    case Kind::texts:
      if (const auto* v = node.as_array())
        if (auto list = list_of<std::string>(*v)) return std::move(*list);
      break;
    case Kind::names:
      if (const auto* v = node.as_string()) return std::vector<std::string>{v->get()};
      return typed(node, Kind::texts);
    case Kind::numbers:
      if (const auto* v = node.as_array())
        if (auto list = list_of<std::int64_t>(*v)) return std::move(*list);
      break;
    case Kind::tables:
    case Kind::rows: break;
  }
  return {};
}

// check_choices tells whether each text of `value` is one of the row's choices.
bool check_choices(const KeySpec& row, const TomlFile::Value& value, unsigned line, const std::string& name,
                   Mistakes& mistakes) {
  const auto choices = split_choices(row.choices);
  if (choices.empty()) return true;
  std::vector<std::string> given;
  if (const auto* one = std::get_if<std::string>(&value)) given.push_back(*one);
  if (const auto* many = std::get_if<std::vector<std::string>>(&value)) given = *many;
  bool good = true;
  for (const auto& g : given) {
    if (std::find(choices.begin(), choices.end(), g) != choices.end()) continue;
    const auto meant = closest(g, choices);
    mistakes.add(line, name, quoted(g) + " is not one of: " + joined(choices),
                 meant.empty() ? "write one of them" : "did you mean " + quoted(meant) + "?");
    good = false;
  }
  return good;
}

std::vector<std::string> tables_of_schema() {
  std::vector<std::string> tables;
  for (const auto& row : schema())
    if (row.table.find('.') == std::string_view::npos &&
        std::find(tables.begin(), tables.end(), row.table) == tables.end())
      tables.emplace_back(row.table);
  return tables;
}

// table_of returns the table that a value is, or tells that it must be one.
const toml::table* table_of(const toml::node& node, const std::string& name, Mistakes& mistakes) {
  const auto* content = node.as_table();
  if (content == nullptr)
    mistakes.add(line_of(node), name, "must be a table", "write [" + name + "] on a line of its own");
  return content;
}

}  // namespace

// bracketed is a table's name as a file writes it.
std::string bracketed(std::string_view table) {
  const bool row = table.find('.') != std::string_view::npos;
  return (row ? "[[" : "[") + std::string(table) + (row ? "]]" : "]");
}

// Reading reads one table of the file, and those below it, by the rows of the schema that `home` names.
struct TomlFile::Reading {
  TomlFile& file;
  const std::string& home;
  Mistakes& mistakes;
  bool below = false;  // in a table of a key of Kind::tables

  void table(const std::string& name, const toml::table& content, unsigned line) {
    file.tables_[name] = line;
    for (const auto& [key, value] : content)
      if (const auto* row = row_of(name, key.str(), value))
        read(*row, name + "." + std::string(key.str()), value);
  }

 private:
  [[nodiscard]] const KeySpec* row_of(const std::string& name, std::string_view key,
                                      const toml::node& value) {
    std::vector<std::string> known;
    std::string elsewhere;
    for (const auto& row : schema()) {
      const bool here = row.table == home && !(below && row.kind == Kind::tables);
      if (here && row.key == key) return &row;
      if (here) known.emplace_back(row.key);
      if (row.key == key && elsewhere.empty()) elsewhere = row.table;
    }
    const auto meant = closest(key, known);
    mistakes.add(line_of(value), name + "." + std::string(key), "there is no such key",
                 !elsewhere.empty() ? "it belongs into " + bracketed(elsewhere)
                 : !meant.empty()
                     ? "did you mean " + quoted(meant) + "?"
                     : "the keys of " +
                           (home.find('.') != std::string::npos ? bracketed(home) : "[" + name + "]") +
                           " are: " + joined(known));
    return nullptr;
  }

  void read(const KeySpec& row, const std::string& full, const toml::node& value) {
    file.mentioned_.insert(full);
    if (row.kind == Kind::tables) {
      const auto* tables = table_of(value, full, mistakes);
      if (tables == nullptr) return;
      file.tables_[full] = line_of(value);
      for (const auto& [name, node] : *tables) {
        const std::string inner = full + "." + std::string(name.str());
        if (const auto* content = table_of(node, inner, mistakes))
          Reading{file, home, mistakes, true}.table(inner, *content, line_of(node));
      }
      return;
    }
    if (row.kind == Kind::rows)
      return read_rows(std::string(row.table) + "." + std::string(row.key), full, value);
    auto read = typed(value, row.kind);
    if (!read)
      return mistakes.add(line_of(value), full, "the value is of the wrong type",
                          "write " + std::string(expected(row.kind)));
    if (!check_choices(row, *read, line_of(value), full, mistakes)) return;
    file.entries_.emplace(full, Entry{std::move(*read), line_of(value)});
  }

  void read_rows(const std::string& table, const std::string& full, const toml::node& value) {
    const auto* list = value.as_array();
    const bool good = list != nullptr && std::all_of(list->begin(), list->end(),
                                                     [](const toml::node& n) { return n.is_table(); });
    if (!good)
      return mistakes.add(line_of(value), full, "must be tables",
                          "write [[" + table + "]] on a line of its own for each");
    std::size_t index = 0;
    for (const auto& node : *list)
      Reading{file, table, mistakes}.table(full + "[" + std::to_string(index++) + "]", *node.as_table(),
                                           line_of(node));
  }
};

std::vector<ConfigMistake> Mistakes::sorted() const {
  auto list = list_;
  std::stable_sort(list.begin(), list.end(), [this](const auto& a, const auto& b) {
    const bool a_elsewhere = a.file != file_;
    const bool b_elsewhere = b.file != file_;
    return std::tie(a_elsewhere, a.file, a.line) < std::tie(b_elsewhere, b.file, b.line);
  });
  return list;
}

TomlFile::TomlFile(std::string_view text, const std::string& name, Mistakes& mistakes) {
  toml::table root;
  try {
    root = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    broken_ = true;
    mistakes.add(error.source().begin.line, "", std::string(error.description()),
                 "mend the TOML at column " + std::to_string(error.source().begin.column) +
                     "; texts stand in quotes, lists in brackets, each key once");
    return;
  }
  const auto known_tables = tables_of_schema();
  for (const auto& [table_key, node] : root) {
    const std::string table(table_key.str());
    const auto* content = node.as_table();
    const bool known = std::find(known_tables.begin(), known_tables.end(), table) != known_tables.end();
    if (!known) {
      // A key in front of the first table is most likely one that lost its table.
      std::string home;
      for (const auto& row : schema())
        if (row.key == table && content == nullptr) home = row.table;
      const auto meant = closest(table, known_tables);
      mistakes.add(
          line_of(node), table,
          content != nullptr ? "there is no table [" + table + "]" : "this key stands outside of any table",
          !home.empty()    ? "move it below " + bracketed(home)
          : !meant.empty() ? "did you mean [" + meant + "]?"
                           : "the tables are: " + joined(known_tables));
      continue;
    }
    if (table_of(node, table, mistakes) == nullptr) continue;
    Reading{*this, table, mistakes}.table(table, *content, line_of(node));
  }
}

std::vector<std::string> TomlFile::tables(std::string_view key) const {
  const std::string above = std::string(key) + ".";
  std::vector<std::string> names;
  for (auto it = tables_.lower_bound(above); it != tables_.end() && it->first.starts_with(above); ++it)
    names.push_back(it->first.substr(above.size()));
  return names;
}

std::size_t TomlFile::rows(std::string_view key) const {
  std::size_t n = 0;
  while (tables_.contains(std::string(key) + "[" + std::to_string(n) + "]")) ++n;
  return n;
}

bool TomlFile::has_table(std::string_view table) const { return tables_.contains(table); }

const TomlFile::Entry* TomlFile::find(std::string_view key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second;
}

unsigned TomlFile::line(std::string_view key) const {
  if (const auto* e = find(key)) return e->line;
  for (; !key.empty(); key = key.substr(0, key.rfind('.'))) {
    if (const auto it = tables_.find(key); it != tables_.end()) return it->second;
    if (key.find('.') == std::string_view::npos) break;
  }
  return 0;
}

std::string TomlFile::text(std::string_view key) const {
  const auto* e = find(key);
  return e == nullptr ? std::string() : std::get<std::string>(e->value);
}

std::int64_t TomlFile::number(std::string_view key) const {
  const auto* e = find(key);
  return e == nullptr ? 0 : std::get<std::int64_t>(e->value);
}

bool TomlFile::flag(std::string_view key) const {
  const auto* e = find(key);
  return e != nullptr && std::get<bool>(e->value);
}

std::vector<std::string> TomlFile::texts(std::string_view key) const {
  const auto* e = find(key);
  return e == nullptr ? std::vector<std::string>() : std::get<std::vector<std::string>>(e->value);
}

std::vector<std::int64_t> TomlFile::numbers(std::string_view key) const {
  const auto* e = find(key);
  return e == nullptr ? std::vector<std::int64_t>() : std::get<std::vector<std::int64_t>>(e->value);
}

}  // namespace seatls::config
