#include "rats/media_type.h"

#include <algorithm>
#include <array>

namespace seatls::rats {
namespace {

struct Row {
  std::uint16_t id;
  std::string_view type;
};
// The IANA registry "CoAP Content-Formats", as far as it concerns attestation.
constexpr auto kFormats = std::to_array<Row>({
    {18, "application/cose; cose-type=\"cose-sign1\""},
    {61, "application/cwt"},
    {258, "application/swid+cbor"},
    {263, "application/eat+cwt"},
    {264, "application/eat+jwt"},
    {265, "application/eat-bun+cbor"},
    {266, "application/eat-bun+json"},
    {267, "application/eat-ucs+cbor"},
    {268, "application/eat-ucs+json"},
    {273, "application/cmw+cbor"},
    {274, "application/cmw+json"},
    {275, "application/cmw+cose"},
    {276, "application/cmw+jws"},
    {295, "application/measured-component+cbor"},
    {296, "application/measured-component+json"},
    {601, "application/uccs+cbor"},
    {10003, "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""},
    {10004, "application/eat+cwt; eat_profile=\"tag:psacertified.org,2019:psa#legacy\""},
    {10005, "application/eat+cwt; eat_profile=2.16.840.1.113741.1.16.1"},
    {10570, "application/toc+cbor"},
    {10571, "application/ce+cbor"},
});

// tchar of RFC 9110, 5.6.2
bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

class Cursor {
 public:
  explicit Cursor(std::string_view s) : rest_(s) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (take(' ')) {
    }
  }
  std::string_view token() {
    std::size_t n = 0;
    while (n < rest_.size() && is_token_char(rest_[n])) ++n;
    const auto out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  // quoted reads what follows an opening quote, up to and with the closing one.
  std::optional<std::string> quoted() {
    std::string out;
    while (!rest_.empty()) {
      if (take('"')) return out;
      if (take('\\') && rest_.empty()) return std::nullopt;
      const char c = rest_.front();
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
      out += c;
      rest_.remove_prefix(1);
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

}  // namespace

const std::string* ParsedMediaType::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return &value;
  return nullptr;
}

Result<ParsedMediaType> parse_media_type(std::string_view text) {
  const Error bad{Code::malformed, "'" + std::string(text.substr(0, 80)) + "' is not a media type", ""};
  Cursor in(text);
  ParsedMediaType out;
  const auto type = in.token();
  if (type.empty() || !in.take('/')) return bad;
  const auto subtype = in.token();
  if (subtype.empty()) return bad;
  out.type = lower(type) + "/" + lower(subtype);
  while (!in.done()) {
    in.skip_spaces();
    if (!in.take(';')) return bad;
    in.skip_spaces();
    const auto name = lower(in.token());
    if (name.empty() || !in.take('=') || out.parameter(name) != nullptr) return bad;
    if (in.take('"')) {
      auto value = in.quoted();
      if (!value) return bad;
      out.parameters.emplace_back(name, *std::move(value));
    } else {
      const auto value = in.token();
      if (value.empty()) return bad;
      out.parameters.emplace_back(name, value);
    }
  }
  return out;
}

std::optional<std::string> media_type_of(std::uint16_t content_format) {
  const auto row =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const Row& r) { return r.id == content_format; });
  return row == kFormats.end() ? std::nullopt : std::optional<std::string>(row->type);
}

namespace {
std::optional<ParsedMediaType> parsed(const EvidenceType& type) {
  const auto* format = std::get_if<ContentFormat>(&type);
  const auto name = format != nullptr ? media_type_of(format->id) : std::get<MediaType>(type).name;
  if (!name) return std::nullopt;
  auto out = parse_media_type(*name);
  return out ? std::optional(std::move(out).value()) : std::nullopt;
}
}  // namespace

std::optional<std::string> base_type(const EvidenceType& type) {
  const auto media_type = parsed(type);
  return media_type ? std::optional(media_type->type) : std::nullopt;
}

std::optional<std::string> profile_of(const EvidenceType& type) {
  const auto media_type = parsed(type);
  const auto* profile = media_type ? media_type->parameter("eat_profile") : nullptr;
  return profile != nullptr ? std::optional(*profile) : std::nullopt;
}

bool same_profile(std::string_view a, std::string_view b) { return lower(a) == lower(b); }

namespace {
constexpr std::uint64_t kFirstTag = 0x63740101, kLastTag = 0x6374ffff;  // the registered range
}

std::optional<std::uint64_t> tag_number(std::uint16_t content_format) {
  const auto tag = kFirstTag + content_format / 255u * 256u + content_format % 255u;
  return tag <= kLastTag ? std::optional(tag) : std::nullopt;
}

std::optional<std::uint16_t> content_format_of_tag(std::uint64_t tag) {
  if (tag < kFirstTag || tag > kLastTag) return std::nullopt;
  const auto n = tag - kFirstTag;
  if ((n & 0xff) > 254) return std::nullopt;
  return static_cast<std::uint16_t>((n >> 8) * 255 + (n & 0xff));
}

}  // namespace seatls::rats
