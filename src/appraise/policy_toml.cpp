// Policies as TOML: the only file of this module that reads files and knows the TOML library.
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "crypto/x509.h"
#include "seatls/policy.h"

namespace seatls {
namespace {

constexpr std::size_t largest_file = 1 << 20;
constexpr std::string_view any_text = "expect.any";

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string content(largest_file + 1, '\0');
  if (!in.read(content.data(), static_cast<std::streamsize>(content.size())) && !in.eof())
    return Error{Code::io, path.string() + " cannot be read", ""};
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.size() > largest_file) return Error{Code::io, path.string() + " is larger than 1 MiB", ""};
  return content;
}

std::string joined(const std::vector<std::string_view>& list) {
  std::string out;
  for (const auto s : list) out += (out.empty() ? "" : ", ") + std::string(s);
  return out;
}

// PEM armour of what the crypto module has no reader for: the DER of every block with this label.
std::vector<Bytes> der_of_pem(std::string_view pem, std::string_view label) {
  const std::string begin = "-----BEGIN " + std::string(label) + "-----";
  const std::string end = "-----END " + std::string(label) + "-----";
  std::vector<Bytes> list;
  for (auto at = pem.find(begin); at != std::string_view::npos; at = pem.find(begin, at)) {
    at += begin.size();
    const auto stop = pem.find(end, at);
    if (stop == std::string_view::npos) return {};
    std::string base64url;
    for (const char c : pem.substr(at, stop - at)) {
      if (c == '+')
        base64url += '-';
      else if (c == '/')
        base64url += '_';
      else if (c != '\n' && c != '\r' && c != '=')
        base64url += c;
    }
    auto der = base::from_base64url(base64url);
    if (!der) return {};
    list.push_back(std::move(*der));
  }
  return list;
}

// Section is one table of the file. It knows its full name and notes what stands in it, so that the
// keys that nobody asked for can be refused.
class Section {
 public:
  Section(const toml::table* table, std::string name, unsigned line)
      : table_(table), name_(std::move(name)), line_(line) {}
  [[nodiscard]] bool present() const { return table_ != nullptr; }
  [[nodiscard]] const toml::table* table() const { return table_; }
  [[nodiscard]] std::string full(std::string_view key) const {
    return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] unsigned line() const { return line_; }

 private:
  const toml::table* table_;
  std::string name_;
  unsigned line_;
};

class Reader {
 public:
  Reader(const std::string& folder, const std::string& name) : folder_(folder), file_(name) {}

  PolicyReport read(const toml::table& root);
  void mistake(unsigned line, std::string key, std::string what, std::string remedy,
               Code code = Code::configuration) {
    mistakes_.push_back({file_, line, std::move(key), std::move(what), std::move(remedy), code});
  }
  PolicyReport refuse() { return {std::nullopt, std::move(mistakes_)}; }

 private:
  void read_tpm2(const Section& s);
  void read_pcrs(const Section& s);
  void read_software(const Section& s);
  void read_result(const Section& s);
  void read_verifier(const toml::table& row, unsigned line);
  void read_danger(const Section& s);

  Section section(const Section& parent, std::string_view key);
  void refuse_unknown(const Section& s, const std::vector<std::string_view>& known);
  const toml::node* find(const Section& s, std::string_view key);
  void wrong_type(const toml::node& node, std::string key, std::string wanted) {
    mistake(line_of(node), std::move(key), "the value is of the wrong type", "write " + std::move(wanted));
  }

  std::optional<std::string> text(const Section& s, std::string_view key);
  std::vector<std::string> texts(const Section& s, std::string_view key);
  std::optional<std::chrono::seconds> duration(const Section& s, std::string_view key);
  std::optional<KeyProvenance> provenance(const Section& s);
  std::vector<KeyPin> pins(const Section& s, std::string_view key, bool* tik);
  std::vector<Bytes> certificates(const Section& s, std::string_view key);
  std::vector<Bytes> crls(const Section& s, std::string_view key);
  Expect<Bytes> digests(const Section& s, std::string_view key);
  std::optional<std::string> file(const std::string& path, const std::string& key, unsigned line);

  static unsigned line_of(const toml::node& node) { return static_cast<unsigned>(node.source().begin.line); }

  std::string folder_;
  std::string file_;
  Policy policy_;
  std::vector<PolicyMistake> mistakes_;
  std::map<std::string, unsigned> lines_;  // of keys that were asked for and of sections
};

const toml::node* Reader::find(const Section& s, std::string_view key) {
  if (!s.present()) return nullptr;
  const toml::node* node = s.table()->get(key);
  if (node != nullptr) lines_[s.full(key)] = line_of(*node);
  return node;
}

