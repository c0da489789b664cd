// measure: what a guest is about to use gets into a runtime register, and so into its evidence.
#include "base/encoding.h"
#include "cli/files.h"
#include "cli/program.h"
#include "crypto/hash.h"
#include "seatls/configfs_tsm.h"

namespace seatls::cli {
namespace {

constexpr const char* examples =
    "  seatls measure server.toml policy.toml          before seatls serve --config server.toml\n"
    "  seatls measure --register 2 /usr/bin/app\n"
    "Intel TDX, Linux 6.16. Each file's SHA-384 extends the register, in the order given: RTMR = "
    "SHA-384(RTMR,\n"
    "digest). Policies name what comes out: tdx.rtmr3. A register starts anew with the trust domain alone.\n";

constexpr std::size_t largest = 1U << 30U;

struct MeasureOptions {
  std::vector<std::string> files;
  RtmrOptions rtmr;
};

Result<Node> measure(const MeasureOptions& o) {
  // All are read before the first is extended: there is no way back.
  std::vector<Bytes> digests;
  for (const auto& file : o.files) {
    SEATLS_TRY(const auto content, read_input(file, largest));
    digests.push_back(crypto::digest(Hash::sha384, content));
  }
  Node measured = Node::array();
  Bytes value;
  for (std::size_t i = 0; i < digests.size(); ++i) {
    SEATLS_TRY(value, extend_rtmr(digests[i], o.rtmr));
    measured.add(Node::object().set("file", o.files[i]).set("sha384", base::to_hex(digests[i])));
  }
  return Node::object()
      .set("register", "rtmr" + std::to_string(o.rtmr.index))
      .set("measured", std::move(measured))
      .set("value", base::to_hex(value));
}

}  // namespace

void add_measure(Program& program) {
  auto& verb = program.verb("measure", "extend a runtime register of a trust domain by files", examples);
  auto o = std::make_shared<MeasureOptions>();
  verb.add_option("FILE", o->files, "what is measured; - for stdin")->type_name("FILE")->required();
  verb.add_option("--register", o->rtmr.index, "the register: 2 or 3 (default: 3)")
      ->check(CLI::Range(2U, 3U))
      ->type_name("N");
  verb.add_option("--path", o->rtmr.path, "where the kernel's registers are")->type_name("DIR");
  program.on(verb, [o](const Console& console) {
    const auto done = measure(*o);
    if (!done) return console.fail(done.error());
    console.result(*done);
    return Exit::ok;
  });
}

}  // namespace seatls::cli
