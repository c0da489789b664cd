#include "cli/http_page.h"

#include "cli/session_report.h"

namespace seatls::cli {
namespace {

constexpr std::size_t longest_request = 16384;

std::string escaped(std::string_view s) {
  std::string out;
  for (const char c : s) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string answer(std::string_view status, std::string_view type, const std::string& body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n" + body;
}

std::string rows(const Node& node) {
  std::string out;
  const auto row = [&](const std::string& key, const Node& value) {
    out += "<tr><th>" + escaped(key) + "</th><td>";
    if (value.members() != nullptr || value.elements() != nullptr)
      out += "<table>" + rows(value) + "</table>";
    else
      out += value.is_null() ? "-" : escaped(value.scalar_text());
    out += "</td></tr>\n";
  };
  if (const auto* members = node.members())
    for (const auto& [key, value] : *members) row(key, value);
  if (const auto* elements = node.elements())
    for (std::size_t i = 0; i < elements->size(); ++i) row(std::to_string(i), (*elements)[i]);
  return out;
}

std::string page(const Stream& stream) {
  const auto& report = stream.connection().report();
  const std::string self =
      report.self_attested ? "This server attested itself to you." : "This server showed you no attestation.";
  const auto* attested = attested_peer(stream);
  const std::string peer = attested != nullptr
                               ? "You are attested: " + std::string(name(attested->result().tier())) + "."
                               : "You are not attested.";
  return "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>seatls</title>\n"
         "<style>body{font:16px sans-serif;margin:2em;max-width:60em}th{text-align:left;vertical-align:top;"
         "padding-right:1em}td{font-family:monospace;word-break:break-all}</style>\n"
         "<h1>seatls</h1><p>" +
         self + "</p><p>" + peer + "</p>\n<table>" + rows(report_node(stream)) + "</table></html>\n";
}

}  // namespace

std::optional<std::string> http_answer(const std::string& request, const Stream& stream) {
  if (request.find("\r\n\r\n") == std::string::npos && request.find("\n\n") == std::string::npos) {
    if (request.size() <= longest_request) return {};
    return answer("431 Request Header Fields Too Large", "text/plain", "The request is too long.\n");
  }
  const auto space = request.find(' ');
  const auto method = request.substr(0, space);
  const auto end = space == std::string::npos ? space : request.find_first_of(" ?\r\n", space + 1);
  const auto path = space == std::string::npos ? std::string() : request.substr(space + 1, end - space - 1);
  if (method != "GET") return answer("405 Method Not Allowed", "text/plain", "This server answers GET.\n");
  if (path == "/report.json") return answer("200 OK", "application/json", report_node(stream).json() + "\n");
  if (path == "/") return answer("200 OK", "text/html; charset=utf-8", page(stream));
  return answer("404 Not Found", "text/plain", "Here are / and /report.json.\n");
}

}  // namespace seatls::cli
