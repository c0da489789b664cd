// An authenticator: without the exporter's secret nobody makes one that is accepted. The exporter here gives
// constants that the seeds were not made with.
#include "fuzz/fuzz.h"
#include "seatls/exported.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using namespace seatls::exported;
  const ByteView in{data, size};
  const Exporter exporter = [](std::string_view, ByteView, std::size_t n) -> Result<Bytes> {
    return Bytes(n, 0x42);
  };
  const Connection client{Role::client, Hash::sha256, exporter};
  const auto context = context_of_authenticator(in);
  if (!context) {
    fuzz::demand(!context.error().path.empty());
    return 0;
  }
  const auto request = make_request(
      Role::client, {.context = context->value_or(Bytes()), .extensions = {{5, {}}, {0xFF5F, {}}}});
  const auto answer = accept_authenticator(client, request.value(), in);
  fuzz::demand(!answer.ok());
  (void)accept_spontaneous_authenticator(client, {supported_schemes(), {5, 0xFF5F}}, in);
  return 0;
}
