// DER elements lie one behind the other and use up what they are in, or are refused.
#include "codec/der.h"

#include "fuzz/fuzz.h"

namespace {

using namespace seatls;
namespace der = codec::der;

void walk(ByteView in, int depth) {
  der::Reader reader(in);
  while (!reader.done()) {
    const std::size_t before = reader.rest().size();
    const auto element = reader.next();
    if (!element) return;
    fuzz::demand(reader.rest().size() + element->content.size() + 2 <= before);
    (void)der::to_unsigned(element->content);
    (void)der::to_bool(element->content);
    if (const auto oid = der::to_dotted(element->content)) fuzz::demand(oid->find('.') != std::string::npos);
    if ((element->tag & 0x20) != 0 && depth > 0) walk(element->content, depth - 1);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  walk({data, size}, 16);
  return 0;
}
