#include "proxy/http_parser.h"

#include <utility>  // which Boost 1.74 forgets

#include <algorithm>
#include <boost/beast/http.hpp>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace seatls::proxy {
namespace {

namespace beast_http = boost::beast::http;
using ErrorCode = boost::system::error_code;

Error malformed(std::string what) { return {Code::malformed, std::move(what), "HTTP"}; }
std::string_view chars(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// BodyWriter writes the body on, in the chunks in which it came.
struct BodyWriter {
  Buffer* out = nullptr;
  bool chunks = false;
  std::uint64_t left = 0;  // of the chunk

  // The last chunk is written with the end of the body, which the trailers in front of it can still spoil.
  void chunk(std::uint64_t size) {
    left = size;
    if (!chunks || size == 0) return;
    std::string line = "\r\n";
    for (; size > 0; size /= 16) line.insert(line.begin(), "0123456789abcdef"[size % 16]);
    out->put(view(line));
  }
  void end() {
    if (chunks) out->put(view("0\r\n\r\n"));
    chunks = false;
  }
  void data(ByteView bytes) {
    out->put(bytes);
    if (left == 0) return;  // of a body without chunks
    left -= bytes.size();
    if (left == 0 && chunks) out->put(view("\r\n"));
  }
};

// PassingBody is a Body of Beast's that keeps nothing.
struct PassingBody {
  using value_type = BodyWriter*;
  struct reader {
    template <bool is_request, class F>
    reader(beast_http::header<is_request, F>&, value_type& writer) : writer_(writer) {}
    template <class Length>
    void init(const Length&, ErrorCode& code) {
      code = {};
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, ErrorCode& code) {
      code = {};
      std::size_t n = 0;
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers); ++it) {
        const boost::asio::const_buffer piece = *it;
        writer_->data({static_cast<const std::uint8_t*>(piece.data()), piece.size()});
        n += piece.size();
      }
      return n;
    }
    void finish(ErrorCode& code) { code = {}; }
    value_type& writer_;
  };
};

// check_lines holds what Beast tolerates: a line that goes on in the next (obs-fold), and one that a reader
// with laxer ends of line would split.
Result<void> check_lines(std::string_view head, std::size_t most_fields) {
  std::size_t lines = 0;
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    if (c == '\r' && i + 1 < head.size() && head[i + 1] == '\n') {
      if (i + 2 < head.size() && (head[i + 2] == ' ' || head[i + 2] == '\t'))
        return malformed("a header field goes on in the next line");
      ++i;
      if (++lines > most_fields + 2) return Error{Code::limit_exceeded, "too many header fields", "HTTP"};
    } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
      return malformed("a control character stands in the head");
    }
  }
  return {};
}

// check_names: a field that decides on framing or routing must bear its own name, and none that some
// applications take for it.
Result<void> check_names(const Head& head) {
  constexpr std::string_view strict[] = {
      "host", "content-length", "transfer-encoding", "connection",      "upgrade", "expect",
      "te",   "trailer",        "keep-alive",        "proxy-connection"};
  for (const auto& field : head.fields)
    if (std::ranges::find(strict, field.canonical) != std::end(strict) &&
        lower(field.name) != field.canonical)
      return malformed("the field " + field.name + " can be taken for " + field.canonical);
  return {};
}

}  // namespace

struct HttpParser::State {
  State(Kind k, const HttpLimits& l) : kind(k), limits(l) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  virtual ~State() = default;
  // parse takes a whole head, begins the body, and says how that ends.
  virtual Result<void> parse(ByteView whole_head) = 0;
  virtual std::size_t put(ByteView data, ErrorCode& code) = 0;
  virtual bool done() const = 0;
  virtual bool agrees() const = 0;
  virtual void ended(ErrorCode& code) = 0;

  Kind kind;
  HttpLimits limits;
  std::size_t scanned = 0;
  bool has_head = false, ended_well = false;
  Head head;
  BodyForm body = BodyForm::none;
  std::uint64_t length = 0;
  BodyWriter writer;

  [[nodiscard]] Result<std::size_t> end_of_head(std::string_view from);
  [[nodiscard]] Result<void> judge_framing();
};

template <bool is_request>
struct HttpParser::Beast final : State {
  Beast(Kind k, const HttpLimits& l) : State(k, l) {
    parser.header_limit(static_cast<std::uint32_t>(l.head));
    parser.body_limit((std::numeric_limits<std::uint64_t>::max)());  // Boost 1.74 takes "none" for 0
    parser.eager(false);
    parser.get().body() = &writer;
    parser.on_chunk_header(on_chunk);
    if (k == Kind::response_to_head) parser.skip(true);
  }

  Result<void> parse(ByteView whole_head) override {
    ErrorCode code;
    const auto used = parser.put({whole_head.data(), whole_head.size()}, code);
    if (code == beast_http::error::bad_version)
      return Error{Code::protocol_version, "this is neither HTTP/1.1 nor HTTP/1.0", "HTTP"};
    if (code) return malformed(code.message());
    // The start line and the fields are a step each.
    if (!parser.is_header_done() || used != whole_head.size()) return malformed("the head is unclear");
    const auto& message = parser.get();
    head.http_1_0 = message.version() == 10;
    if constexpr (is_request) {
      head.method = std::string(message.method_string());
      head.target = std::string(message.target());
    } else {
      head.status = message.result_int();
      head.reason = std::string(message.reason());
    }
    for (const auto& f : message)
      head.fields.emplace_back(std::string_view(f.name_string().data(), f.name_string().size()),
                               std::string_view(f.value().data(), f.value().size()));
    return {};
  }
  std::size_t put(ByteView data, ErrorCode& code) override {
    return parser.put({data.data(), data.size()}, code);
  }
  bool done() const override { return parser.is_done(); }
  bool agrees() const override {
    if (parser.is_done()) return body == BodyForm::none || (body == BodyForm::length && length == 0);
    const auto beasts = parser.content_length();
    return parser.chunked() == (body == BodyForm::chunked) &&
           (body == BodyForm::length ? beasts && *beasts == length : !beasts);
  }
  void ended(ErrorCode& code) override { parser.put_eof(code); }

