// [experimental]: what may change or go without notice, and is off unless it is written.
#include "config/draft.h"

namespace seatls::config {
namespace {

void read_kek(Draft& d) {
  if (!d.file.has("attest.kek")) return;
  if (!d.file.flag("experimental.interactive_passport"))
    return d.wrong("attest.kek", "it is for the interactive passport, which is experimental and off",
                   "write interactive_passport = true below [experimental], or leave it out");
  const auto pem = d.content("attest.kek");
  if (!pem) return;
  auto key = make_kem_key(Secret(bytes(std::string_view(*pem))));
  if (!key)
    return d.wrong_file("attest.kek", key.error(),
                        "P-256 and P-384 keys serve: seatls key create -o kek.key");
  d.out.channel.interactive_passport.keys = {std::move(*key)};
}

}  // namespace

void read_experimental(Draft& d) {
  read_kek(d);
  if (!d.file.flag("experimental.interactive_passport")) return;
  const auto timing = d.file.text("require.timing");
  const bool later = timing == "post" || timing == "hybrid";
  if (!later && !d.file.has("attest.kek"))
    return d.wrong(
        "experimental.interactive_passport",
        "it challenges the peer after the handshake, and no timing asks for anything then; nor has "
        "this endpoint a keK of its own to be challenged for",
        "write timing = \"hybrid\" below [require], kek = \"kek.key\" below [attest], or leave it out");
  d.out.channel.interactive_passport.demand = later;
}

}  // namespace seatls::config
