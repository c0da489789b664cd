// Whatever comes on a seatls/1 connection is a sequence of frames that encode back to the same bytes, or
// refused.
#include "wire/frame.h"

#include <algorithm>
#include <tuple>

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  const ByteView in(data, size);
  wire::FrameReader reader;
  // In two pieces, cut where the input says.
  const std::size_t cut = size == 0 ? 0 : data[size - 1] % (size + 1);
  reader.feed(in.first(cut));
  Bytes again;
  for (int piece = 0; piece < 2; ++piece) {
    for (;;) {
      const auto frame = reader.next();
      if (!frame) {
        demand(!frame.error().path.empty());
        return 0;
      }
      if (!*frame) break;
      const auto encoded = wire::encode_frame((*frame)->type, (*frame)->body);
      demand(encoded.ok());
      again.insert(again.end(), encoded->begin(), encoded->end());
      std::ignore = wire::decode_verdict((*frame)->body);
      std::ignore = wire::decode_window((*frame)->body);
    }
    if (piece == 0) reader.feed(in.subspan(cut));
  }
  demand(again.size() + reader.buffered() == size && std::ranges::equal(again, in.first(again.size())));
  return 0;
}
