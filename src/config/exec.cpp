#include "config/exec.h"

#include "config/draft.h"
#include "config/text.h"

namespace seatls::config {
namespace {

constexpr const char* use_proxy = "leave it out, or run `seatls proxy` beside the program";

// The program reads and writes by itself, in its own protocol: evidence has its place in the handshake alone.
void refuse_later(Draft& d) {
  const auto timing = d.file.text("require.timing");
  if (timing == "post" || timing == "hybrid")
    d.wrong("require.timing", "exec attests in the handshake alone, and timing is \"" + timing + "\"",
            "write timing = \"intra\", or run `seatls proxy` beside the program");
  if (d.file.text("endpoint.framing") == "seatls/1")
    d.wrong("endpoint.framing", "under exec the program's own protocol is on the wire, not seatls/1",
            use_proxy);
  if (d.file.has("require.reattest"))
    d.wrong("require.reattest",
            "exec cannot ask for evidence again: OpenSSL 3.0 has no way after the handshake", use_proxy);
  if (d.file.text("require.on_failure") == "restrict")
    d.wrong("require.on_failure", "exec cannot ask for evidence again, so there is nothing to restrict",
            use_proxy);
}

// The certificate is the program's, and its key one that the program can use.
void refuse_foreign_keys(Draft& d) {
  if (d.file.text("endpoint.certificate") == "ephemeral")
    d.wrong("endpoint.certificate", "under exec the program shows its own certificate, not one made here",
            "name the certificate and the key that the program's configuration names");
  constexpr const char* proxy = "run `seatls proxy` beside the program";
  if (const auto table = table_of_tpm2(d.file)) {
    d.wrong(*table + ".attester",
            "a TPM attests a key that it holds, and the program signs with a key of its own", proxy);
    return;
  }
  const auto key = d.file.text("endpoint.key");
  const auto content =
      key.empty() || key.starts_with("tpm:") ? std::optional(key) : d.content("endpoint.key");
  if (content && (content->starts_with("tpm:") || content->find("TSS2 PRIVATE KEY") != std::string::npos))
    d.wrong("endpoint.key", "the program signs with a key of its own, and this one is a TPM's", proxy);
}

}  // namespace

ExecSettings read_exec(Draft& d) {
  ExecSettings s;
  refuse_later(d);
  refuse_foreign_keys(d);
  if (d.file.has("exec.log")) s.log = d.resolve(d.file.text("exec.log"));
  if (d.file.has("exec.other_config")) s.other_config = d.resolve(d.file.text("exec.other_config"));
  s.danger_other_plain = d.file.text("exec.other_role") == "danger-plain";
  if (s.danger_other_plain && !s.other_config.empty())
    d.wrong("exec.other_role", "other_config says what the other role does", "leave one of them out");
  if (s.danger_other_plain) d.add_danger("exec_other_role_plain");
  s.loads_openssl_later = d.file.flag("exec.loads_openssl_later");
  return s;
}

Result<ExecSettings> load_exec(const std::string& path) {
  SEATLS_TRY(const auto text, read_text_file(path));
  Mistakes mistakes(path);
  const TomlFile file(text, path, mistakes);
  Draft draft(file, std::filesystem::path(path).parent_path(), mistakes);
  auto settings = read_exec(draft);
  if (mistakes.empty()) return settings;
  Error error{Code::configuration, {}, path};
  for (const auto& m : mistakes.sorted()) error.detail += (error.detail.empty() ? "" : "\n") + m.message();
  return error;
}

}  // namespace seatls::config
