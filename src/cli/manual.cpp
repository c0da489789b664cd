#include "cli/manual.h"

#include <sstream>

namespace seatls::cli {
namespace {

// roff takes a dot or an apostrophe at the start of a line for a request, and a backslash for an escape.
std::string escaped(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    line_start = c == '\n';
  }
  return out;
}

std::string verbatim(const std::string& text) { return ".nf\n" + escaped(text) + "\n.fi\n"; }

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

bool is_common(const CLI::Option& option) { return option.get_group() == "Every verb"; }

void write_options(const CLI::App& app, bool common, std::ostringstream& out) {
  for (const auto* option : app.get_options()) {
    if (is_common(*option) != common || option->get_name() == "--help") continue;
    std::string line =
        option->get_positional() ? option->get_name(true, true) : option->get_name(false, true);
    if (!option->get_positional() && option->get_expected_max() != 0) line += " " + option->get_type_name();
    out << ".TP\n.B " << escaped(line) << "\n" << escaped(option->get_description()) << "\n";
  }
}

void write_verb(const CLI::App& app, const std::string& path, std::ostringstream& out) {
  out << ".SS " << escaped(path) << "\n" << escaped(app.get_description()) << "\n";
  write_options(app, false, out);
  if (const auto footer = app.get_footer(); !footer.empty()) out << ".PP\n" << verbatim(footer);
  for (const auto* verb : verbs_of(app)) write_verb(*verb, path + " " + verb->get_name(), out);
}

}  // namespace

std::string manual(const CLI::App& root) {
  std::ostringstream out;
  out << ".TH SEATLS 1 \"\" \"seatls " SEATLS_VERSION "\" \"User Commands\"\n"
      << ".SH NAME\nseatls \\- attested TLS 1.3\n"
      << ".SH SYNOPSIS\n.B seatls\n.I VERB\n[options]\n"
      << ".SH DESCRIPTION\n"
      << escaped(root.get_description()) << "\n.SH OPTIONS OF EVERY VERB\n";
  write_options(root, true, out);
  out << ".SH VERBS\n";
  for (const auto* verb : verbs_of(root)) write_verb(*verb, "seatls " + verb->get_name(), out);
  out << ".SH EXIT STATUS\n" << verbatim(root.get_footer());
  out << ".SH ENVIRONMENT\n.TP\n.B SEATLS_TCTI\nhow the TPM is reached, where \\-\\-tcti is not given\n";
  return out.str();
}

}  // namespace seatls::cli
