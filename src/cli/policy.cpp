// policy: made from good evidence, tried on evidence, and explained.
#include "cli/files.h"
#include "cli/input_errors.h"
#include "cli/judge.h"
#include "cli/learn.h"
#include "cli/session_report.h"

namespace seatls::cli {
namespace {

// ---- learn ----------------------------------------------------------------------------------------

struct LearnCommand {
  std::string file;
  std::string output = "-";
  LearnOptions options;
  bool force = false;
};

Exit learn(const Console& console, const LearnCommand& c) {
  const auto data = read_input(c.file, 1U << 20U);
  if (!data) return console.fail(data.error());
  const auto cmw = parse_cmw(*data, {.size = 1U << 20U});
  if (!cmw) return fail_input(console, Error(cmw.error()).in(c.file));
  auto policy = learn_policy(*cmw, c.options);
  if (!policy) return fail_input(console, policy.error());
  if (c.output != "-")
    if (const auto written = write_output(c.output, *policy, Mode::shared, c.force); !written)
      return console.fail(written.error());
  if (console.json())
    console.json_line(Node::object().set("file", c.output).set("policy", *policy));
  else if (c.output == "-")
    console.raw(*policy);
  console.note(
      "What stands in it was believed as it is: learn from evidence of machines that you know are good.");
  return Exit::ok;
}

void add_learn(Program& program, CLI::App& policy) {
  auto& verb =
      program.verb("learn", "a policy that accepts what this evidence says",
                   "  seatls attest --config server.toml --binder $(openssl rand -hex 32) -o good.cmw\n"
                   "  seatls policy learn good.cmw -o policy.toml --id fleet-2026-11\n",
                   &policy);
  auto c = std::make_shared<LearnCommand>();
  verb.add_option("FILE", c->file, "good evidence, a CMW; - for stdin")->type_name("FILE")->required();
  verb.add_option("-o,--output", c->output, "the file to write (default: stdout)")->type_name("FILE");
  verb.add_option("--id", c->options.id, "the policy's name (default: learned)")->type_name("NAME");
  verb.add_option(
          "--key", c->options.software_key,
          "software: the file with the public key that signs evidence (default: the attested key itself)")
      ->type_name("FILE");
  verb.add_flag("--force", c->force, "replace the file");
  program.on(verb, [c](const Console& console) { return learn(console, *c); });
}

// ---- test and explain -----------------------------------------------------------------------------

void add_test(Program& program, CLI::App& policy) {
  auto& verb = program.verb("test", "try a policy on evidence: every objection, and nothing else",
                            "  seatls policy test evidence.cmw --policy policy.toml --binder $B\n", &policy);
  auto o = std::make_shared<JudgeOptions>();
  add_judge_options(verb, *o);
  program.on(verb, [&program, o](const Console& console) {
    o->config = program.common().config;
    const auto judged = judge(*o);
    if (!judged) return console.fail(judged.error());
    const auto& result = judged->result;
    if (console.json()) {
      console.json_line(result_node(result));
    } else {
      console.line(std::string(name(result.tier())));
      for (const auto& r : result->reasons)
        console.line(std::string(r.fatal ? "  refused  " : "  note     ") + std::string(name(r.code)) + "  " +
                     r.path + ": " + r.detail);
    }
    return result.first_fatal() == nullptr ? Exit::ok : Exit::refused;
  });
}

void add_explain(Program& program, CLI::App& policy) {
  auto& verb =
      program.verb("explain", "why a verdict came out so, reason by reason, with remedies",
                   "  seatls policy explain evidence.cmw --policy policy.toml --binder $B\n", &policy);
  auto o = std::make_shared<JudgeOptions>();
  add_judge_options(verb, *o);
  program.on(verb, [&program, o](const Console& console) {
    o->config = program.common().config;
    const auto judged = judge(*o);
    if (!judged) return console.fail(judged.error());
    if (console.json()) {
      auto node = result_node(judged->result);
      console.json_line(node.set("explanation", explain(judged->result)));
    } else {
      console.raw(explain(judged->result) + "\n");
    }
    return Exit::ok;
  });
}

}  // namespace

void add_policy(Program& program) {
  auto& verb = program.verb("policy", "policies: learn one, try one, explain a verdict",
                            "  seatls policy learn good.cmw -o policy.toml\n"
                            "  seatls policy test evidence.cmw --policy policy.toml --binder $B\n");
  verb.require_subcommand(1);
  add_learn(program, verb);
  add_test(program, verb);
  add_explain(program, verb);
}

}  // namespace seatls::cli
