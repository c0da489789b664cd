#include "fake/tsm_driver.h"

#include <algorithm>
#include <cerrno>

#include "attest/simulated/intel_platform.h"
#include "attest/simulated/snp_machine.h"
#include "crypto/hash.h"

namespace seatls::fake {

int Registers::extend(unsigned index, ByteView digest) {
  if (index != 2 && index != 3) return EACCES;
  if (digest.size() != size) return EINVAL;
  const std::scoped_lock lock(mutex_);
  Bytes both = values_[index];
  both.insert(both.end(), digest.begin(), digest.end());
  values_[index] = crypto::digest(Hash::sha384, both);
  return 0;
}

Bytes Registers::value(unsigned index) const {
  const std::scoped_lock lock(mutex_);
  return values_.at(index);
}

Result<TsmKernel::Driver> simulated_driver(SimulatedTee tee, const SimulatedPlatform& platform,
                                           std::shared_ptr<const Registers> registers) {
  using Blobs = TsmKernel::Blobs;
  if (tee == SimulatedTee::tdx) {
    SimulatedTdxOptions options;
    options.platform = platform;
    SEATLS_TRY(auto made, attest::simulated::IntelPlatform::make(options));
    const auto machine = std::make_shared<attest::simulated::IntelPlatform>(std::move(made));
    return TsmKernel::Driver{"tdx_guest",
                             [machine, registers](ByteView inblob, unsigned) {
                               if (inblob.size() != 64) return Blobs{EINVAL, {}, {}};
                               constexpr std::ptrdiff_t rtmr = 48 + 0x148;
                               const auto edit = [&](Bytes& quote) {
                                 for (unsigned i = 0; i < 4; ++i)
                                   std::ranges::copy(registers->value(i), quote.begin() + rtmr + 48 * i);
                               };
                               return Blobs{0, machine->quote(inblob, edit).value(), {}};
                             },
                             std::nullopt, false};
  }
  if (tee != SimulatedTee::sev_snp)
    return Error{Code::misuse, "Linux has no driver for " + std::string(name(tee)), "tsm"};
  SimulatedSnpOptions options;
  options.platform = platform;
  options.tcb = {.fmc = 0, .bootloader = 10, .tee = 0, .snp = 23, .microcode = 84};
  SEATLS_TRY(auto made, attest::simulated::SnpMachine::make(options));
  const auto machine = std::make_shared<attest::simulated::SnpMachine>(std::move(made));
  return TsmKernel::Driver{
      "sev_guest",
      [machine](ByteView inblob, unsigned privlevel) {
        if (inblob.size() != 64) return Blobs{EINVAL, {}, {}};
        constexpr std::size_t vmpl = 0x30;
        const auto edit = [&](Bytes& report) { report[vmpl] = static_cast<std::uint8_t>(privlevel); };
        return Blobs{0, machine->report(inblob, edit).value(), machine->certificate_table()};
      },
      0U, true};
}

}  // namespace seatls::fake
