// The file against the schema: what is not known, of the wrong type or not among the choices.
#include "config/toml_file.h"

#include "config/schema.h"
#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::HasSubstr;

std::vector<ConfigMistake> mistakes_in(const std::string& text) {
  Mistakes mistakes("x.toml");
  const TomlFile file(text, "x.toml", mistakes);
  return mistakes.sorted();
}

ConfigMistake only_mistake_in(const std::string& text) {
  const auto found = mistakes_in(text);
  EXPECT_EQ(found.size(), 1U) << text;
  return found.empty() ? ConfigMistake{} : found.front();
}

TEST(TomlFile, ValuesHaveTheirTypeAndKnowTheirLine) {
  Mistakes mistakes("x.toml");
  const TomlFile file(
      "# a comment\n[endpoint]\nrole = \"server\"\nextension_type = 0xFF5E\nsuites = "
      "[\"TLS_AES_128_GCM_SHA256\"]\n"
      "[attest]\ndebug_disabled = true\npcrs = [0, 7]\n",
      "x.toml", mistakes);
  EXPECT_TRUE(mistakes.empty());
  EXPECT_FALSE(file.broken());
  EXPECT_EQ(file.text("endpoint.role"), "server");
  EXPECT_EQ(file.number("endpoint.extension_type"), 0xFF5E);
  EXPECT_EQ(file.texts("endpoint.suites"), std::vector<std::string>{"TLS_AES_128_GCM_SHA256"});
  EXPECT_TRUE(file.flag("attest.debug_disabled"));
  EXPECT_EQ(file.numbers("attest.pcrs"), (std::vector<std::int64_t>{0, 7}));
  EXPECT_EQ(file.line("endpoint.role"), 3U);
  EXPECT_EQ(file.line("attest.pcrs"), 8U);
  EXPECT_EQ(file.line("attest.tcti"), 6U) << "the table of a key that is absent";
  EXPECT_EQ(file.line("verifier.url"), 0U);
}

TEST(TomlFile, WhatIsAbsentIsEmpty) {
  Mistakes mistakes("x.toml");
  const TomlFile file("", "x.toml", mistakes);
  EXPECT_TRUE(mistakes.empty());
  EXPECT_FALSE(file.has_table("endpoint"));
  EXPECT_FALSE(file.has("endpoint.role"));
  EXPECT_FALSE(file.mentioned("endpoint.role"));
  EXPECT_EQ(file.text("endpoint.role"), "");
  EXPECT_EQ(file.number("endpoint.extension_type"), 0);
  EXPECT_FALSE(file.flag("attest.debug_disabled"));
  EXPECT_TRUE(file.texts("endpoint.suites").empty());
  EXPECT_TRUE(file.numbers("attest.pcrs").empty());
}

TEST(TomlFile, ASyntaxErrorIsToldWithLineAndColumn) {
  for (const auto& [text, line] : {std::pair{"[endpoint]\nrole = server\n", 2U},
                                   {"[endpoint\n", 1U},
                                   {"[endpoint]\nrole = \"a\"\nrole = \"b\"\n", 3U},
                                   {"\n\n= 1\n", 3U},
                                   {"[endpoint]\nkey = \"open\n", 2U},
                                   {"a = \"\xff\"\n", 1U}}) {
    Mistakes mistakes("x.toml");
    const TomlFile file(text, "x.toml", mistakes);
    EXPECT_TRUE(file.broken()) << text;
    ASSERT_FALSE(mistakes.empty());
    EXPECT_EQ(mistakes.sorted().front().line, line) << text;
    EXPECT_THAT(mistakes.sorted().front().remedy, HasSubstr("column"));
  }
}

TEST(TomlFile, WhatIsNotKnownIsRefusedWithWhatWasMeant) {
  struct Case {
    const char* text;
    const char* key;
    const char* remedy;
  };
  for (const auto& c :
       {Case{"[endpiont]\n", "endpiont", "did you mean [endpoint]?"},
        {"[completely_else]\n", "completely_else", "the tables are: endpoint, attest"},
        {"role = \"server\"\n", "role", "move it below [endpoint]"},
        {"endpoint = 1\n", "endpoint", "write [endpoint]"},
        {"[[endpoint]]\n", "endpoint", "write [endpoint]"},
        {"[endpoint]\ncertifcate = \"x\"\n", "endpoint.certifcate", "did you mean \"certificate\"?"},
        {"[endpoint]\npolicy = \"x\"\n", "endpoint.policy", "it belongs into [require]"},
        {"[danger]\nxyzzy_plugh = true\n", "danger.xyzzy_plugh", "the keys of [danger] are: "},
        {"[endpoint.role]\n", "endpoint.role", "a text in quotes"}}) {
    const auto m = only_mistake_in(c.text);
    EXPECT_EQ(m.key, c.key) << m.message();
    EXPECT_THAT(m.remedy, HasSubstr(c.remedy)) << m.message();
    EXPECT_GT(m.line, 0U);
  }
}

