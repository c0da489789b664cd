// HTTP mode of the proxy, fed by a hostile peer in any pieces: the laxest reader finds exactly the requests
// that were let pass, each with the proxy's own verdict and no other, none before its demand was met and none
// on the closed route.
#include <string>

#include "fuzz/fuzz.h"
#include "proxy/http_filter.h"
#include "tests/support/http_reader.h"

namespace {

using namespace seatls;
using namespace seatls::proxy;
using seatls::testing::HttpReader;

std::shared_ptr<const config::HttpRules> rules() {
  config::HttpRules out;
  config::HttpRoute transfer, closed;
  transfer.path = "/v1/transfer";
  transfer.max_age = std::chrono::seconds(5);
  closed.path = "/closed";
  closed.below = true;
  closed.deny = true;
  out.routes = {transfer, closed};
  out.forward_others = true;
  return std::make_shared<const config::HttpRules>(std::move(out));
}

// Run is one connection. The first bytes of the input say into which pieces the rest falls.
struct Run {
  std::unique_ptr<Filter> filter =
      make_http_filter(rules(), {Role::server, "192.0.2.1"}, [] { return Time(); });
  std::string upstream, peer;
  std::size_t answered = 0;
  bool grants, failed = false;

  explicit Run(bool g) : grants(g) {
    const SessionReport session;
    PeerVerdict verdict;
    verdict.session = &session;
    filter->verdict(verdict);
  }

  void take() {
    for (bool moved = true; moved && !failed;) {
      moved = false;
      const auto up = filter->for_upstream();
      upstream += text(up);
      moved = moved || !up.empty();
      filter->taken_by_upstream(up.size());
      const auto back = filter->for_peer();
      peer += text(back);
      moved = moved || !back.empty();
      filter->taken_by_peer(back.size());
      if (filter->demand()) {
        const auto before = upstream.size();
        fuzz::demand(filter->for_upstream().empty());
        filter->decided(grants ? Result<void>() : Result<void>(Error{Code::timed_out, "", ""}));
        fuzz::demand(upstream.size() == before);
        moved = true;
      }
      HttpReader reader(upstream);
      std::size_t whole = 0;
      for (auto message = reader.next(); message && message->whole; message = reader.next()) ++whole;
      if (whole > answered && !filter->end_upstream()) {
        ++answered;
        failed = !filter->upstream_sent(view("HTTP/1.1 204 No Content\r\n\r\n"));
        moved = true;
      }
    }
  }

  void check() const {
    HttpReader reader(upstream);
    for (auto message = reader.next(); message; message = reader.next()) {
      std::size_t ours = 0;
      for (const auto& [name, value] : message->fields)
        ours += name.starts_with("SEATLS_") || name == "SEATLS" ? 1 : 0;
      fuzz::demand(ours == 1 && message->field("SEATLS_VERDICT") == "none");
      fuzz::demand(message->all("HOST").size() == 1);
      fuzz::demand(message->all("CONTENT_LENGTH").size() + message->all("TRANSFER_ENCODING").size() <= 1);
      fuzz::demand(message->start.ends_with(" HTTP/1.1"));
      const auto target = message->word(1);
      const auto path = target.substr(0, target.find('?'));
      fuzz::demand(path != "/closed" && !path.starts_with("/closed/"));
      fuzz::demand(grants || path != "/v1/transfer");
      fuzz::demand(message->word(0) != "CONNECT" && message->word(0) != "TRACE");
    }
    fuzz::demand(reader.rest().empty());
  }
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 16'384) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  const ByteView input(data + 2, size - 2);
  Run run((data[1] & 1) != 0);
  Run whole((data[1] & 1) != 0);
  for (std::size_t i = 0; i < input.size() && !run.failed; i += piece) {
    run.failed = !run.filter->peer_sent(input.subspan(i, std::min(piece, input.size() - i)));
    run.take();
  }
  whole.failed = !whole.filter->peer_sent(input);
  whole.take();
  run.check();
  fuzz::demand(run.upstream == whole.upstream && run.peer == whole.peer);
  return 0;
}