Section Reader::section(const Section& parent, std::string_view key) {
  const toml::node* node = find(parent, key);
  if (node != nullptr && !node->is_table()) {
    mistake(line_of(*node), parent.full(key), "must be a table",
            "write [" + parent.full(key) + "] on a line of its own");
    node = nullptr;
  }
  return {node == nullptr ? nullptr : node->as_table(), parent.full(key),
          node == nullptr ? 0 : line_of(*node)};
}

void Reader::refuse_unknown(const Section& s, const std::vector<std::string_view>& known) {
  if (!s.present()) return;
  for (const auto& [key, node] : *s.table())
    if (std::find(known.begin(), known.end(), key.str()) == known.end())
      mistake(
          static_cast<unsigned>(key.source().begin.line), s.full(key.str()), "there is no such key",
          (s.name().empty() ? "the policy's keys and tables are: " : "the keys of [" + s.name() + "] are: ") +
              joined(known));
}

std::optional<std::string> Reader::text(const Section& s, std::string_view key) {
  const toml::node* node = find(s, key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_string()) return value->get();
  wrong_type(*node, s.full(key), "a text in quotes");
  return std::nullopt;
}

// texts takes a list of texts, or a single one.
std::vector<std::string> Reader::texts(const Section& s, std::string_view key) {
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

std::optional<std::chrono::seconds> Reader::duration(const Section& s, std::string_view key) {
  const auto value = text(s, key);
  if (!value) return std::nullopt;
  long count = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(value->data() + value->size() - end));
  const long scale = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86400 : 0;
  if (error != std::errc() || scale == 0 || count < 0 || count > 1'000'000) {
    mistake(lines_[s.full(key)], s.full(key), "\"" + *value + "\" is no duration",
            "write \"90s\", \"10m\", \"24h\" or \"7d\"");
    return std::nullopt;
  }
  return std::chrono::seconds{count * scale};
}

std::optional<KeyProvenance> Reader::provenance(const Section& s) {
  const auto value = text(s, "key");
  if (!value) return std::nullopt;
  if (*value == "proven") return KeyProvenance::proven;
  if (*value == "measured") return KeyProvenance::measured;
  mistake(lines_[s.full("key")], s.full("key"), "\"" + *value + "\" is no provenance",
          "write \"proven\" or \"measured\"; less is danger.allow_unproven_tik = true");
  return std::nullopt;
}

std::vector<KeyPin> Reader::pins(const Section& s, std::string_view key, bool* tik) {
  std::vector<KeyPin> list;
  for (const auto& value : texts(s, key)) {
    if (tik != nullptr && value == "tik") {
      *tik = true;
    } else if (auto pin = parse_key_pin(value)) {
      list.push_back(std::move(*pin));
    } else {
      mistake(lines_[s.full(key)], s.full(key), pin.error().detail, "`seatls key show` prints it");
    }
  }
  return list;
}

std::optional<std::string> Reader::file(const std::string& path, const std::string& key, unsigned line) {
  auto content = read_file(std::filesystem::path(folder_) / path);
  if (content) return std::move(*content);
  mistake(line, key, content.error().detail,
          "check the name; relative names start at the policy's own folder", Code::io);
  return std::nullopt;
}

std::vector<Bytes> Reader::certificates(const Section& s, std::string_view key) {
  std::vector<Bytes> list;
  for (const auto& path : texts(s, key)) {
    const auto pem = file(path, s.full(key), lines_[s.full(key)]);
    if (!pem) continue;
    const auto parsed = crypto::parse_pem_certificates(*pem);
    if (!parsed || parsed->empty()) {
      mistake(lines_[s.full(key)], s.full(key), path + " holds no PEM certificate",
              "name a file with -----BEGIN CERTIFICATE-----");
      continue;
    }
    for (const auto& certificate : *parsed) list.push_back(bytes(certificate.der()));
  }
  return list;
}

std::vector<Bytes> Reader::crls(const Section& s, std::string_view key) {
  std::vector<Bytes> list;
  for (const auto& path : texts(s, key)) {
    const auto pem = file(path, s.full(key), lines_[s.full(key)]);
    if (!pem) continue;
    auto found = der_of_pem(*pem, "X509 CRL");
    if (found.empty())
      mistake(lines_[s.full(key)], s.full(key), path + " holds no PEM revocation list",
              "name a file with -----BEGIN X509 CRL-----");
    std::move(found.begin(), found.end(), std::back_inserter(list));
  }
  return list;
}

