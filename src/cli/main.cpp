#include <cstdlib>

#include "cli/collateral.h"
#include "cli/exec.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  using namespace seatls::cli;
  // tpm2-tss writes its own lines to stderr; what matters of them is in our errors.
  (void)setenv("TSS2_LOG", "all+NONE", 0);
  Program program;
  // In the order in which --help lists them: first steps, connections, keys, evidence, the rest.
  add_demo(program);
  add_init(program);
  add_check(program);
  add_serve(program);
  add_connect(program);
  add_exec(program);
  add_key(program);
  add_enroll(program);
  add_simulate(program);
  add_measure(program);
  add_attest(program);
  add_appraise(program);
  add_inspect(program);
  add_policy(program);
  add_collateral(program);
  add_proxy(program);
  add_verifier(program);
  add_bench(program);
  add_completion(program);
  add_version(program);
  return program.run(argc, argv);
}
