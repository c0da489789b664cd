// What a verifier service answers. The first byte says to what (a new session, or evidence) and with which
// status; then Content-Type, Location and Retry-After, a line each, and the body.
#include <array>

#include "fuzz/fuzz.h"
#include "remote/challenge.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  if (size == 0) return 0;
  constexpr std::array<unsigned, 8> statuses = {200, 201, 202, 302, 400, 429, 500, 503};
  static const std::string base = "https://verifier.example:8443";
  const Bytes nonce(32, 7);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  net::HttpResponse response;
  response.status = statuses[data[0] % 8];
  for (const char* name : {"content-type", "location", "retry-after"}) {
    const auto end = std::min(rest.find('\n'), rest.size());
    response.headers.emplace_back(name, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  response.body = bytes(rest);

  const auto of_trouble = [](const remote::Trouble& t) {
    demand(t.error.code == Code::verifier_unavailable && !t.error.detail.empty());
    demand(!t.retry_after || (t.may_pass && *t.retry_after <= std::chrono::seconds(999'999)));
  };
  if ((data[0] & 8) != 0) {
    const bool given = (data[0] & 16) != 0;
    const remote::Opening opening{
        .base = base, .nonce = given ? std::optional(nonce) : std::nullopt, .tik = Spki(Bytes{})};
    const auto outcome = remote::read_session(response, opening);
    if (const auto* trouble = std::get_if<remote::Trouble>(&outcome)) {
      of_trouble(*trouble);
      return 0;
    }
    const auto& session = std::get<remote::Session>(outcome);
    demand(session.url.starts_with(base + "/"));
    demand(given ? session.nonce == nonce : session.nonce.size() >= 8 && session.nonce.size() <= 64);
    return 0;
  }
  const auto outcome = remote::read_progress(response, {base + "/session/1", nonce});
  if (const auto* trouble = std::get_if<remote::Trouble>(&outcome)) of_trouble(*trouble);
  return 0;
}
