#include "collateral/entry.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "codec/json.h"

namespace seatls::collateral {
namespace {

namespace json = codec::json;

constexpr std::string_view format = "seatls-collateral-1";

Result<std::string> text_of(const json::Value& object, std::string_view key) {
  const auto* value = object.find(key);
  const auto text = value == nullptr ? Result<std::string_view>(Error{}) : value->as_text();
  if (!text) return Error{Code::malformed, "must be a text", std::string(key)};
  return std::string(*text);
}

json::Value text(std::string value) { return json::Value(json::Value::Data(std::move(value))); }

// end_of_object returns the place behind the object that starts at `at`.
std::size_t end_of_object(std::string_view s, std::size_t at) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = at; i < s.size(); ++i) {
    const char c = s[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::size_t skip_space(std::string_view s, std::size_t at) {
  return std::min(s.find_first_not_of(" \t\r\n", at), s.size());
}

}  // namespace

Result<std::string> write_entry(const Entry& e) {
  return json::write(
      json::Value(json::Value::Data(json::Object{{"format", text(std::string(format))},
                                                 {"name", text(e.name)},
                                                 {"what", text(e.what)},
                                                 {"source", text(e.source)},
                                                 {"fetched", text(base::to_rfc3339(e.fetched))},
                                                 {"issuer_chain", text(e.issuer_chain)},
                                                 {"content", text(e.content)}})));
}

Result<Entry> read_entry(std::string_view written) {
  SEATLS_TRY(const auto object, json::parse(written));
  SEATLS_TRY(const auto stated, text_of(object, "format"));
  if (stated != format)
    return Error{Code::unknown_value, "is \"" + stated + "\"; \"" + std::string(format) + "\" is known",
                 "format"};
  Entry e;
  SEATLS_TRY(e.name, text_of(object, "name"));
  SEATLS_TRY(e.what, text_of(object, "what"));
  SEATLS_TRY(e.source, text_of(object, "source"));
  SEATLS_TRY(const auto fetched, text_of(object, "fetched"));
  SEATLS_TRY(e.fetched, base::from_rfc3339(fetched));
  SEATLS_TRY(e.issuer_chain, text_of(object, "issuer_chain"));
  SEATLS_TRY(e.content, text_of(object, "content"));
  return e;
}

// The signature is over the text as it was served: it is cut out, and not written anew.
Result<SignedDocument> split_document(std::string_view s, std::string_view name) {
  const Error bad{Code::malformed, "is no {\"" + std::string(name) + "\":{…},\"signature\":\"…\"}",
                  std::string(name)};
  SEATLS_TRY(const auto whole, json::parse(s));
  const auto* object = whole.object();
  if (object == nullptr || object->size() != 2) return bad;
  SEATLS_TRY(auto signature, text_of(whole, "signature"));
  // The document is the first or the second member.
  const std::string key = "\"" + std::string(name) + "\"";
  std::size_t at = skip_space(s, skip_space(s, 0) + 1);
  if (object->front().first == "signature") {
    at = skip_space(s, at + std::string_view("\"signature\"").size());  // ':'
    at = skip_space(s, at + 1);                                         // its value, of hex digits
    at = s.find(',', at);
    if (at == std::string_view::npos) return bad;
    at = skip_space(s, at + 1);
  }
  if (!s.substr(at).starts_with(key)) return bad;
  at = skip_space(s, at + key.size());
  if (at >= s.size() || s[at] != ':') return bad;
  at = skip_space(s, at + 1);
  if (at >= s.size() || s[at] != '{') return bad;
  const auto end = end_of_object(s, at);
  if (end == std::string_view::npos) return bad;
  return SignedDocument{std::string(s.substr(at, end - at)), std::move(signature)};
}

std::string_view document_name(const Item& item) {
  return std::holds_alternative<appraise::TcbInfoOf>(item) ? "tcbInfo" : "enclaveIdentity";
}

}  // namespace seatls::collateral
