#include "cli/program.h"

#include <algorithm>
#include <csignal>
#include <exception>

#include "cli/log.h"
#include "config/schema.h"

namespace seatls::cli {
namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 ok, 1 refused by policy or peer, 2 usage or configuration, 3 unavailable (network, TPM,\n"
    "verifier), 4 internal. Every verb takes --json, --config, --log-level, -q and --help.\n"
    "Start here: seatls demo";

void add_common_options(CLI::App& app, CommonOptions& common) {
  const char* group = "Every verb";
  app.add_flag("--json", common.json, "one JSON object on stdout")->group(group);
  app.add_option("--config", common.config, "the configuration file")->type_name("FILE")->group(group);
  choice(app.add_option("--log-level", common.log_level, "how much is logged to stderr (default: warn)"),
         std::string(log_levels))
      ->group(group);
  app.add_flag("-q,--quiet", common.quiet, "say nothing but results and errors")->group(group);
}

}  // namespace

std::vector<std::string> split(std::string_view list, char separator) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const auto at = list.find(separator);
    parts.emplace_back(list.substr(0, at));
    list = at == std::string_view::npos ? std::string_view() : list.substr(at + 1);
  }
  return parts;
}

CLI::Option* choice(CLI::Option* option, const std::string& values) {
  return option->type_name("{" + values + "}")->check([values](const std::string& given) {
    const auto known = split(values, '|');
    if (std::find(known.begin(), known.end(), given) != known.end()) return std::string();
    const auto meant = config::closest(given, known);
    return "'" + given + "' is not one of: " + values +
           (meant.empty() ? "" : "; did you mean '" + meant + "'?");
  });
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  const auto type = option.get_type_name();
  if (type.size() < 2 || type.front() != '{') return {};
  return split(std::string_view(type).substr(1, type.size() - 2), '|');
}

Program::Program()
    : app_("Attested TLS 1.3: a peer proves what it runs, bound to this very connection.", "seatls") {
  app_.require_subcommand(1);
  app_.set_version_flag("--version", "seatls " SEATLS_VERSION);
  app_.set_help_flag("-h,--help", "this text");
  app_.footer(exit_codes);
  app_.get_formatter()->column_width(34);
  add_common_options(app_, common_);
}

CLI::App& Program::verb(const std::string& name, const std::string& summary, const std::string& examples,
                        CLI::App* parent) {
  auto* sub = (parent != nullptr ? parent : &app_)->add_subcommand(name, summary);
  sub->set_help_flag("-h,--help", "this text");
  sub->footer("Examples:\n" + examples);
  add_common_options(*sub, common_);
  return *sub;
}

Exit Program::parse_failed(const CLI::ParseError& error, int argc, char** argv) {
  // --json and -q may stand behind what could not be parsed.
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") common_.json = true;
  }
  const CLI::App* at = &app_;
  std::string path = "seatls";
  for (bool deeper = true; deeper;) {
    deeper = false;
    for (const auto* sub : at->get_subcommands()) {
      at = sub;
      path += " " + sub->get_name();
      deeper = true;
      break;
    }
  }
  std::string detail = error.what();
  std::vector<std::string> names;
  for (const auto* sub : at->get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  const auto rest = at->remaining();
  if (!rest.empty() && !names.empty()) {
    const auto meant = config::closest(rest.front(), names);
    detail =
        "there is no verb '" + rest.front() + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?");
  } else if (argc > 1 && at == &app_ && argv[1][0] != '-') {
    const auto meant = config::closest(argv[1], names);
    detail = "there is no verb '" + std::string(argv[1]) + "'" +
             (meant.empty() ? "" : "; did you mean '" + meant + "'?");
  }
  return Console(common_).fail(usage_error(detail + "\n'" + path + " --help' shows how it is meant"));
}

int Program::run(int argc, char** argv) {
  // A peer or a reader of stdout that has gone away shows up as an error of write(), not as a signal.
  (void)std::signal(SIGPIPE, SIG_IGN);
  if (argc <= 1) {
    Console(common_).note(app_.help());
    return static_cast<int>(Exit::usage);
  }
  try {
    app_.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app_.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(parse_failed(error, argc, argv));
  }
  const CLI::App* chosen = &app_;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  const auto found = runs_.find(chosen);
  const Console console(common_);
  if (found == runs_.end())
    return static_cast<int>(
        console.fail(usage_error("'" + chosen->get_name() + "' needs a verb of its own; see --help")));
  start_log(common_.quiet ? "error" : common_.log_level.empty() ? "warn" : common_.log_level);
  try {
    return static_cast<int>(found->second(console));
  } catch (const std::exception& e) {
    return static_cast<int>(console.fail({Code::internal, e.what(), {}}));
  }
}

}  // namespace seatls::cli
