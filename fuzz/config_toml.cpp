// Any text as a configuration: read against the schema without a throw, each mistake with its remedy.
#include "config/toml_file.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  config::Mistakes mistakes("fuzz");
  const config::TomlFile file(text({data, size}), "fuzz", mistakes);
  const auto found = mistakes.sorted();
  fuzz::demand(!file.broken() || !found.empty());
  for (const auto& m : found) fuzz::demand(!m.what.empty() && !m.remedy.empty() && !m.message().empty());
  return 0;
}