Expect<Bytes> Reader::digests(const Section& s, std::string_view key) {
  expect::OneOf<Bytes> one_of;
  for (const auto& value : texts(s, key)) {
    if (value == any_text) return expect::Any{};
    auto digest = base::from_hex(value);
    if (digest && !digest->empty()) {
      one_of.values.push_back(std::move(*digest));
    } else {
      mistake(lines_[s.full(key)], s.full(key), "\"" + value + "\" is not hex",
              "list the accepted values in hex, or write \"expect.any\" to accept any, visibly");
    }
  }
  return one_of.values.empty() ? Expect<Bytes>() : Expect<Bytes>(std::move(one_of));
}

void Reader::read_pcrs(const Section& s) {
  refuse_unknown(s, {"sha256", "sha384", "sha512"});
  for (const Hash bank : {Hash::sha256, Hash::sha384, Hash::sha512}) {
    const Section pcrs = section(s, seatls::name(bank));
    if (!pcrs.present()) continue;
    auto& expected = policy_.tpm2.pcrs[bank];
    for (const auto& [key, node] : *pcrs.table()) {
      unsigned index = 0;
      const std::string_view digits = key.str();
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
      if (error != std::errc() || end != digits.data() + digits.size() || digits != std::to_string(index)) {
        mistake(line_of(node), pcrs.full(digits), "is not the number of a PCR",
                "write lines such as 0 = [\"HEX\"]");
        continue;
      }
      expected[index] = digests(pcrs, digits);
    }
  }
}

void Reader::read_tpm2(const Section& s) {
  refuse_unknown(s, {"ak", "ak_ca", "ak_ca_crl", "ek_ca", "pcrs", "event_log", "firmware_at_least", "key"});
  policy_.tpm2.ak = pins(s, "ak", nullptr);
  policy_.tpm2.ak_ca = certificates(s, "ak_ca");
  policy_.tpm2.ak_ca_crl = crls(s, "ak_ca_crl");
  policy_.tpm2.ek_ca = certificates(s, "ek_ca");
  policy_.tpm2.key = provenance(s);
  read_pcrs(section(s, "pcrs"));
  if (const auto log = text(s, "event_log")) {
    policy_.tpm2.require_event_log = *log == "required";
    if (*log != "required" && *log != "optional")
      mistake(lines_["tpm2.event_log"], "tpm2.event_log", "\"" + *log + "\"",
              "write \"required\" or \"optional\"");
  }
  if (const auto floor = text(s, "firmware_at_least")) {
    std::uint64_t value = 0;
    const std::string_view digits = std::string_view(*floor).substr(std::min<std::size_t>(2, floor->size()));
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (!floor->starts_with("0x") || error != std::errc() || end != digits.data() + digits.size())
      mistake(lines_["tpm2.firmware_at_least"], "tpm2.firmware_at_least",
              "\"" + *floor + "\" is no firmware version",
              "write it as results show it, \"0x2019102300163636\"");
    else
      policy_.tpm2.firmware_at_least = value;
  }
}

void Reader::read_software(const Section& s) {
  refuse_unknown(s, {"ak", "swname", "measurements", "key"});
  policy_.software.ak = pins(s, "ak", &policy_.software.signed_by_tik);
  policy_.software.key = provenance(s);
  policy_.software.measurements = digests(s, "measurements");
  if (const auto names = texts(s, "swname"); names == std::vector{std::string(any_text)})
    policy_.software.swname = expect::Any{};
  else if (!names.empty())
    policy_.software.swname = expect::OneOf<std::string>{names};
}

void Reader::read_verifier(const toml::table& row, unsigned line) {
  const Section s(&row, "result.verifiers", line);
  refuse_unknown(s, {"identity", "key"});
  TrustedVerifier verifier;
  verifier.identity = text(s, "identity").value_or("");
  for (const auto& path : texts(s, "key")) {
    const auto pem = file(path, "result.verifiers", line);
    if (!pem) continue;
    if (const auto key = crypto::PublicKey::from_pem(*pem))
      verifier.keys.push_back(key->spki());
    else
      mistake(line, "result.verifiers", path + " holds no public key",
              "name a file with -----BEGIN PUBLIC KEY-----");
  }
  policy_.result.verifiers.push_back(std::move(verifier));
}

