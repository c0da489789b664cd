// The beginning of a connection to the sidecar is a ClientHello, SOCKS5 or CONNECT, or refused: the same
// whether it comes at once or in pieces.
#include <algorithm>

#include "fuzz/fuzz.h"
#include "proxy/client_hello.h"
#include "proxy/preface.h"

namespace {

using namespace seatls;

struct Outcome {
  bool refused = false;
  std::string host;
  std::uint16_t port = 0;
  Bytes replies, rest;
  bool operator==(const Outcome&) const = default;
};

Outcome feed(proxy::Preface& preface, ByteView in, std::size_t piece) {
  Outcome out;
  while (!in.empty() && !out.refused && out.host.empty()) {
    const auto part = in.first(std::min(piece, in.size()));
    in = in.subspan(part.size());
    const auto target = preface.take(part);
    const auto reply = preface.reply();
    out.replies.insert(out.replies.end(), reply.begin(), reply.end());
    out.refused = !target;
    if (!target || !*target) continue;
    fuzz::demand(!(*target)->host.empty());
    out.host = (*target)->host;
    out.port = (*target)->port;
  }
  if (!out.host.empty()) {
    out.rest = bytes(preface.rest());
    out.rest.insert(out.rest.end(), in.begin(), in.end());
  }
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;  // limits depend on how much is there at once
  const std::size_t piece = 1 + data[0] % 64;
  const ByteView in = ByteView(data, size).subspan(1);
  fuzz::demand(feed(*proxy::make_socks5(), in, piece) == feed(*proxy::make_socks5(), in, 8192));
  fuzz::demand(feed(*proxy::make_connect(), in, piece) == feed(*proxy::make_connect(), in, 8192));

  // What is refused in a part stays refused; a name that was read does not change with what follows.
  const auto whole = proxy::read_hello_name(in);
  const auto part = proxy::read_hello_name(in.first(in.size() / piece));
  if (!part) fuzz::demand(!whole);
  if (part && *part) fuzz::demand(whole && *whole && (*whole)->host == (*part)->host);
  return 0;
}
