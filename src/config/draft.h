// Draft: a configuration while it is being read. Each section has a function that fills its part and
// notes what is wrong.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "config/exec.h"
#include "config/proxy.h"
#include "config/service.h"
#include "config/text.h"
#include "config/toml_file.h"
#include "seatls/attesters.h"
#include "seatls/collateral.h"
#include "seatls/config_file.h"

namespace seatls::config {

struct Draft {
  Draft(const TomlFile& from, std::filesystem::path beside, Mistakes& into)
      : file(from), folder(std::move(beside)), mistakes(into) {}

  const TomlFile& file;
  std::filesystem::path folder;  // that relative names are looked for in
  Mistakes& mistakes;
  LoadedConfig out;
  std::string tik;           // TPM key of the end-entity certificate, as attesters take it; else empty
  std::optional<Spki> spki;  // of the end-entity certificate

  // add_danger notes a weakening, once.
  void add_danger(std::string danger) {
    auto& list = out.config.dangers;
    if (std::find(list.begin(), list.end(), danger) == list.end()) list.push_back(std::move(danger));
  }

  // wrong notes a mistake at the line of `key`.
  void wrong(std::string_view key, std::string what, std::string remedy, Code code = Code::configuration) {
    mistakes.add(file.line(key), std::string(key), std::move(what), std::move(remedy), code);
  }
  // wrong_file notes that the file that `key` names cannot be used.
  void wrong_file(std::string_view key, const Error& error, std::string remedy);
  // Between holds the limits of a duration, and how they are written.
  struct Between {
    std::chrono::milliseconds least, most;
    std::string_view text;
  };
  // duration returns what the key says; nothing where it is absent, or wrong, which is noted.
  [[nodiscard]] std::optional<std::chrono::milliseconds> duration(
      std::string_view key, const Between& limits,
      std::string_view remedy = "write a duration within these limits");
  // number likewise, of a whole number. Both limits may be reached.
  [[nodiscard]] std::optional<std::int64_t> number(
      std::string_view key, std::int64_t least, std::int64_t most,
      std::string_view remedy = "write a number within these limits");
  // check_url notes an address that is not fetched from: http, but to this machine or where the danger says
  // so.
  void check_url(std::string_view key, const std::string& url, bool plain_http, std::string_view danger);
  // address notes what is no ADDRESS:PORT, and keeps what is. A key that is absent leaves it as it was.
  void address(std::string_view key, std::string* into);
  // count reads a number without a sign likewise.
  void count(std::string_view key, std::int64_t least, std::int64_t most, std::uint32_t* into);
  // content reads the file that `key` names; nothing when that fails, which is noted.
  [[nodiscard]] std::optional<std::string> content(std::string_view key);
  [[nodiscard]] std::filesystem::path resolve(const std::string& name) const { return folder / name; }
};

void read_endpoint(Draft& draft, std::optional<Role> role);
// read_identity opens certificate, key and CA; the attester and TLS share the key.
void read_identity(Draft& draft);
// read_experimental comes before read_attest, which names the keK in evidence.
void read_experimental(Draft& draft);
void read_attest(Draft& draft);
void read_require(Draft& draft);
// read_collateral returns nothing where there is no [collateral].
[[nodiscard]] std::optional<CollateralOptions> read_collateral(Draft& draft);
// leaves_collateral_open says that the policy names "fetched" for Intel's collateral.
[[nodiscard]] bool leaves_collateral_open(const Policy& policy);
// read_service returns nothing where there is no [service].
[[nodiscard]] std::optional<ServiceSettings> read_service(Draft& draft);
// read_proxy reads [proxy], where there is one.
void read_proxy(Draft& draft, ProxySettings& into);
// read_sandbox reads whether a program that serves may go without one.
void read_sandbox(Draft& draft);
// check_file is check_config. [proxy] is left alone where `proxy` is null.
[[nodiscard]] ConfigReport check_file(const std::string& path, std::optional<Role> role,
                                      ProxySettings* proxy);
// error_of makes one error of them all.
[[nodiscard]] Error error_of(const std::vector<ConfigMistake>& mistakes, const std::string& path);
// read_pinned_keys reads the public keys in the files that `key` names (`of` is its short name): PEM keys,
// certificates, JWKs and sets of JWKs. What is wrong is noted.
[[nodiscard]] std::vector<Spki> read_pinned_keys(Draft& draft, std::string_view key, std::string_view of);
// read_ca reads the PEM file of who vouches for a web server; nothing without one, or for what is wrong,
// which is noted.
[[nodiscard]] std::string read_ca(Draft& draft, std::string_view key);
// read_trusted_verifier reads who the verifier of [verifier] is; nothing for what is wrong, which is noted.
[[nodiscard]] std::optional<TrustedVerifier> read_trusted_verifier(Draft& draft);
// read_result_rules reads what [verifier] demands of results.
void read_result_rules(Draft& draft, ResultPolicy& result);
// read_remote_verifier reads [verifier] with an url: a verifier that is asked. Nothing for what is wrong.
[[nodiscard]] std::shared_ptr<Verifier> read_remote_verifier(Draft& draft);
// read_exec reads [exec], and notes what under `seatls exec` cannot be.
[[nodiscard]] ExecSettings read_exec(Draft& draft);
// read_post reads what happens after the handshake; it comes last.
void read_post(Draft& draft);

// AttestTable is [attest], or [attest.parts.LABEL] of a compound: what one attester is made from.
struct AttestTable {
  Draft& d;
  std::string name;
  [[nodiscard]] std::string key(std::string_view k) const { return name + "." + std::string(k); }
  [[nodiscard]] bool has(std::string_view k) const { return d.file.has(key(k)); }
  [[nodiscard]] bool mentioned(std::string_view k) const { return d.file.mentioned(key(k)); }
  [[nodiscard]] std::string text(std::string_view k) const { return d.file.text(key(k)); }
  [[nodiscard]] std::optional<std::string> content(std::string_view k) const { return d.content(key(k)); }
  // The notes of what is wrong return no attester, for a reader to return.
  std::shared_ptr<Attester> wrong(std::string_view k, std::string what, std::string remedy) const {
    d.wrong(key(k), std::move(what), std::move(remedy));
    return nullptr;
  }
  std::shared_ptr<Attester> wrong_file(std::string_view k, const Error& error, std::string remedy) const {
    d.wrong_file(key(k), error, std::move(remedy));
    return nullptr;
  }
};
// Readers of the table for TEEs, and for those that are made up. They return nothing for what is wrong, which
// is noted.
[[nodiscard]] std::shared_ptr<Attester> read_configfs_tsm(const AttestTable& table);
[[nodiscard]] std::shared_ptr<Attester> read_simulated(const AttestTable& table);
// Readers of a passport: of a result in a file, and of one that a verifier is asked for.
[[nodiscard]] std::shared_ptr<Attester> read_passport(const AttestTable& table);
[[nodiscard]] std::shared_ptr<Attester> read_renewing_passport(const AttestTable& table,
                                                               std::shared_ptr<Attester> evidence);
[[nodiscard]] TpmAccess tpm_access(const TomlFile& file, const std::string& table = "attest");
// table_of_tpm2 returns the table whose attester is "tpm2": [attest], or that of a part; nothing without one.
[[nodiscard]] std::optional<std::string> table_of_tpm2(const TomlFile& file);

// load_section reads a section by itself, with one of the readers above: `missing` says what to write where
// it is not there. Errors: io, configuration.
template <class Settings>
[[nodiscard]] Result<Settings> load_section(const std::string& path, std::optional<Settings> (*read)(Draft&),
                                            std::string missing) {
  SEATLS_TRY(const auto text, read_text_file(path));
  Mistakes mistakes(path);
  const TomlFile file(text, path, mistakes);
  Draft draft(file, std::filesystem::path(path).parent_path(), mistakes);
  auto settings = read(draft);
  if (!mistakes.empty()) return Error{Code::configuration, mistakes.sorted().front().message(), path};
  if (!settings) return Error{Code::configuration, std::move(missing), path};
  return std::move(*settings);
}

// load_collateral_options reads [collateral] of a file, and nothing else that may be wrong. Errors: io,
// configuration.
[[nodiscard]] Result<CollateralOptions> load_collateral_options(const std::string& path);

}  // namespace seatls::config
