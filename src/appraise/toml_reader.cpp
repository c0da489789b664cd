#include "appraise/toml_reader.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "crypto/x509.h"

namespace seatls::appraise {
namespace {

constexpr std::size_t largest_file = 1 << 20;

std::string joined(const std::vector<std::string_view>& list) {
  std::string out;
  for (const auto s : list) out += (out.empty() ? "" : ", ") + std::string(s);
  return out;
}

// ders_of_pem returns the DER of every block with this label, or nothing when one is broken.
std::vector<Bytes> ders_of_pem(std::string_view pem, const std::string& label) {
  const std::string begin = "-----BEGIN " + label + "-----", end = "-----END " + label + "-----";
  std::vector<Bytes> list;
  for (auto at = pem.find(begin); at != std::string_view::npos; at = pem.find(begin, at)) {
    at += begin.size();
    const auto stop = pem.find(end, at);
    if (stop == std::string_view::npos) return {};
    auto der = base::from_base64_lines(pem.substr(at, stop - at));
    if (!der) return {};
    list.push_back(std::move(*der));
  }
  return list;
}

// DER starts with a SEQUENCE, which no text starts with.
bool is_der(std::string_view content) { return content.starts_with("\x30\x82"); }

}  // namespace

Result<std::string> read_policy_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string content(largest_file + 1, '\0');
  if (!in.read(content.data(), static_cast<std::streamsize>(content.size())) && !in.eof())
    return Error{Code::io, path + " cannot be read", ""};
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.size() > largest_file) return Error{Code::io, path + " is larger than 1 MiB", ""};
  return content;
}

void TomlReader::mistake(unsigned line, std::string key, std::string what, std::string remedy, Code code) {
  mistakes_.push_back({name_, line, std::move(key), std::move(what), std::move(remedy), code});
}

void TomlReader::wrong_type(const toml::node& node, std::string key, const std::string& wanted) {
  mistake(line_of(node), std::move(key), "the value is of the wrong type", "write " + wanted);
}

unsigned TomlReader::line(std::string key) const {
  while (true) {
    if (const auto at = lines_.find(key); at != lines_.end()) return at->second;
    const auto dot = key.rfind('.');
    if (dot == std::string::npos) return 0;
    key.resize(dot);
  }
}

std::vector<PolicyMistake> TomlReader::mistakes() const {
  auto list = mistakes_;
  std::ranges::stable_sort(list, {}, &PolicyMistake::line);
  return list;
}

const toml::node* TomlReader::find(const Section& s, std::string_view key) {
  if (!s.present()) return nullptr;
  const toml::node* node = s.table->get(key);
  if (node != nullptr) lines_[s.full(key)] = line_of(*node);
  return node;
}

Section TomlReader::section(const Section& parent, std::string_view key) {
  const toml::node* node = find(parent, key);
  const std::string full = parent.full(key);
  if (node == nullptr) return {nullptr, full, 0};
  if (!node->is_table())
    mistake(line_of(*node), full, "must be a table", "write [" + full + "] on a line of its own");
  return {node->as_table(), full, line_of(*node)};
}

void TomlReader::refuse_unknown(const Section& s, const std::vector<std::string_view>& known) {
  if (!s.present()) return;
  for (const auto& [key, node] : *s.table)
    if (std::ranges::find(known, key.str()) == known.end())
      mistake(static_cast<unsigned>(key.source().begin.line), s.full(key.str()), "there is no such key",
              (s.name.empty() ? "the policy's keys and tables are: " : "the keys of [" + s.name + "] are: ") +
                  joined(known));
}

std::optional<std::string> TomlReader::text(const Section& s, std::string_view key) {
  const toml::node* node = find(s, key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_string()) return value->get();
  wrong_type(*node, s.full(key), "a text in quotes");
  return std::nullopt;
}

bool TomlReader::text_is(const Section& s, std::string_view key, std::string_view word) {
  const toml::node* node = find(s, key);
  const auto* text = node == nullptr ? nullptr : node->as_string();
  return text != nullptr && text->get() == word;
}

std::vector<std::string> TomlReader::texts(const Section& s, std::string_view key) {
  const toml::node* node = find(s, key);
  if (node == nullptr) return {};
  if (const auto* one = node->as_string()) return {one->get()};
  std::vector<std::string> list;
  if (const auto* array = node->as_array()) {
    for (const auto& element : *array)
      if (const auto* value = element.as_string()) list.push_back(value->get());
    if (list.size() == array->size() && !list.empty()) return list;
  }
  wrong_type(*node, s.full(key), "a list of at least one text, [\"…\", \"…\"]");
  return {};
}

