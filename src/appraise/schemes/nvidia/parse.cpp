#include "appraise/schemes/nvidia/parse.h"

#include <algorithm>

#include "base/encoding.h"
#include "codec/json.h"

namespace seatls::appraise::nvidia {
namespace {

namespace json = codec::json;

constexpr std::size_t most_devices = 64;
constexpr std::size_t most_certificates = 16;
constexpr std::size_t largest_report = 64 * 1024;
constexpr std::string_view pem_begin = "-----BEGIN CERTIFICATE-----";

Error at(Error error, const std::string& place) { return std::move(error).in(place); }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

Result<std::vector<crypto::Certificate>> read_chain(std::string_view pem) {
  std::size_t count = 0;
  for (auto i = pem.find(pem_begin); i != std::string_view::npos; i = pem.find(pem_begin, i + 1)) ++count;
  if (count > most_certificates)
    return Error{
        Code::limit_exceeded,
        std::to_string(count) + " certificates; at most " + std::to_string(most_certificates) + " are read",
        ""};
  if (count == 0) return Error{Code::malformed, "there is no PEM certificate", ""};
  return crypto::parse_pem_certificates(pem);
}

Result<Report> read_report(const Bytes& raw) {
  if (raw.size() > largest_report)
    return Error{Code::limit_exceeded, std::to_string(raw.size()) + " bytes of a report", ""};
  return parse_report(raw);
}

// text_at returns an optional text member.
Result<std::string> text_at(const json::Value& object, std::string_view key) {
  const auto* value = object.find(key);
  if (value == nullptr) return std::string();
  auto text = value->as_text();
  if (!text) return at(std::move(text).error(), std::string(key));
  return std::string(*text);
}

Result<Device> read_device(const json::Value& entry, const std::string& architecture,
                           const std::string& nonce) {
  if (entry.object() == nullptr) return Error{Code::malformed, "is no object", ""};
  Device device;
  SEATLS_TRY(const std::string evidence, text_at(entry, "evidence"));
  auto raw = base::from_base64_lines(evidence);
  if (!raw) return at(std::move(raw).error(), "evidence");
  auto report = read_report(*raw);
  if (!report) return at(std::move(report).error(), "evidence");
  device.report = std::move(*report);
  SEATLS_TRY(const std::string certificate, text_at(entry, "certificate"));
  auto pem = base::from_base64_lines(certificate);
  if (!pem) return at(std::move(pem).error(), "certificate");
  auto chain = read_chain(text(*pem));
  if (!chain) return at(std::move(chain).error(), "certificate");
  device.chain = std::move(*chain);
  SEATLS_TRY(device.architecture, text_at(entry, "arch"));
  if (device.architecture.empty()) device.architecture = architecture;
  SEATLS_TRY(std::string stated, text_at(entry, "nonce"));
  if (stated.empty()) stated = nonce;
  auto hex = base::from_hex(std::string_view(stated).substr(stated.starts_with("0x") ? 2 : 0));
  if (!hex) return at(std::move(hex).error(), "nonce");
  device.nonce = std::move(*hex);
  return device;
}

Result<Evidence> read_json(std::string_view text) {
  SEATLS_TRY(const auto whole, json::parse(text));
  const auto* list = whole.array();
  std::string architecture, nonce;
  if (const auto* inner = whole.find("evidence_list")) {
    list = inner->array();
    SEATLS_TRY(architecture, text_at(whole, "arch"));
    SEATLS_TRY(nonce, text_at(whole, "nonce"));
  }
  if (list == nullptr)
    return Error{Code::malformed, "is neither a list of evidence nor an object with an evidence_list", ""};
  if (list->empty() || list->size() > most_devices)
    return Error{
        Code::limit_exceeded,
        std::to_string(list->size()) + " devices; 1 to " + std::to_string(most_devices) + " are read", ""};
  Evidence evidence;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto device = read_device((*list)[i], architecture, nonce);
    if (!device) return at(std::move(device).error(), "[" + std::to_string(i) + "]");
    evidence.devices.push_back(std::move(*device));
  }
  return evidence;
}

// The files that NVIDIA's verifier is tested with: a report in hex, and a chain.
Result<Evidence> read_text(std::string_view text) {
  const auto pem = text.find(pem_begin);
  std::string digits;
  for (const char c : text.substr(0, pem))
    if (!is_blank(c)) digits += c;
  auto raw = base::from_hex(digits);
  if (!raw) return at(std::move(raw).error(), "report");
  auto report = read_report(*raw);
  if (!report) return at(std::move(report).error(), "report");
  Device device{std::move(*report), {}, "", {}};
  if (pem != std::string_view::npos) {
    auto chain = read_chain(text.substr(pem));
    if (!chain) return at(std::move(chain).error(), "certificates");
    device.chain = std::move(*chain);
  }
  Evidence evidence;
  evidence.devices.push_back(std::move(device));
  return evidence;
}

}  // namespace

class Parser {
 public:
  static ParsedEvidence mint(Evidence evidence) { return ParsedEvidence(std::move(evidence)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr) return Error{Code::malformed, "nvidia evidence is a CMW record", "cmw"};
  const std::string whole = text(credential.record()->value);
  const auto first = std::ranges::find_if_not(whole, is_blank);
  const bool is_json = first != whole.end() && (*first == '[' || *first == '{');
  auto evidence = is_json ? read_json(whole) : read_text(whole);
  if (!evidence) return at(std::move(evidence).error(), "nvidia");
  return Parser::mint(std::move(*evidence));
}

}  // namespace seatls::appraise::nvidia