  beast_http::parser<is_request, PassingBody> parser;
  std::function<void(std::uint64_t, boost::beast::string_view, ErrorCode&)> on_chunk =
      [this](std::uint64_t size, boost::beast::string_view, ErrorCode& code) {
        code = {};
        writer.chunk(size);
      };
};

// end_of_head returns how long the head is, or 0 while its end is not there.
Result<std::size_t> HttpParser::State::end_of_head(std::string_view from) {
  for (; scanned < from.size(); ++scanned) {
    if (scanned >= limits.head)
      return Error{Code::limit_exceeded, "a head may have " + std::to_string(limits.head) + " bytes", "HTTP"};
    if (from[scanned] != '\n') continue;
    if (scanned == 0 || from[scanned - 1] != '\r') return malformed("a line ends without a carriage return");
    if (scanned >= 3 && from.substr(scanned - 3, 4) == "\r\n\r\n") return scanned + 1;
  }
  return std::size_t{0};
}

// judge_framing decides where the body ends, once for all readers (RFC 9112, 6.3): what could be read in two
// ways is refused.
Result<void> HttpParser::State::judge_framing() {
  SEATLS_CHECK(check_names(head));
  const auto codings = head.count("transfer-encoding"), lengths = head.count("content-length");
  if (codings > 0 && lengths > 0) return malformed("Content-Length stands beside Transfer-Encoding");
  if (codings > 0) {
    if (head.http_1_0) return malformed("HTTP/1.0 knows no Transfer-Encoding");
    if (codings > 1 || !equal_ignoring_case(head.value("transfer-encoding"), "chunked"))
      return Error{Code::unknown_value, "the only transfer coding is chunked", "HTTP"};
    body = BodyForm::chunked;
  } else if (lengths > 0) {
    const auto text = head.value("content-length");
    if (lengths > 1 || text.empty() || text.size() > 18 ||
        !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
      return malformed("Content-Length is not one number");
    length = std::stoull(std::string(text));
    body = BodyForm::length;
  } else {
    body = kind == Kind::request ? BodyForm::none : BodyForm::until_end;
  }
  const bool bodiless =
      kind == Kind::response_to_head ||
      (kind == Kind::response && (head.status / 100 == 1 || head.status == 204 || head.status == 304));
  if (bodiless) body = BodyForm::none;
  return {};
}

HttpParser::HttpParser(Kind kind, const HttpLimits& limits) {
  if (kind == Kind::request)
    state_ = std::make_unique<Beast<true>>(kind, limits);
  else
    state_ = std::make_unique<Beast<false>>(kind, limits);
}
HttpParser::HttpParser(HttpParser&&) noexcept = default;
HttpParser& HttpParser::operator=(HttpParser&&) noexcept = default;
HttpParser::~HttpParser() = default;

Result<std::size_t> HttpParser::take_head(ByteView from) {
  State& s = *state_;
  SEATLS_TRY(const auto end, s.end_of_head(chars(from)));
  if (end == 0) return std::size_t{0};
  const auto whole = from.first(end);
  SEATLS_CHECK(check_lines(chars(whole), s.limits.fields));
  SEATLS_CHECK(s.parse(whole));
  SEATLS_CHECK(s.judge_framing());
  if (!s.agrees()) return malformed("it is unclear where the body ends");
  s.has_head = true;
  return end;
}

bool HttpParser::has_head() const { return state_->has_head; }
const Head& HttpParser::head() const { return state_->head; }
BodyForm HttpParser::body() const { return state_->body; }
std::uint64_t HttpParser::length() const { return state_->length; }

Result<std::size_t> HttpParser::take_body(ByteView from, bool as_chunks, Buffer& into) {
  State& s = *state_;
  s.writer.out = &into;
  s.writer.chunks = as_chunks && s.body == BodyForm::chunked;
  std::size_t used = 0;
  while (!done() && used < from.size()) {
    // The first line of a chunk, and the trailers, must be there as a whole: they get as much room as a head.
    const auto rest = from.subspan(used);
    const bool between = s.body == BodyForm::chunked && s.writer.left == 0;
    const auto piece = between ? rest.first(std::min(rest.size(), s.limits.head)) : rest;
    // Beast cannot be asked twice about less than a last chunk, which is the least that must still come here.
    if (between && piece.size() < 5) break;
    ErrorCode code;
    const auto n = s.put(piece, code);
    used += n;
    if (code == beast_http::error::need_more) {
      if (between && n == 0 && piece.size() == s.limits.head)
        return Error{Code::limit_exceeded, "what stands between two chunks is too long", "HTTP"};
      if (n == 0) break;
    } else if (code) {
      return malformed(code.message());
    }
  }
  if (done()) s.writer.end();
  return used;
}

bool HttpParser::done() const { return state_->has_head && (state_->done() || state_->ended_well); }

Result<void> HttpParser::ended() {
  if (done()) return {};
  if (state_->has_head && state_->body == BodyForm::until_end) {
    state_->ended_well = true;
    return {};
  }
  return Error{Code::truncated, "the message ends too early", "HTTP"};
}

}  // namespace seatls::proxy
