// HTTP CONNECT (RFC 9110, section 9.3.6; RFC 9112, section 3.2.3).
#include <algorithm>
#include <charconv>

#include "config/text.h"
#include "proxy/preface.h"

namespace seatls::proxy {
namespace {

constexpr std::size_t longest_head = 8U << 10U, most_rest = 64U << 10U;

std::string answer(const char* status, const std::string& detail, const char* more = "") {
  const std::string body = detail + "\n";
  return std::string("HTTP/1.1 ") + status + "\r\n" + more +
         "Content-Type: text/plain\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

class Connect final : public Preface {
 public:
  Result<std::optional<Target>> take(ByteView data) override {
    if (in_.size() + data.size() > most_rest)
      return Error{Code::limit_exceeded, "too much at once", "CONNECT"};
    in_ += text(data);
    const auto end = in_.find("\r\n\r\n");
    if (std::min(end, in_.size()) > longest_head) {
      reply_ = answer("431 Request Header Fields Too Large", "a head may have 8 KiB");
      return Error{Code::limit_exceeded, "a head of more than 8 KiB", "CONNECT"};
    }
    if (end == std::string::npos) return std::optional<Target>();
    used_ = end + 4;
    return parse(std::string_view(in_).substr(0, in_.find("\r\n")));
  }
  Bytes reply() override { return bytes(view(std::exchange(reply_, {}))); }
  [[nodiscard]] ByteView rest() const override { return view(std::string_view(in_).substr(used_)); }
  Bytes granted() override { return bytes(view("HTTP/1.1 200 Connection established\r\n\r\n")); }
  Bytes refused(const Error& error) override {
    const auto kind = category(error.code);
    const auto* status = error.code == Code::timed_out       ? "504 Gateway Timeout"
                         : error.code == Code::configuration ? "403 Forbidden"
                         : kind == Category::local           ? "500 Internal Server Error"
                                                             : "502 Bad Gateway";
    return bytes(view(answer(status, std::string(name(error.code)))));
  }

 private:
  Error refuse(const char* status, const std::string& what, const char* more = "") {
    reply_ = answer(status, what, more);
    return {Code::malformed, what, "CONNECT"};
  }

  // parse reads the request line. Its authority counts, whatever Host says.
  Result<std::optional<Target>> parse(std::string_view line) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || last <= first + 1 || !line.substr(last + 1).starts_with("HTTP/1."))
      return refuse("400 Bad Request", "this is no HTTP/1.1 request");
    if (line.substr(0, first) != "CONNECT")
      return refuse("405 Method Not Allowed", "this proxy knows CONNECT alone", "Allow: CONNECT\r\n");
    const auto authority = line.substr(first + 1, last - first - 1);
    const auto parsed = config::parse_host_port(authority);
    const auto good = [](unsigned char c) { return c > ' ' && c < 0x7f && c != '/' && c != '@'; };
    if (!parsed || parsed->host.empty() || !std::ranges::all_of(authority, good))
      return refuse("400 Bad Request", "the target is no HOST:PORT");
    Target target{parsed->host, 0};
    std::from_chars(parsed->port.data(), parsed->port.data() + parsed->port.size(), target.port);
    return std::optional(std::move(target));
  }

  std::string in_, reply_;
  std::size_t used_ = 0;
};

}  // namespace

std::unique_ptr<Preface> make_connect() { return std::make_unique<Connect>(); }

}  // namespace seatls::proxy
