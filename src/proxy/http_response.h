// A response between its two connections.
#pragma once

#include <string>
#include <string_view>

#include "proxy/http_message.h"
#include "proxy/http_parser.h"
#include "proxy/http_request.h"
#include "seatls/error.h"

namespace seatls::proxy {

// closes tells whether the server of this response, to this request, ends its connection behind it.
[[nodiscard]] bool closes(const HttpParser& response);

// as_chunks tells whether the body goes on in chunks: whoever speaks HTTP/1.0 knows none.
[[nodiscard]] bool as_chunks(const HttpParser& response, const Request& request);

// check_response holds what no server may answer. Errors: malformed, unknown_value for a change of protocol
// that was not asked for.
[[nodiscard]] Result<void> check_response(const HttpParser& response, const Request& request);

// written is the head as it is sent on; `close`: the connection to the client ends behind the response.
[[nodiscard]] std::string written(const HttpParser& response, const Request& request, bool close,
                                  std::string_view verdict);

}  // namespace seatls::proxy
