#include "seatls/openssl.h"
#include "stack/openssl/async_wait.h"
#include "stack/openssl/state.h"

namespace seatls::openssl {

Result<SessionReport> report(const SSL* ssl) {
  const State* state = State::find(ssl);
  if (state == nullptr) {
    return Error{Code::not_attested, "no handshake has begun on an attached context", {}};
  }
  if (state->failure()) return *state->failure();
  if (!state->report()) return Error{Code::not_attested, "the handshake is still under way", {}};
  return *state->report();
}

}  // namespace seatls::openssl
