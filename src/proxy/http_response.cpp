#include "proxy/http_response.h"

namespace seatls::proxy {
bool closes(const HttpParser& response) {
  const Head& head = response.head();
  return response.body() == BodyForm::until_end || head.lists("connection", "close") ||
         (head.http_1_0 && !head.lists("connection", "keep-alive"));
}

bool as_chunks(const HttpParser& response, const Request& request) {
  return response.body() == BodyForm::chunked && !request.head.http_1_0;
}

Result<void> check_response(const HttpParser& response, const Request& request) {
  const Head& head = response.head();
  if (head.status < 100 || head.status > 599)
    return Error{Code::malformed, "there is no such status", "HTTP"};
  if (head.status != 101) return {};
  const bool agreed = request.websocket && head.count("upgrade") == 1 &&
                      equal_ignoring_case(head.value("upgrade"), "websocket");
  if (!agreed)
    return Error{Code::unknown_value, "the upstream changes to a protocol nobody asked for", "HTTP"};
  return {};
}

std::string written(const HttpParser& response, const Request& request, bool close,
                    std::string_view verdict) {
  const Head& head = response.head();
  std::string out = "HTTP/1.1 " + std::to_string(head.status) + " " + head.reason + "\r\n";
  for (const auto& field : head.fields) {
    if (is_hop_by_hop(field) || is_ours(field)) continue;
    if (head.lists("connection", field.name)) continue;
    append_field(out, field.name, field.value);
  }
  const bool tells_length =
      response.body() == BodyForm::none && (request.head.method == "HEAD" || head.status == 304);
  if (response.body() == BodyForm::length)
    append_field(out, "Content-Length", std::to_string(response.length()));
  else if (as_chunks(response, request))
    append_field(out, "Transfer-Encoding", "chunked");
  else if (tells_length && head.count("content-length") == 1)
    append_field(out, "Content-Length", head.value("content-length"));
  if (head.status == 101) {
    append_field(out, "Connection", "Upgrade");
    append_field(out, "Upgrade", "websocket");
  } else if (close) {
    append_field(out, "Connection", "close");
  }
  return out.append(verdict).append("\r\n");
}

}  // namespace seatls::proxy
