// The options of verbs that talk to a TPM.
#pragma once

#include <memory>

#include "cli/program.h"
#include "seatls/attesters.h"

namespace seatls::cli {

// add_tpm_options adds --tcti; the environment variable SEATLS_TCTI stands in for it.
[[nodiscard]] std::shared_ptr<TpmAccess> add_tpm_options(CLI::App& verb);

// load_key_text returns what names a key: the file's content, or "tpm:0x81…" as it is.
[[nodiscard]] Result<std::string> load_key_text(const std::string& file_or_handle);

}  // namespace seatls::cli