void Reader::read_result(const Section& s) {
  refuse_unknown(s, {"verifiers", "max_age", "clock_skew", "audience", "submods"});
  if (const toml::node* node = find(s, "verifiers")) {
    const auto* array = node->as_array();
    if (array == nullptr ||
        !std::all_of(array->begin(), array->end(), [](const toml::node& n) { return n.is_table(); }))
      wrong_type(*node, "result.verifiers", "[{ identity = \"verifier.example\", key = \"verifier.pem\" }]");
    else
      for (const auto& row : *array) read_verifier(*row.as_table(), line_of(row));
  }
  policy_.result.max_age = duration(s, "max_age");
  if (const auto skew = duration(s, "clock_skew")) policy_.result.clock_skew = *skew;
  policy_.result.audience = text(s, "audience");
  policy_.result.submods = texts(s, "submods");
}

void Reader::read_danger(const Section& s) {
  const std::pair<std::string_view, bool*> rows[] = {
      {"software_evidence", &policy_.danger.software_evidence},
      {"allow_unproven_tik", &policy_.danger.allow_unproven_tik},
      {"allow_unbound_result", &policy_.danger.allow_unbound_result},
      {"allow_debug", &policy_.danger.allow_debug},
  };
  std::vector<std::string_view> known;
  for (const auto& [key, flag] : rows) {
    known.push_back(key);
    const toml::node* node = find(s, key);
    if (node == nullptr) continue;
    if (const auto* value = node->as_boolean())
      *flag = value->get();
    else
      wrong_type(*node, s.full(key), "true or false");
  }
  refuse_unknown(s, known);
}

PolicyReport Reader::read(const toml::table& root) {
  const Section top(&root, "", 0);
  refuse_unknown(top, {"id", "schemes", "key", "tpm2", "software", "result", "machine", "danger"});
  policy_.id = text(top, "id").value_or("");
  policy_.schemes = texts(top, "schemes");
  policy_.key = provenance(top);
  for (const std::string_view name : {"tpm2", "software", "result"}) {
    const Section s = section(top, name);
    if (!s.present()) continue;
    if (name == "tpm2") read_tpm2(s);
    if (name == "software") read_software(s);
    if (name == "result") read_result(s);
    if (std::find(policy_.schemes.begin(), policy_.schemes.end(), name) == policy_.schemes.end())
      mistake(s.line(), std::string(name), "stands here, but schemes does not name it",
              "add \"" + std::string(name) + "\" to schemes, or leave the table out");
  }
  const Section machine = section(top, "machine");
  refuse_unknown(machine, {"id"});
  policy_.machine = texts(machine, "id");
  read_danger(section(top, "danger"));

  // What is missing is told where its table starts, unless the key itself was wrong already.
  for (auto& lack : validate(policy_)) {
    const bool told =
        std::any_of(mistakes_.begin(), mistakes_.end(), [&](const auto& m) { return m.key == lack.key; });
    if (told) continue;
    for (std::string at = lack.key; lack.line == 0 && !at.empty();) {
      if (const auto found = lines_.find(at); found != lines_.end()) lack.line = found->second;
      const auto dot = at.rfind('.');
      at = dot == std::string::npos ? "" : at.substr(0, dot);
    }
    lack.file = file_;
    mistakes_.push_back(std::move(lack));
  }
  std::stable_sort(mistakes_.begin(), mistakes_.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  if (!mistakes_.empty()) return refuse();
  return {std::move(policy_), {}};
}

}  // namespace

PolicyReport check_policy_text(std::string_view toml, const std::string& folder, const std::string& name) {
  Reader reader(folder, name);
  try {
    return reader.read(toml::parse(toml, name));
  } catch (const toml::parse_error& e) {
    reader.mistake(static_cast<unsigned>(e.source().begin.line), "", std::string(e.description()),
                   "mend the TOML at column " + std::to_string(e.source().begin.column) +
                       "; texts stand in quotes, lists in brackets, each key once");
    return reader.refuse();
  }
}

PolicyReport check_policy_file(const std::string& path) {
  const auto content = read_file(path);
  if (!content)
    return {std::nullopt,
            {{path, 0, "", content.error().detail, "check the name and the file's permissions", Code::io}}};
  return check_policy_text(*content, std::filesystem::path(path).parent_path().string(), path);
}

Result<Policy> load_policy(const std::string& path) {
  auto report = check_policy_file(path);
  if (report.policy) return std::move(*report.policy);
  // A policy that is right but names a file that is not there is not the policy's own mistake.
  const bool only_files = std::all_of(report.mistakes.begin(), report.mistakes.end(),
                                      [](const PolicyMistake& m) { return m.code == Code::io; });
  std::string all;
  for (const auto& m : report.mistakes) all += (all.empty() ? "" : "\n") + m.message();
  return Error{only_files ? Code::io : Code::configuration, all, path};
}

}  // namespace seatls
