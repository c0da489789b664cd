// A quote that is read: what is signed is how it starts, its parts lie within it, and its chain is read or
// told to be none.
#include "appraise/schemes/intel/quote.h"

#include <algorithm>

#include "appraise/schemes/intel/pck.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  namespace intel = appraise::intel;
  const ByteView in(data, size);
  const auto quote = intel::parse_quote(in);
  if (!quote) {
    fuzz::demand(!quote.error().message().empty());
    return 0;
  }
  fuzz::demand(quote->signed_part.size() + quote->padding < size);
  fuzz::demand(std::ranges::equal(quote->signed_part, in.first(quote->signed_part.size())));
  fuzz::demand((quote->td() != nullptr) == (quote->tee == intel::Tee::tdx));
  fuzz::demand(!std::ranges::search(in, quote->certification).empty() || quote->certification.empty());
  // The same bytes without what lies behind them are the same quote.
  const auto exact = intel::parse_quote(in.first(size - quote->padding));
  fuzz::demand(exact.ok() && exact->padding == 0 && exact->signed_part == quote->signed_part);
  const auto chain = intel::read_pck_chain(quote->certification);
  if (!chain) return 0;
  fuzz::demand(chain->size() >= 2 && chain->size() <= 8);
  for (const auto& certificate : *chain)
    if (const auto pck = intel::read_pck(certificate))
      fuzz::demand(pck->ppid.size() == 16 && pck->fmspc.size() == 6 && pck->pce_id.size() == 2);
  return 0;
}
