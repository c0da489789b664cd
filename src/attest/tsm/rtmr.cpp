// Runtime registers of a trust domain: Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest.
#include <cerrno>
#include <system_error>

#include "attest/tsm/attester.h"
#include "seatls/keys.h"

namespace seatls {
namespace attest::tsm {
namespace {

constexpr std::size_t register_size = size(Hash::sha384);
constexpr unsigned most_interruptions = 32;

Error misconfigured(std::string what, std::string_view option) {
  return {Code::configuration, std::move(what), "rtmr > " + std::string(option)};
}

Error refused(int error, const std::string& path) {
  const auto* const remedy =
      error == ENOENT ? "; this needs a trust domain, Linux 6.16 and its driver: modprobe tdx_guest"
      : error == EACCES || error == EPERM ? "; only root may extend a register"
                                          : "";
  return {Code::attester_unavailable, path + ": " + std::generic_category().message(error) + remedy, "rtmr"};
}

}  // namespace

Result<Bytes> extend_rtmr(KernelFiles& files, ByteView digest, const RtmrOptions& options) {
  if (options.index != 2 && options.index != 3)
    return misconfigured("is " + std::to_string(options.index) + "; 2 and 3 are the guest's own", "index");
  if (digest.size() != register_size)
    return misconfigured("has " + std::to_string(digest.size()) + " bytes; 48 are extended", "digest");
  const auto path = options.path + "/rtmr" + std::to_string(options.index) + ":sha384";
  int error = files.write(path, digest);
  // Interrupted before anything happened: the register is extended by the call that succeeds, once.
  for (unsigned i = 0; error == EINTR && i < most_interruptions; ++i) error = files.write(path, digest);
  if (error != 0) return refused(error, path);
  auto value = files.read(path, register_size);
  if (value.error != 0) return refused(value.error, path);
  if (value.content.size() != register_size)
    return Error{Code::attester_unavailable,
                 path + ": holds " + std::to_string(value.content.size()) + " bytes, and a register has 48",
                 "rtmr"};
  return std::move(value.content);
}

}  // namespace attest::tsm

Result<Bytes> extend_rtmr(ByteView digest, const RtmrOptions& options) {
  return attest::tsm::extend_rtmr(attest::tsm::KernelFiles::of_system(), digest, options);
}

}  // namespace seatls