bool TomlReader::flag(const Section& s, std::string_view key) {
  const toml::node* node = find(s, key);
  if (node == nullptr) return false;
  if (const auto* value = node->as_boolean()) return value->get();
  wrong_type(*node, s.full(key), "true or false");
  return false;
}

std::optional<std::int64_t> TomlReader::number(const Section& s, std::string_view key, std::int64_t least,
                                               std::int64_t most) {
  const toml::node* node = find(s, key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_integer();
  if (value != nullptr && value->get() >= least && value->get() <= most) return value->get();
  wrong_type(*node, s.full(key), "a number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

Expect<std::int64_t> TomlReader::numbers(const Section& s, std::string_view key, std::int64_t least,
                                         std::int64_t most) {
  const toml::node* node = find(s, key);
  if (node == nullptr) return {};
  if (const auto* word = node->as_string(); word != nullptr && word->get() == any_text) return expect::Any{};
  const auto fits = [&](const toml::node& n) {
    const auto* value = n.as_integer();
    return value != nullptr && value->get() >= least && value->get() <= most;
  };
  expect::OneOf<std::int64_t> accepted;
  if (fits(*node)) accepted.values.push_back(node->as_integer()->get());
  if (const auto* list = node->as_array(); list != nullptr && std::ranges::all_of(*list, fits))
    for (const auto& element : *list) accepted.values.push_back(element.as_integer()->get());
  if (!accepted.values.empty()) return accepted;
  wrong_type(*node, s.full(key),
             "numbers from " + std::to_string(least) + " to " + std::to_string(most) + ", or \"expect.any\"");
  return {};
}

std::optional<KeyProvenance> TomlReader::provenance(const Section& s) {
  const auto value = text(s, "key");
  if (!value) return std::nullopt;
  if (*value == "proven") return KeyProvenance::proven;
  if (*value == "measured") return KeyProvenance::measured;
  mistake(line(s.full("key")), s.full("key"), "\"" + *value + "\" is no provenance",
          "write \"proven\" or \"measured\"; less is danger.allow_unproven_tik = true");
  return std::nullopt;
}

std::optional<std::chrono::seconds> TomlReader::duration(const Section& s, std::string_view key) {
  const auto value = text(s, key);
  if (!value) return std::nullopt;
  long count = 0;
  const char* const last = value->data() + value->size();
  const auto [end, error] = std::from_chars(value->data(), last, count);
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  const long scale = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86400 : 0;
  if (error != std::errc() || scale == 0 || count < 0 || count > 1'000'000) {
    mistake(line(s.full(key)), s.full(key), "\"" + *value + "\" is no duration",
            "write \"90s\", \"10m\", \"24h\" or \"7d\"");
    return std::nullopt;
  }
  return std::chrono::seconds{count * scale};
}

Expect<Bytes> TomlReader::digests(const Section& s, std::string_view key) {
  expect::OneOf<Bytes> one_of;
  for (const auto& value : texts(s, key)) {
    if (value == any_text) return expect::Any{};
    auto digest = base::from_hex(value);
    if (digest && !digest->empty())
      one_of.values.push_back(std::move(*digest));
    else
      mistake(line(s.full(key)), s.full(key), "\"" + value + "\" is not hex",
              "list the accepted values in hex, or write \"expect.any\" to accept any, visibly");
  }
  return one_of.values.empty() ? Expect<Bytes>() : Expect<Bytes>(std::move(one_of));
}

Expect<Bytes> TomlReader::references(const Section& s, std::string_view key) {
  if (text_is(s, key, corim_text)) return expect::FromCorim{};
  return digests(s, key);
}

std::map<unsigned, Expect<Bytes>> TomlReader::registers(const Section& s, Corim corim) {
  std::map<unsigned, Expect<Bytes>> out;
  if (!s.present()) return out;
  for (const auto& [key, node] : *s.table) {
    unsigned index = 0;
    const std::string_view digits = key.str();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error != std::errc() || digits != std::to_string(index))
      mistake(line_of(node), s.full(digits), "is not the number of a register",
              "write lines such as 0 = [\"HEX\"]");
    else
      out[index] = corim == Corim::may_tell ? references(s, digits) : digests(s, digits);
  }
  return out;
}

std::map<Hash, std::map<unsigned, Expect<Bytes>>> TomlReader::banks(const Section& s) {
  std::map<Hash, std::map<unsigned, Expect<Bytes>>> out;
  refuse_unknown(s, {"sha256", "sha384", "sha512"});
  for (const Hash bank : {Hash::sha256, Hash::sha384, Hash::sha512}) {
    const Section table = section(s, seatls::name(bank));
    if (table.present()) out[bank] = registers(table);
  }
  return out;
}

bool TomlReader::required(const Section& s, std::string_view key) {
  const auto word = text(s, key);
  if (word && *word != "required" && *word != "optional")
    mistake(line(s.full(key)), s.full(key), "\"" + *word + "\" is no requirement",
            "write \"required\" or \"optional\"");
  return word == "required";
}

Expect<std::string> TomlReader::names(const Section& s, std::string_view key) {
  auto list = texts(s, key);
  if (list.empty()) return {};
  if (std::ranges::find(list, any_text) != list.end()) return expect::Any{};
  return expect::OneOf<std::string>{std::move(list)};
}

std::optional<std::string> TomlReader::file(const std::string& path, const std::string& key, unsigned line) {
  if (path.starts_with("-----BEGIN ")) return path;
  if (!folder_) {
    mistake(line, key, "names the file \"" + path + "\", and this policy stands alone",
            "write the PEM text itself in place of the name");
    return std::nullopt;
  }
  auto content = read_policy_file((std::filesystem::path(*folder_) / path).string());
  if (content) return std::move(*content);
  mistake(line, key, content.error().detail,
          "check the name; relative names start at the policy's own folder", Code::io);
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> TomlReader::files(const Section& s, std::string_view key,
                                                                   std::string_view word) {
  std::vector<std::pair<std::string, std::string>> list;
  for (const auto& path : texts(s, key))
    if (path == word && !word.empty())
      continue;
    else if (auto content = file(path, s.full(key), line(s.full(key))))
      list.emplace_back(path, std::move(*content));
  return list;
}

std::vector<Bytes> TomlReader::certificates(const Section& s, std::string_view key) {
  std::vector<Bytes> list;
  for (const auto& path : texts(s, key)) {
    const auto pem = file(path, s.full(key), line(s.full(key)));
    if (!pem) continue;
    if (is_der(*pem) && crypto::Certificate::from_der(view(*pem))) {
      list.push_back(bytes(view(*pem)));
      continue;
    }
    const auto parsed = crypto::parse_pem_certificates(*pem);
    if (!parsed || parsed->empty())
      mistake(line(s.full(key)), s.full(key), path + " holds no certificate",
              "name a file with -----BEGIN CERTIFICATE-----, or one certificate in DER");
    else
      for (const auto& certificate : *parsed) list.push_back(bytes(certificate.der()));
  }
  return list;
}

std::vector<Bytes> TomlReader::crls(const Section& s, std::string_view key) {
  std::vector<Bytes> list;
  for (const auto& path : texts(s, key)) {
    const auto pem = file(path, s.full(key), line(s.full(key)));
    if (!pem) continue;
    auto found = is_der(*pem) ? std::vector<Bytes>{bytes(view(*pem))} : ders_of_pem(*pem, "X509 CRL");
    if (found.empty())
      mistake(line(s.full(key)), s.full(key), path + " holds no revocation list",
              "name a file with -----BEGIN X509 CRL-----, or one list in DER");
    std::ranges::move(found, std::back_inserter(list));
  }
  return list;
}

std::optional<Spki> TomlReader::public_key(const std::string& path, const std::string& key, unsigned line) {
  const auto pem = file(path, key, line);
  if (!pem) return std::nullopt;
  if (const auto parsed = crypto::PublicKey::from_pem(*pem)) return parsed->spki();
  mistake(line, key, path + " holds no public key", "name a file with -----BEGIN PUBLIC KEY-----");
  return std::nullopt;
}

std::vector<Spki> TomlReader::public_keys(const Section& s, std::string_view key) {
  std::vector<Spki> list;
  for (const auto& path : texts(s, key))
    if (auto read = public_key(path, s.full(key), line(s.full(key)))) list.push_back(std::move(*read));
  return list;
}

}  // namespace seatls::appraise
