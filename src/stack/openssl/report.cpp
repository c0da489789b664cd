#include "seatls/openssl.h"
#include "stack/openssl/async_wait.h"
#include "stack/openssl/state.h"

namespace seatls::openssl {

Result<SessionReport> report(const SSL* ssl) {
  const State* state = State::find(ssl);
  // SSL_clear and the like leave the last handshake's state until the next one begins.
  if (state == nullptr || SSL_in_before(ssl) == 1) {
    return Error{Code::not_attested, "no handshake has begun on an attached context", {}};
  }
  if (state->failure()) return *state->failure();
  if (!state->report()) return Error{Code::not_attested, "the handshake is still under way", {}};
  return *state->report();
}

}  // namespace seatls::openssl
