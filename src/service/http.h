// Requests and responses of the service, apart from how they travel.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::service {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // "POST"
  std::string path;    // "/challenge-response/v1/newSession", decoded
  Fields query;        // decoded
  Fields headers;      // names in lower case
  Bytes body;
  std::string client;  // its address: for limits, never logged

  // header returns the value of a header, or an empty text where it is absent; several are one list.
  [[nodiscard]] std::string header(std::string_view lower_name) const;
  // parameter returns the value of a parameter of the query. Errors: malformed where it is there twice.
  [[nodiscard]] Result<std::optional<std::string>> parameter(std::string_view name) const;
};

struct Response {
  unsigned status = 200;
  std::string type;  // media type of the body; empty: there is no body
  std::string body;
  Fields headers{};
};

// parse_target splits and decodes the target of a request ("/a/b?c=d"). Errors: malformed for anything but an
// absolute path and a query of name=value pairs in percent-encoded UTF-8 without control characters.
struct Target {
  std::string path;
  Fields query;
};
[[nodiscard]] Result<Target> parse_target(std::string_view target);

// problem is an answer that explains itself (RFC 9457); `detail` is told to the client.
[[nodiscard]] Response problem(unsigned status, std::string_view detail);
// unavailable is a problem that will pass: 429 or 503.
[[nodiscard]] Response unavailable(unsigned status, std::string_view detail, unsigned retry_after_seconds);

// accepts tells whether an Accept header admits a media type; an empty one admits everything.
[[nodiscard]] bool accepts(std::string_view accept, std::string_view media_type);

}  // namespace seatls::service
