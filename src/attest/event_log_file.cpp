#include "attest/event_log_file.h"

#include <fstream>

#include "tee/event_log.h"

namespace seatls::attest {
namespace {

constexpr std::size_t largest = 1 << 20;

}  // namespace

Result<Bytes> read_event_log_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  Bytes out(largest + 1);
  in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(in.gcount()));
  if (!in.is_open() || in.bad() || out.empty())
    return Error{Code::io, path + " cannot be read, or is empty; it may need root", "event log"};
  if (out.size() > largest) return Error{Code::io, path + " is larger than 1 MiB", "event log"};
  return out;
}

Result<Bytes> read_crypto_agile_log(const std::string& path) {
  SEATLS_TRY(Bytes log, read_event_log_file(path));
  const auto parsed = tee::parse_event_log(log);
  if (!parsed) return Error(parsed.error()).in(path);
  log.resize(parsed->size);
  return log;
}

}  // namespace seatls::attest
