// bench: figures measured side by side, in the same run.
#include "bench/appraise.h"
#include "bench/concurrency.h"
#include "bench/handshake.h"
#include "bench/proxy.h"
#include "bench/reattest.h"
#include "bench/verifier.h"
#include "cli/program.h"

namespace seatls::cli {
namespace {

constexpr const char* examples =
    "  seatls bench handshake\n"
    "  seatls bench handshake --rounds 5 --no-tpm --json | jq .ratio\n"
    "  seatls bench reattest\n"
    "  seatls bench appraise\n"
    "Nothing else should run on the machine; medians and spread tell whether something did.\n";

struct Options {
  std::string what = "handshake";
  bench::HandshakeOptions handshake;
  std::optional<unsigned> rounds;
  bool no_tpm = false;
  bench::VerifierOptions verifier;
};

Exit run(const Console& console, const Options& options) {
  bench::HandshakeOptions chosen = options.handshake;
  chosen.tpm = !options.no_tpm;
  bench::ConcurrencyOptions concurrency;
  bench::ReattestOptions reattest;
  bench::AppraiseOptions appraise;
  bench::VerifierOptions verifier = options.verifier;
  bench::ProxyOptions proxy;
  if (options.rounds)
    concurrency.rounds = chosen.rounds = reattest.rounds = appraise.rounds = verifier.rounds = proxy.rounds =
        *options.rounds;
  const auto report = options.what == "concurrency" ? bench::concurrency(concurrency)
                      : options.what == "reattest"  ? bench::reattest(reattest)
                      : options.what == "appraise"  ? bench::appraise(appraise)
                      : options.what == "verifier"  ? bench::verifier(verifier)
                      : options.what == "proxy"     ? bench::proxy(proxy)
                                                    : bench::handshake(chosen);
  if (!report) return console.fail(report.error());
  console.raw(console.json() ? report->to_json() + "\n" : report->to_text());
  return Exit::ok;
}

}  // namespace

void add_bench(Program& program) {
  auto& verb = program.verb("bench", "figures beside plain TLS, in the same run", examples);
  auto options = std::make_shared<Options>();
  choice(verb.add_option("WHAT", options->what, "what to measure (default: handshake)"),
         "handshake|concurrency|reattest|appraise|verifier|proxy");
  verb.add_option("--rounds", options->rounds,
                  "rounds; the median of them is told (default: 101; of concurrency and verifier: 5,\n"
                  "of proxy: 7, of appraise: 21, of reattest: 31)")
      ->check(CLI::Range(1, 1000));
  verb.add_option("--handshakes", options->handshake.handshakes, "per case and round (default: 10)")
      ->check(CLI::Range(1, 100'000));
  verb.add_option("--only", options->handshake.only, "the cases alone whose name holds this: for a profiler");
  verb.add_flag("--no-tpm", options->no_tpm, "leave the time of a software TPM out");
  verb.add_option("--postgresql", options->verifier.postgresql,
                  "of verifier: an empty database for this alone, postgresql://…")
      ->type_name("ADDRESS");
  program.on(verb, [options](const Console& console) { return run(console, *options); });
}

}  // namespace seatls::cli
