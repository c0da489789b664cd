// The completion script and the manual are made from the command line itself, so that they are never out of
// date.
#include <sstream>

#include "cli/manual.h"
#include "cli/program.h"

namespace seatls::cli {
namespace {

constexpr const char* script_head =
    R"sh(# bash completion for seatls. Load it with:  source <(seatls completion bash)
_seatls() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path=seatls word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case "$path $word" in
)sh";

constexpr const char* script_tail = R"sh(  esac
  if [[ -z $words && $cur != -* ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
    return
  fi
  COMPREPLY=($(compgen -W "$words $options" -- "$cur"))
}
complete -F _seatls seatls
)sh";

struct Command {
  std::string path;
  const CLI::App* app;
};

void collect(const CLI::App& app, const std::string& path, std::vector<Command>& into) {
  into.push_back({path, &app});
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    collect(*sub, path + " " + sub->get_name(), into);
}

std::vector<std::string> flags_of(const CLI::Option& option) {
  std::vector<std::string> flags;
  for (const auto& s : option.get_snames()) flags.push_back("-" + s);
  for (const auto& l : option.get_lnames()) flags.push_back("--" + l);
  return flags;
}

std::string joined(const std::vector<std::string>& list, const char* separator) {
  std::string out;
  for (const auto& s : list) out += (out.empty() ? "" : separator) + s;
  return out;
}

// completer returns the shell code that completes the value of an option.
std::string completer(const CLI::Option& option) {
  const auto type = option.get_type_name();
  const std::string reply = "COMPREPLY=($(compgen ";
  if (type == "FILE") return "compopt -o filenames 2>/dev/null; " + reply + "-f -- \"$cur\"))";
  if (type == "DIR") return "compopt -o filenames 2>/dev/null; " + reply + "-d -- \"$cur\"))";
  if (const auto values = choices_of(option); !values.empty())
    return reply + "-W \"" + joined(values, " ") + "\" -- \"$cur\"))";
  return "COMPREPLY=()";
}

std::string bash_script(const CLI::App& root) {
  std::vector<Command> commands;
  collect(root, "seatls", commands);
  std::ostringstream out;
  out << script_head;
  for (const auto& c : commands)
    if (c.path != "seatls") out << "      '" << c.path << "') path=$path\\ $word ;;\n";
  out << "    esac\n  done\n  local words='' options=''\n  case \"$path $prev\" in\n";
  for (const auto& c : commands)
    for (const auto* option : c.app->get_options())
      if (!option->get_positional() && option->get_expected_max() != 0 && option->get_name() != "--help")
        for (const auto& flag : flags_of(*option))
          out << "    '" << c.path << ' ' << flag << "') " << completer(*option) << "; return ;;\n";
  out << "  esac\n  case $path in\n";
  for (const auto& c : commands) {
    std::vector<std::string> words;
    std::vector<std::string> flags;
    for (const auto* sub : c.app->get_subcommands([](const CLI::App*) { return true; }))
      words.push_back(sub->get_name());
    for (const auto* option : c.app->get_options()) {
      if (option->get_positional())
        for (const auto& w : choices_of(*option)) words.push_back(w);
      for (const auto& flag : flags_of(*option)) flags.push_back(flag);
    }
    out << "    '" << c.path << "') words='" << joined(words, " ") << "' options='" << joined(flags, " ")
        << "' ;;\n";
  }
  out << script_tail;
  return out.str();
}

}  // namespace

void add_completion(Program& program) {
  auto& verb = program.verb("completion", "print a script that completes the command line in a shell",
                            "  source <(seatls completion bash)\n"
                            "  seatls completion bash | sudo tee /etc/bash_completion.d/seatls\n");
  auto shell = std::make_shared<std::string>();
  choice(verb.add_option("shell", *shell, "the shell")->required(), "bash");
  program.on(verb, [&program, shell](const Console& console) {
    if (console.json())
      console.json_line(Node::object().set("shell", *shell).set("script", bash_script(program.app())));
    else
      console.raw(bash_script(program.app()));
    return Exit::ok;
  });

  auto& page = program.verb("manual", "print the manual as a man page",
                            "  seatls manual | man -l -\n"
                            "  seatls manual > seatls.1\n");
  program.on(page, [&program](const Console& console) {
    const auto text = manual(program.app());
    if (console.json())
      console.json_line(Node::object().set("format", "roff").set("page", text));
    else
      console.raw(text);
    return Exit::ok;
  });
}

}  // namespace seatls::cli
