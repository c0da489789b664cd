#include "cli/tpm_options.h"

#include "config/text.h"

namespace seatls::cli {

std::shared_ptr<TpmAccess> add_tpm_options(CLI::App& verb) {
  auto access = std::make_shared<TpmAccess>();
  verb.add_option("--tcti", access->tcti, "how the TPM is reached (default: " + access->tcti + ")")
      ->type_name("TCTI")
      ->envname("SEATLS_TCTI");
  return access;
}

Result<std::string> load_key_text(const std::string& file_or_handle) {
  if (file_or_handle.starts_with("tpm:")) return file_or_handle;
  return config::read_text_file(file_or_handle);
}

}  // namespace seatls::cli