// Placed is a key in a file of its own: "proxy.listener" is the first of a list of tables.
struct Placed {
  std::string text, key;
  unsigned line = 1;
};
Placed placed(const KeySpec& row, const std::string& value) {
  Placed out;
  const std::string table(row.table);
  const auto first = table.find('.');
  out.key = table.substr(0, first);
  if (first == std::string::npos) out.text = "[" + table + "]\n";
  for (auto dot = first; dot != std::string::npos;) {
    const auto next = table.find('.', dot + 1);
    out.text += "[[" + table.substr(0, next) + "]]\n";
    out.key += table.substr(dot, next == std::string::npos ? next : next - dot) + "[0]";
    dot = next;
  }
  out.line = 1 + static_cast<unsigned>(std::count(out.text.begin(), out.text.end(), '\n'));
  out.text += std::string(row.key) + " = " + value + "\n";
  out.key += "." + std::string(row.key);
  return out;
}

TEST(TomlFile, AValueOfTheWrongTypeIsRefusedAndCountsAsMentioned) {
  const std::vector<std::pair<Kind, std::vector<const char*>>> wrong = {
      {Kind::text, {"1", "true", "[\"a\"]", "1.5", "2026-11-21"}},
      {Kind::flag, {"\"true\"", "1", "[true]"}},
      {Kind::number, {"\"1\"", "1.5", "[1]", "true"}},
      {Kind::texts, {"\"a\"", "[1]", "[\"a\", 1]", "[[\"a\"]]", "{}"}},
      {Kind::numbers, {"1", "[\"a\"]", "[1, \"a\"]", "[1.5]"}},
  };
  for (const auto& row : schema()) {
    for (const auto& [kind, values] : wrong) {
      if (kind != row.kind) continue;
      for (const char* value : values) {
        const auto [text, key, line] = placed(row, value);
        Mistakes mistakes("x.toml");
        const TomlFile file(text, "x.toml", mistakes);
        ASSERT_EQ(mistakes.sorted().size(), 1U) << key << " = " << value;
        const auto m = mistakes.sorted().front();
        EXPECT_EQ(m.key, key);
        EXPECT_EQ(m.line, line);
        EXPECT_EQ(m.what, "the value is of the wrong type");
        EXPECT_FALSE(file.has(key));
        EXPECT_TRUE(file.mentioned(key)) << "what is wrong is not told again as missing";
      }
    }
  }
}

TEST(TomlFile, AValueThatIsNotAmongTheChoicesIsRefusedWithThem) {
  const auto m = only_mistake_in("[require]\nattestation = \"requird\"\n");
  EXPECT_EQ(m.what, "\"requird\" is not one of: required, optional, off");
  EXPECT_EQ(m.remedy, "did you mean \"required\"?");
  EXPECT_EQ(only_mistake_in("[require]\nattestation = \"perhaps not\"\n").remedy, "write one of them");
  EXPECT_EQ(mistakes_in("[endpoint]\nsuites = [\"A\", \"TLS_AES_128_GCM_SHA256\", \"B\"]\n").size(), 2U);
}

TEST(TomlFile, EveryMistakeIsToldInTheOrderOfTheFile) {
  const auto found = mistakes_in(
      "rle = 1\n[endpoint]\nrole = 1\nlisten = true\n[requir]\n[require]\nkey = \"x\"\nschemes = \"x\"\n");
  std::vector<unsigned> lines;
  for (const auto& m : found) lines.push_back(m.line);
  EXPECT_EQ(lines, (std::vector<unsigned>{1, 3, 4, 5, 7, 8}));
}

TEST(Mistakes, ThoseOfOtherFilesComeLast) {
  Mistakes mistakes("b.toml");
  mistakes.take_over({"a.toml", 1, "k", "w", "r"});
  mistakes.add(9, "k", "w", "r");
  mistakes.add(2, "k", "w", "r");
  const auto sorted = mistakes.sorted();
  EXPECT_EQ(sorted[0].line, 2U);
  EXPECT_EQ(sorted[1].line, 9U);
  EXPECT_EQ(sorted[2].file, "a.toml");
  EXPECT_EQ(sorted[0].message(), "b.toml:2: k: w. Remedy: r.");
}

TEST(Closest, IsTheOneThatWasProbablyMeant) {
  const std::vector<std::string> words = {"server", "client"};
  EXPECT_EQ(closest("sever", words), "server");
  EXPECT_EQ(closest("clients", words), "client");
  EXPECT_EQ(closest("server", words), "server");
  EXPECT_EQ(closest("relay", words), "");
  EXPECT_EQ(closest("", words), "");
  EXPECT_EQ(closest("x", {}), "");
}

}  // namespace
}  // namespace seatls::config
