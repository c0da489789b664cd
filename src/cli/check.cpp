// check: every mistake of a configuration or a policy, with its line and its remedy.
#include "cli/config_errors.h"
#include "cli/program.h"
#include "cli/session_report.h"
#include "config/text.h"
#include "seatls/policy.h"

namespace seatls::cli {
namespace {

constexpr const char* examples =
    "  seatls check server.toml\n"
    "  seatls check policy.toml\n"
    "  seatls check --json client.toml | jq .mistakes\n";

std::string requirement_text(const Config& config) {
  if (!config.require) return "nothing";
  switch (config.require->attestation) {
    case Requirement::required: return "attestation (required)";
    case Requirement::optional: return "attestation (optional)";
    case Requirement::off: return "no attestation";
  }
  return "";
}

Node::Array scheme_names(const std::vector<AttestationScheme>& schemes) {
  Node::Array list;
  for (const auto& s : schemes) list.emplace_back(scheme_label(s));
  return list;
}

Exit good(const Console& console, const std::string& path, const LoadedConfig& loaded) {
  Node node;
  node.set("file", path).set("ok", true);
  node.set("role", loaded.config.role == Role::server ? "server" : "client");
  node.set("shows", loaded.config.attester ? scheme_names(loaded.config.attester->schemes()) : Node::Array{});
  node.set("demands", requirement_text(loaded.config));
  if (loaded.config.require && loaded.config.require->verifier)
    node.set("appraises", scheme_names(loaded.config.require->verifier->schemes()));
  Node::Array dangers;
  for (const auto& d : loaded.config.dangers) dangers.emplace_back(d);
  node.set("dangers", std::move(dangers)).set("mistakes", Node::Array{});
  console.result(node);
  return Exit::ok;
}

bool is_policy(const std::string& path) {
  // A policy names schemes at its top, which no configuration does; a configuration has [endpoint].
  const auto text = config::read_text_file(path);
  return text && text->find("[endpoint]") == std::string::npos &&
         (text->starts_with("schemes") || text->find("\nschemes") != std::string::npos);
}

Exit check_policy(const Console& console, const std::string& path) {
  const auto report = check_policy_file(path);
  if (!report.policy) {
    std::vector<ConfigMistake> mistakes;
    for (const auto& m : report.mistakes)
      mistakes.push_back({m.file, m.line, m.key, m.what, m.remedy, m.code});
    return fail_with_mistakes(console, path, mistakes);
  }
  Node::Array schemes;
  for (const auto& s : report.policy->schemes) schemes.emplace_back(s);
  console.result(Node::object()
                     .set("file", path)
                     .set("ok", true)
                     .set("policy", report.policy->id)
                     .set("schemes", std::move(schemes))
                     .set("mistakes", Node::Array{}));
  return Exit::ok;
}

}  // namespace

void add_check(Program& program) {
  auto& verb =
      program.verb("check", "every mistake in a configuration or a policy, with line and remedy", examples);
  auto file = std::make_shared<std::string>();
  verb.add_option("FILE", *file, "the configuration or policy (or --config)")->type_name("FILE");
  program.on(verb, [&program, file](const Console& console) {
    const auto& path = file->empty() ? program.common().config : *file;
    if (path.empty()) return console.fail(usage_error("which file? seatls check FILE"));
    if (is_policy(path)) return check_policy(console, path);
    const auto report = check_config(path);
    return report.loaded ? good(console, path, *report.loaded)
                         : fail_with_mistakes(console, path, report.mistakes);
  });
}

}  // namespace seatls::cli
