// Draft: a configuration while it is being read. Each section has a function that fills its part and
// notes what is wrong.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

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
// read_post reads what happens after the handshake; it comes last.
void read_post(Draft& draft);
// Readers of [attest] for TEEs, and for those that are made up.
void read_configfs_tsm(Draft& draft);
void read_simulated(Draft& draft);
[[nodiscard]] TpmAccess tpm_access(const TomlFile& file);

// load_collateral_options reads [collateral] of a file, and nothing else that may be wrong. Errors: io,
// configuration.
[[nodiscard]] Result<CollateralOptions> load_collateral_options(const std::string& path);

}  // namespace seatls::config
