// [attest] for TEEs: what the kernel of a confidential VM reports, and what is made up for tests.
#include "base/encoding.h"
#include "config/draft.h"
#include "config/text.h"
#include "seatls/configfs_tsm.h"
#include "seatls/simulated.h"

namespace seatls::config {

void read_configfs_tsm(Draft& d) {
  ConfigfsTsmOptions options;
  if (d.file.has("attest.path")) options.path = d.resolve(d.file.text("attest.path"));
  if (d.file.has("attest.privlevel")) {
    const auto level = d.file.number("attest.privlevel");
    if (level < 0 || level > 3)
      return d.wrong("attest.privlevel", "there is no privilege level " + std::to_string(level),
                     "SEV-SNP has the levels (VMPL) 0 to 3; leave it out for the kernel's own");
    options.privlevel = static_cast<unsigned>(level);
  }
  if (!d.spki) return;  // what is wrong with the key was told
  options.tiks = {*d.spki};
  auto made = make_configfs_tsm_attester(std::move(options));
  if (!made)
    return d.wrong_file("attest.attester", made.error(),
                        "run inside of a confidential VM, with the right to write there");
  d.out.config.attester = std::move(*made);
}

void read_simulated(Draft& d) {
  constexpr std::string_view prefix = "simulated-";
  const auto kind = d.file.text("attest.attester").substr(prefix.size());
  SimulatedOptions options;
  options.tee = simulated_tee(kind).value();
  if (d.file.has("attest.measurement")) {
    auto value = base::from_hex(d.file.text("attest.measurement"));
    const std::size_t size = options.tee == SimulatedTee::sgx || options.tee == SimulatedTee::cca ? 32 : 48;
    if (!value || value->size() != size)
      return d.wrong(
          "attest.measurement", "these are not " + std::to_string(size) + " bytes in hex",
          "write " + std::to_string(2 * size) + " hex digits, or leave it out for the platform's own");
    options.measurement = std::move(*value);
  }
  const std::string make_one = "make one: seatls simulate " + kind + " -o DIR";
  if (!d.file.has("attest.platform")) {
    if (!d.file.mentioned("attest.platform")) d.wrong("attest.platform", "the platform is missing", make_one);
    return;
  }
  const auto file = d.resolve(d.file.text("attest.platform")) / platform_file;
  const auto pem = read_text_file(file);
  if (!pem) return d.wrong_file("attest.platform", pem.error(), make_one);
  auto platform = SimulatedPlatform::from_pem(*pem);
  if (!platform) return d.wrong_file("attest.platform", platform.error(), make_one);
  options.platform = std::move(*platform);
  if (!d.spki) return;  // what is wrong with the key was told
  options.tiks = {*d.spki};
  auto made = make_simulated(std::move(options));
  if (!made) return d.wrong_file("attest.platform", made.error(), make_one);
  d.out.config.attester = std::move(made->attester);
  d.out.config.dangers.emplace_back("simulated_attester");
}

}  // namespace seatls::config
