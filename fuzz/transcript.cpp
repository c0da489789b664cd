// The input is a sequence of handshake messages. A transcript that accepts them must hash what RFC 8446
// says, put together here in another way: all messages kept, hashed at once.
#include "binder/transcript.h"

#include <algorithm>
#include <vector>

#include "crypto/hash.h"
#include "fuzz/fuzz.h"

namespace seatls::fuzz {
namespace {

using binder::Transcript;

// next cuts a message off, by its header; a header that promises too much takes the rest.
Bytes next(ByteView& in) {
  std::size_t n = in.size();
  if (n >= 4) n = std::min(n, 4 + (std::size_t{in[1]} << 16 | std::size_t{in[2]} << 8 | in[3]));
  const Bytes out = bytes(in.first(n));
  in = in.subspan(n);
  return out;
}

Bytes hash_of_hellos(const std::vector<Bytes>& messages, bool retried, Hash h) {
  Bytes all;
  if (retried) {
    all = {254, 0, 0, static_cast<std::uint8_t>(size(h))};
    const Bytes first = crypto::digest(h, messages[0]);
    all.insert(all.end(), first.begin(), first.end());
  }
  for (std::size_t i = retried ? 1 : 0; i < (retried ? 4u : 2u); ++i)
    all.insert(all.end(), messages[i].begin(), messages[i].end());
  return crypto::digest(h, all);
}

void feed(ByteView in, Transcript::Extent extent) {
  Transcript transcript(extent);
  std::vector<Bytes> messages;
  bool accepted = true;
  while (!in.empty() && accepted) {
    messages.push_back(next(in));
    accepted = transcript.add(messages.back()).ok();
  }
  for (const Hash h : {Hash::sha256, Hash::sha384}) {
    const auto hash = transcript.hash(h);
    demand(hash.ok() == (accepted && transcript.complete()));
    if (hash) demand(*hash == hash_of_hellos(messages, transcript.saw_hello_retry_request(), h));
    if (extent == Transcript::Extent::server_hello)
      demand(!transcript.post_handshake_hash(h, messages.empty() ? Bytes{} : messages.back()));
  }
}

}  // namespace
}  // namespace seatls::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  seatls::fuzz::feed({data, size}, seatls::binder::Transcript::Extent::server_hello);
  seatls::fuzz::feed({data, size}, seatls::binder::Transcript::Extent::client_finished);
  return 0;
}
