// Heads of HTTP/1.1 messages, after parsing, and what may be said of their fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seatls::proxy {

struct Field {
  std::string name;       // as it came
  std::string value;      // without the space around it
  std::string canonical;  // the name in lower case, with `-` for all that is neither letter nor digit: where
                          // CGI and its kin see no difference, none is seen here

  Field(std::string_view name, std::string_view value);
};
using Fields = std::vector<Field>;

struct Head {
  bool http_1_0 = false;
  std::string method, target;  // of a request
  unsigned status = 0;         // of a response
  std::string reason;
  Fields fields;

  // count returns how many fields have that canonical name, and value the value of the first, or an empty
  // text.
  [[nodiscard]] std::size_t count(std::string_view canonical) const;
  [[nodiscard]] std::string_view value(std::string_view canonical) const;
  // lists tells whether a list in such a field holds a word, in any case.
  [[nodiscard]] bool lists(std::string_view canonical, std::string_view word) const;
};

void append_field(std::string& out, std::string_view name, std::string_view value);  // as a line
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
// words_of splits a list at its commas. Empty words are left out.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view list);

// is_ours: "Seatls-…". Such a field is between the proxy and its application, and no peer's.
[[nodiscard]] bool is_ours(const Field& field);
// is_hop_by_hop: of one connection (RFC 9110, 7.6.1) or of framing, which is made anew. Those that a
// Connection field names are the caller's to know. Trailer is among them: trailers end here.
[[nodiscard]] bool is_hop_by_hop(const Field& field);
[[nodiscard]] bool tells_origin(const Field& field);  // it says where a request comes from
// diverts: some frameworks move a request to the path in it, behind the back of the routes.
[[nodiscard]] bool diverts(const Field& field);

// Problem is an answer of the proxy itself (RFC 9457).
struct Problem {
  unsigned status = 400;
  std::string code;    // stable: docs/usage/proxy-http.md lists them
  std::string detail;  // a sentence for the client
  std::string route{};
};
struct ProblemForm {
  bool close = false;     // the connection ends behind it
  bool bodiless = false;  // it answers HEAD
};
[[nodiscard]] std::string written(const Problem& problem, ProblemForm form);

}  // namespace seatls::proxy
