// [attest] for TEEs: what the kernel of a confidential VM reports, and what is made up for tests.
#include "base/encoding.h"
#include "config/draft.h"
#include "config/text.h"
#include "seatls/configfs_tsm.h"
#include "seatls/simulated.h"

namespace seatls::config {

std::shared_ptr<Attester> read_configfs_tsm(const AttestTable& t) {
  ConfigfsTsmOptions options;
  if (t.has("path")) options.path = t.d.resolve(t.text("path"));
  if (t.has("privlevel")) {
    const auto level = t.d.file.number(t.key("privlevel"));
    if (level < 0 || level > 3)
      return t.wrong("privlevel", "there is no privilege level " + std::to_string(level),
                     "SEV-SNP has the levels (VMPL) 0 to 3; leave it out for the kernel's own");
    options.privlevel = static_cast<unsigned>(level);
  }
  if (!t.d.spki) return nullptr;  // what is wrong with the key was told
  options.tiks = {*t.d.spki};
  auto made = make_configfs_tsm_attester(std::move(options));
  if (!made)
    return t.wrong_file("attester", made.error(),
                        "run inside of a confidential VM, with the right to write there");
  return std::move(*made);
}

std::shared_ptr<Attester> read_simulated(const AttestTable& t) {
  constexpr std::string_view prefix = "simulated-";
  const auto kind = t.text("attester").substr(prefix.size());
  SimulatedOptions options;
  options.tee = simulated_tee(kind).value();
  if (t.has("measurement")) {
    auto value = base::from_hex(t.text("measurement"));
    const std::size_t size = options.tee == SimulatedTee::sgx || options.tee == SimulatedTee::cca ? 32 : 48;
    if (!value || value->size() != size)
      return t.wrong(
          "measurement", "these are not " + std::to_string(size) + " bytes in hex",
          "write " + std::to_string(2 * size) + " hex digits, or leave it out for the platform's own");
    options.measurement = std::move(*value);
  }
  const std::string make_one = "make one: seatls simulate " + kind + " -o DIR";
  if (!t.has("platform")) {
    return t.mentioned("platform") ? nullptr : t.wrong("platform", "the platform is missing", make_one);
  }
  const auto file = t.d.resolve(t.text("platform")) / platform_file;
  const auto pem = read_text_file(file);
  if (!pem) return t.wrong_file("platform", pem.error(), make_one);
  auto platform = SimulatedPlatform::from_pem(*pem);
  if (!platform) return t.wrong_file("platform", platform.error(), make_one);
  options.platform = std::move(*platform);
  if (!t.d.spki) return nullptr;  // what is wrong with the key was told
  options.tiks = {*t.d.spki};
  auto made = make_simulated(std::move(options));
  if (!made) return t.wrong_file("platform", made.error(), make_one);
  t.d.add_danger("simulated_attester");
  return std::move(made->attester);
}

}  // namespace seatls::config
