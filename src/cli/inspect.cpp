// inspect: what is in some bytes. It never judges: nothing that it prints was verified.
#include "base/encoding.h"
#include "cli/files.h"
#include "cli/input_errors.h"
#include "cli/inspect_types.h"
#include "cli/program.h"

namespace seatls::cli {
namespace {

constexpr const char* examples =
    "  seatls inspect evidence.cmw\n"
    "  seatls inspect - --json < token.cwt | jq .claims\n"
    "  seatls inspect --type client-hello --hex - <<< 000e0100…      an extension body from a capture\n"
    "Nothing that is shown was verified: `seatls appraise` judges.\n";

constexpr std::size_t most = 1U << 20U;  // bytes

struct InspectOptions {
  std::string file;
  std::string type;
  bool hex = false;
};

Exit run(const Console& console, const InspectOptions& options) {
  auto data = read_input(options.file, most);
  if (!data) return console.fail(data.error());
  if (options.hex) {
    std::string digits;
    for (const auto c : *data)
      if (std::string_view(" \t\r\n:").find(static_cast<char>(c)) == std::string_view::npos)
        digits += static_cast<char>(c);
    auto decoded = base::from_hex(digits);
    if (!decoded) return console.fail(usage_error("the input is not hex: " + decoded.error().detail));
    data = std::move(decoded);
  }
  const auto type = options.type.empty() ? std::nullopt : std::optional(options.type);
  auto node = inspect_bytes(*data, type);
  if (!node)
    return fail_input(console, std::move(node).error().in(options.file == "-" ? "stdin" : options.file));
  console.result(*node);
  return Exit::ok;
}

}  // namespace

void add_inspect(Program& program) {
  auto& verb =
      program.verb("inspect", "what is in a credential, a token, a TPM structure; never judges", examples);
  auto o = std::make_shared<InspectOptions>();
  verb.add_option("FILE", o->file, "the file, or - for stdin")->type_name("FILE")->required();
  choice(verb.add_option("--type", o->type, "what it is (default: detected)"), inspect_type_names());
  verb.add_flag("--hex", o->hex, "the input is hex text");
  program.on(verb, [o](const Console& console) { return run(console, *o); });
}

}  // namespace seatls::cli
