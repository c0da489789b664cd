// TomlReader reads the values of a policy file and notes every mistake with its line: what is of the
// wrong type or cannot be read is told, left out, and reading goes on.
#pragma once

#include <toml++/toml.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seatls/policy.h"

namespace seatls::appraise {

// Section is one table of the file with its full name; `table` is null when it is not there.
struct Section {
  const toml::table* table = nullptr;
  std::string name;
  unsigned line = 0;

  [[nodiscard]] bool present() const { return table != nullptr; }
  [[nodiscard]] std::string full(std::string_view key) const {
    return name.empty() ? std::string(key) : name + "." + std::string(key);
  }
};

class TomlReader {
 public:
  // Files that the policy names are looked for in `folder`; without one, naming a file is a mistake. `name`
  // is told in mistakes.
  TomlReader(std::optional<std::string> folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {}

  [[nodiscard]] Section section(const Section& parent, std::string_view key);
  void refuse_unknown(const Section& s, const std::vector<std::string_view>& known);

  // The readers return an empty value for a key that is absent, or wrong.
  [[nodiscard]] const toml::node* find(const Section& s, std::string_view key);
  [[nodiscard]] std::optional<std::string> text(const Section& s, std::string_view key);
  // text_is tells whether the key is this one word, for keys that may also be lists.
  [[nodiscard]] bool text_is(const Section& s, std::string_view key, std::string_view word);
  [[nodiscard]] std::vector<std::string> texts(const Section& s, std::string_view key);  // or a single text
  [[nodiscard]] bool flag(const Section& s, std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> number(const Section& s, std::string_view key, std::int64_t least,
                                                   std::int64_t most);
  [[nodiscard]] Expect<std::int64_t> numbers(const Section& s, std::string_view key, std::int64_t least,
                                             std::int64_t most);            // one, a list, or "expect.any"
  [[nodiscard]] std::optional<KeyProvenance> provenance(const Section& s);  // the key `key`
  [[nodiscard]] std::optional<std::chrono::seconds> duration(const Section& s, std::string_view key);
  [[nodiscard]] Expect<Bytes> digests(const Section& s, std::string_view key);  // hex, or "expect.any"
  // references reads the same, or "from-corim": for claims of which CoRIM documents can tell the values.
  [[nodiscard]] Expect<Bytes> references(const Section& s, std::string_view key);
  // registers reads a table of lines such as 0 = ["HEX"].
  enum class Corim : std::uint8_t { no, may_tell };
  [[nodiscard]] std::map<unsigned, Expect<Bytes>> registers(const Section& s, Corim corim = Corim::no);
  // banks reads tables of registers by the name of their hash: PCRs of a TPM.
  [[nodiscard]] std::map<Hash, std::map<unsigned, Expect<Bytes>>> banks(const Section& s);
  // required reads "required" or "optional", which is what an absent key means.
  [[nodiscard]] bool required(const Section& s, std::string_view key);
  [[nodiscard]] Expect<std::string> names(const Section& s, std::string_view key);
  [[nodiscard]] std::vector<Bytes> certificates(const Section& s,
                                                std::string_view key);  // DER, of PEM or DER files
  [[nodiscard]] std::vector<Bytes> crls(const Section& s, std::string_view key);
  // files returns the name and the content of each file that `key` names; `word` is no file's name.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> files(const Section& s, std::string_view key,
                                                                       std::string_view word = "");
  // public_key reads one PEM file that `key` names.
  [[nodiscard]] std::optional<Spki> public_key(const std::string& path, const std::string& key,
                                               unsigned line);

  // public_keys reads the PEM files that `key` names.
  [[nodiscard]] std::vector<Spki> public_keys(const Section& s, std::string_view key);

  void mistake(unsigned line, std::string key, std::string what, std::string remedy,
               Code code = Code::configuration);
  void wrong_type(const toml::node& node, std::string key, const std::string& wanted);
  // line returns where a key that was asked for stands, or else the innermost table around it, or 0.
  [[nodiscard]] unsigned line(std::string key) const;
  [[nodiscard]] static unsigned line_of(const toml::node& node) {
    return static_cast<unsigned>(node.source().begin.line);
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  // mistakes returns what was noted so far, in the order of the file.
  [[nodiscard]] std::vector<PolicyMistake> mistakes() const;

 private:
  // file returns the content of a file, or PEM text that stands in place of a name.
  [[nodiscard]] std::optional<std::string> file(const std::string& path, const std::string& key,
                                                unsigned line);

  std::optional<std::string> folder_;
  std::string name_;
  std::vector<PolicyMistake> mistakes_;
  std::map<std::string, unsigned> lines_;
};

inline constexpr std::string_view any_text = "expect.any";
inline constexpr std::string_view corim_text = "from-corim";

// read_policy_file reads a text file of at most 1 MiB. Errors: io.
[[nodiscard]] Result<std::string> read_policy_file(const std::string& path);

}  // namespace seatls::appraise
