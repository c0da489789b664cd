// A request of either role: what is accepted hashes as it came, and gives its context.
#include <algorithm>

#include "fuzz/fuzz.h"
#include "seatls/exported.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  for (Role role : {Role::client, Role::server}) {
    const auto request = exported::accept_request(role, {data, size});
    if (!request) {
      fuzz::demand(!request.error().detail.empty() && !request.error().path.empty());
      continue;
    }
    fuzz::demand(std::ranges::equal(request->encoded(), ByteView(data, size)));
    fuzz::demand(exported::context_of_request(request->encoded()).value() == request->context());
  }
  return 0;
}
