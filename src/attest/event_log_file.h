// Event logs in files, as the kernel shows them.
#pragma once

#include <string>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::attest {

// read_event_log_file reads a whole file that is not empty, of at most 1 MiB. Errors: io.
[[nodiscard]] Result<Bytes> read_event_log_file(const std::string& path);

// read_crypto_agile_log leaves out the padding: an area such as that of a CCEL is longer than its log.
// Errors: io, decode.
[[nodiscard]] Result<Bytes> read_crypto_agile_log(const std::string& path);

}  // namespace seatls::attest
